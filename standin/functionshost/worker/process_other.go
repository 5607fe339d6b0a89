//go:build !unix

package worker

import "os/exec"

// isolate does nothing: there are no process groups to speak of.
func isolate(*exec.Cmd) {}

// killGroup ends the process. An error means that it is gone already.
func killGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
