//go:build !linux

package main

import "os/exec"

// killWithParent does nothing: only Linux supports it.
func killWithParent(*exec.Cmd) {}
