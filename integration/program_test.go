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
	folder   string  // its working directory
	page     string  // the address that it tells people to open
	database scratch // if it was started on one
	command  *exec.Cmd
	logged   chan string // its standard error, once it has ended

	log, kept string // what it has logged, and what its database keeps, once it has ended
}

// start runs a demo application with the configuration, "" being the embedded
// one, until the test ends. Its log must then hold no secret that the client
// has seen.
func start(t *testing.T, framework, configuration string, arguments ...string) *program {
	t.Helper()
	return startIn(t, "", framework, configuration, arguments...)
}

// startIn is start in a time zone, "" being that of the tests.
func startIn(t *testing.T, zone, framework, configuration string, arguments ...string) *program {
	t.Helper()
	folder := t.TempDir()
	arguments = append([]string{"-addr", "127.0.0.1:0"}, arguments...)
	if configuration != "" {
		file := filepath.Join(folder, "auth.hcl")
		if err := os.WriteFile(file, []byte(configuration), 0o600); err != nil {
			t.Fatal(err)
		}
		arguments = append(arguments, "-config", file)
	}
	command := exec.Command(filepath.Join(programs, framework), arguments...)
	command.Dir = folder
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
	p := &program{folder: folder, command: command, logged: make(chan string, 1)}
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

// startOn is start on a database of the test's choice.
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

// end tells the process to end, looks at its log and at what its database
// keeps, and returns the exit code. A process that has ended already had code 0.
func (p *program) end(t *testing.T) (code int) {
	t.Helper()
	if p.command.ProcessState != nil {
		return 0
	}
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	impatience := time.AfterFunc(patience, func() { _ = child.Kill(p.command) })
	defer impatience.Stop()
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

// kill ends the process at once.
func (p *program) kill(t *testing.T) {
	t.Helper()
	if err := child.Kill(p.command); err != nil {
		t.Error(err)
	}
	p.log = <-p.logged
	_ = p.command.Wait() // it was killed
	p.checkNoSecret(t, p.log)
}

// peakMemory returns the most memory that the process has had, in KiB, and 0
// where the system does not tell (proc(5)).
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

// runBriefly runs a demo application that is expected to end by itself.
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
