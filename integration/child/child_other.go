//go:build !linux

package child

import "syscall"

func killWithParent(*syscall.SysProcAttr) {}

// ExitWithGo does nothing on this system.
func ExitWithGo() {}
