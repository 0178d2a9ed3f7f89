package integration_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/cotterpin/cotterpin/integration/child"
)

// buildCommand builds the command cotterpin once, and returns its path.
var buildCommand = sync.OnceValues(func() (string, error) {
	path := filepath.Join(programs, "cotterpin")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", path, "./core/cmd/cotterpin")
	build.Dir = ".."
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build of the command: %w\n%s", err, output)
	}
	return path, nil
})

// ran is the result of a run of the command.
type ran struct {
	code           int
	stdout, stderr string
}

// command returns a run of the command with a configuration, which is in a file
// auth.hcl of its working directory.
func command(t *testing.T, configuration string, arguments ...string) *exec.Cmd {
	t.Helper()
	path, err := buildCommand()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(path, arguments...)
	c.Dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(c.Dir, "auth.hcl"), []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

// runCommand runs the command to its end.
func runCommand(t *testing.T, configuration string, arguments ...string) ran {
	t.Helper()
	c := command(t, configuration, arguments...)
	var stdout, stderr strings.Builder
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := child.Start(c); err != nil {
		t.Fatal(err)
	}
	code := exitCode(t, c.Wait())
	written.add(stdout.String(), stderr.String())
	return ran{code, stdout.String(), stderr.String()}
}

// isKilled reports whether a process that was killed has not ended before.
func isKilled(t *testing.T, err error) bool {
	t.Helper()
	exit, ok := errors.AsType[*exec.ExitError](err)
	if err != nil && !ok {
		t.Fatal(err)
	}
	return ok && !exit.Exited()
}
