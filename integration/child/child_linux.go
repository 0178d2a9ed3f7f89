package child

import (
	"bytes"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func killWithParent(attributes *syscall.SysProcAttr) { attributes.Pdeathsig = syscall.SIGKILL }

// ExitWithGo exits this process when the go command that started it is killed.
// It does nothing in a process that another program has started.
func ExitWithGo() {
	parent := os.Getppid()
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", parent))
	if err != nil || !bytes.Equal(bytes.TrimSpace(name), []byte("go")) {
		return
	}
	descriptor, err := unix.PidfdOpen(parent, 0)
	if err != nil {
		return // Linux before 5.3
	}
	go func() {
		parents := []unix.PollFd{{Fd: int32(descriptor), Events: unix.POLLIN}} //nolint:gosec // a file descriptor
		for {
			if _, err := unix.Poll(parents, -1); err != unix.EINTR {
				os.Exit(1)
			}
		}
	}()
}
