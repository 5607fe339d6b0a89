//go:build unix

package worker

import (
	"os/exec"
	"syscall"
)

// killGroup sends SIGKILL to the process group. An error means that it is gone
// already.
func killGroup(cmd *exec.Cmd) {
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
}
