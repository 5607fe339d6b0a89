//go:build unix && !linux

package worker

import (
	"os/exec"
	"syscall"
)

// isolate puts the process into its own group, so that what it started dies
// with it.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}
