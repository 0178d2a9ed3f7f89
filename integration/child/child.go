// Package child starts processes that the kernel kills when this process exits
// or is killed.
//
// That requires Linux. On other systems a child runs until its caller kills it.
package child

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// Start starts the command in a separate process group. The kernel kills the
// child when this process exits; children of the child must detect that
// themselves.
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

// starter returns a queue for functions that run on one OS thread, which is
// never terminated: the kernel kills a child when the thread that started it
// exits (PR_SET_PDEATHSIG(2const)).
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
