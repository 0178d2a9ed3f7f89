// Package child starts processes that end with the process that started them,
// also when that is killed.
//
// That takes Linux. Elsewhere a child ends when its caller kills it.
package child

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// Start starts the command in a process group of its own.
// The kernel kills the child when this process exits. Children of the child,
// which the kernel does not kill, must notice that themselves.
func Start(command *exec.Cmd) error {
	if command.SysProcAttr == nil {
		command.SysProcAttr = &syscall.SysProcAttr{}
	}
	command.SysProcAttr.Setpgid = true
	killWithParent(command.SysProcAttr)
	failed := make(chan error)
	starter() <- func() { failed <- command.Start() }
	return <-failed
}

// starter returns a queue for functions that run on one OS thread. The thread
// lives as long as the process: the kernel kills a child when the thread that
// started it exits, see PR_SET_PDEATHSIG(2const).
var starter = sync.OnceValue(func() chan<- func() {
	queue := make(chan func())
	go func() {
		runtime.LockOSThread()
		for start := range queue {
			start()
		}
	}()
	return queue
})

// Kill kills the process group of a command that was started by [Start].
func Kill(command *exec.Cmd) error {
	return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) //nolint:wrapcheck // the caller names the command
}
