package integration_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/cotterpin/cotterpin/integration/child"
)

// nodeProject returns a copy of testdata/NAME in which npm has installed exactly
// the packages of its package-lock.json. Tests share it and must not change it. The
// test is skipped if node or npm is missing, or if npm cannot install the packages;
// with REQUIRE_NODE it fails.
func nodeProject(t *testing.T, name string) (directory string) {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			withoutNode(t, program+" is not in PATH")
		}
	}
	directory = filepath.Join(programs, "npm", name)
	install, _ := nodeProjects.LoadOrStore(name, sync.OnceValue(func() error { return installNodeProject(name, directory) }))
	if err := install.(func() error)(); err != nil {
		withoutNode(t, "testdata/"+name+": "+err.Error())
	}
	return directory
}

// nodeProjects contains the functions that install the projects, by name.
var nodeProjects sync.Map

func installNodeProject(name, directory string) error {
	if err := os.CopyFS(directory, os.DirFS(filepath.Join("testdata", name))); err != nil {
		return err
	}
	arguments := []string{"ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"}
	if output, err := runIn(context.Background(), directory, "npm", arguments...); err != nil {
		return fmt.Errorf("npm ci: %w\n%s", err, output)
	}
	return nil
}

// withoutNode ends a test that cannot run without the packages of npm.
func withoutNode(t *testing.T, reason string) {
	t.Helper()
	if os.Getenv("REQUIRE_NODE") != "" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

// runIn runs a program in a directory and returns what it writes to standard
// output and, if it fails, to standard error.
func runIn(ctx context.Context, directory, program string, arguments ...string) (output string, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	command := exec.CommandContext(ctx, program, arguments...)
	command.Dir = directory
	command.Cancel = func() error { return child.Kill(command) }
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := child.Start(command); err != nil {
		return "", err
	}
	if err := command.Wait(); err != nil {
		return stdout.String() + stderr.String(), errors.Join(err, ctx.Err())
	}
	return stdout.String(), nil
}
