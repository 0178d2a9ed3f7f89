package integration_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
	"github.com/cotterpin/cotterpin/integration/child"
)

// patience is how long a test waits before it fails. It bounds no measured
// duration, so it is long enough for a slow machine.
const patience = 3 * time.Minute

// program is a running demo application.
type program struct {
	*client
	directory string  // working directory
	page      string  // the address that it prints
	database  scratch // if the test has chosen one
	command   *exec.Cmd
	logged    chan string // standard error, when it has ended

	log, kept string // its log and its rows, when it has ended
}

// start runs a demo application with a configuration, or the embedded one if it
// is "", until the test ends. Its log must then contain no secret of the
// client.
func start(t *testing.T, framework, configuration string, arguments ...string) *program {
	t.Helper()
	return startIn(t, "", framework, configuration, arguments...)
}

// startIn is start in a time zone, or in that of the tests if it is "".
func startIn(t *testing.T, zone, framework, configuration string, arguments ...string) *program {
	t.Helper()
	directory := t.TempDir()
	arguments = append([]string{"-addr", "127.0.0.1:0"}, arguments...)
	if configuration != "" {
		file := filepath.Join(directory, "auth.hcl")
		if err := os.WriteFile(file, []byte(configuration), 0o600); err != nil {
			t.Fatal(err)
		}
		arguments = append(arguments, "-config", file)
	}
	command := exec.Command(filepath.Join(programs, framework), arguments...)
	command.Dir = directory
	if zone != "" {
		command.Env = append(os.Environ(), "TZ="+zone)
	}
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(command); err != nil {
		t.Fatal(err)
	}
	p := &program{directory: directory, command: command, logged: make(chan string, 1)}
	lines := bufio.NewReader(stderr)
	p.client = &client{origin: lineAfter(t, lines, "listening on ")}
	p.page, _, _ = strings.Cut(lineAfter(t, lines, "open "), " ")
	go func() {
		rest, _ := io.ReadAll(lines)
		p.logged <- string(rest)
	}()
	t.Cleanup(func() {
		if code := p.end(t); code != 0 {
			t.Errorf("%s: exit code %d after SIGTERM", framework, code)
		}
	})
	return p
}

// startOn is start on a database of the test.
func startOn(t *testing.T, database scratch, framework string, issuer *providertest.Issuer, session string) *program {
	t.Helper()
	p := start(t, framework, configurationOn(database.block, issuer, session))
	p.database = database
	return p
}

// lineAfter returns the rest of the first line with that beginning.
func lineAfter(t *testing.T, lines *bufio.Reader, beginning string) string {
	t.Helper()
	var before strings.Builder
	for {
		line, err := lines.ReadString('\n')
		if rest, found := strings.CutPrefix(line, beginning); found && err == nil {
			return strings.TrimSuffix(rest, "\n")
		}
		before.WriteString(line)
		if err != nil {
			t.Fatalf("the program ended before it wrote %q:\n%s", beginning, &before)
		}
	}
}

// end ends the process with SIGTERM, checks its log and its rows, and returns
// the exit code, which is 0 if the process had already ended.
func (p *program) end(t *testing.T) (code int) {
	t.Helper()
	if p.command.ProcessState != nil {
		return 0
	}
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	kill := time.AfterFunc(patience, func() { _ = child.Kill(p.command) })
	defer kill.Stop()
	p.log = <-p.logged
	code = exitCode(t, p.command.Wait())
	checkLines(t, p.log)
	p.kept = p.database.dump(t)
	p.checkNoSecret(t, p.log)
	p.checkNoSecret(t, p.kept)
	written.add(p.log, p.kept)
	if code != 0 || t.Failed() {
		t.Logf("log of the program:\n%s", p.log)
	}
	return code
}

// kill kills the process.
func (p *program) kill(t *testing.T) {
	t.Helper()
	if err := child.Kill(p.command); err != nil {
		t.Error(err)
	}
	p.log = <-p.logged
	_ = p.command.Wait() // it was killed
	p.checkNoSecret(t, p.log)
}

// peakMemory returns the peak memory of the process in KiB, and 0 on systems
// without /proc.
func (p *program) peakMemory(t *testing.T) (kib int) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	if os.IsNotExist(err) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	_, peak, _ := strings.Cut(string(status), "VmHWM:")
	if _, err := fmt.Sscan(peak, &kib); err != nil {
		t.Fatal(err)
	}
	return kib
}

func exitCode(t *testing.T, err error) int {
	t.Helper()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	if err != nil {
		t.Error(err)
	}
	return 0
}

// runBriefly runs a demo application that is expected to exit.
func runBriefly(t *testing.T, framework string, arguments ...string) (code int, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, filepath.Join(programs, framework), arguments...)
	command.Dir = t.TempDir()
	var text strings.Builder
	command.Stderr = &text
	if err := child.Start(command); err != nil {
		t.Fatal(err)
	}
	return exitCode(t, command.Wait()), text.String()
}
