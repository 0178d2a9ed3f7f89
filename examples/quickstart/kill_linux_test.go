package main

import (
	"os/exec"
	"syscall"
)

// killWithParent makes the kernel kill the child when the test process ends.
func killWithParent(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
