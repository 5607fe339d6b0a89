package worker

import (
	"os/exec"
	"syscall"
)

// isolate puts the process into its own group, so that what it started dies
// with it, and asks the kernel to kill it when this process dies.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
