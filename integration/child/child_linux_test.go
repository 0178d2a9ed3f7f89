package child_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/integration/child"
)

// helper is set in the environment of the test binary that TestExitWithGo
// starts.
const helper = "COTTERPIN_TEST_HELPER"

// TestExitWithGo has a shell named go start this test binary, and kills the
// shell.
func TestExitWithGo(t *testing.T) {
	if os.Getenv(helper) != "" {
		child.ExitWithGo()
		fmt.Fprintln(os.Stderr, "ready")
		<-time.After(time.Hour)
	}
	t.Parallel()
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	named := filepath.Join(t.TempDir(), "go")
	if err := os.Symlink(shell, named); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), named, "-c", `"$0" -test.run='^TestExitWithGo$' & wait`, os.Args[0])
	command.Env = append(os.Environ(), helper+"=1")
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	command.Stderr = writer
	if err := child.Start(command); err != nil {
		t.Fatal(err)
	}
	defer child.Kill(command)
	writer.Close()
	lines := bufio.NewReader(reader)
	if line, err := lines.ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("got %q (error %v)", line, err)
	}
	if err := command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := reader.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(lines); err != nil { // it ends when no process has the pipe
		t.Errorf("the test binary is still running: %v\n%s", err, rest)
	}
}
