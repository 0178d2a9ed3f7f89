package integration_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// patience is how long anything may take before a test gives up.
const patience = 30 * time.Second

// program is a running demo application.
type program struct {
	*client
	folder   string  // its working directory
	page     string  // the address that it tells people to open
	database scratch // if it was started on one
	command  *exec.Cmd
	logged   chan string // its standard error, once it has ended
}

// start runs a demo application with the configuration, "" being the embedded
// one, until the test ends. Its log must then hold no secret that the client
// has seen.
func start(t *testing.T, framework, configuration string, arguments ...string) *program {
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
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
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

// end tells the process to end, looks at its log, and returns the exit code. A
// process that has ended already had code 0.
func (p *program) end(t *testing.T) (code int) {
	t.Helper()
	if p.command.ProcessState != nil {
		return 0
	}
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	impatience := time.AfterFunc(patience, func() { _ = p.command.Process.Kill() })
	defer impatience.Stop()
	log := <-p.logged
	code = exitCode(t, p.command.Wait())
	p.checkNoSecret(t, log)
	if code != 0 || t.Failed() {
		t.Logf("log of the program:\n%s", log)
	}
	return code
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
	return exitCode(t, command.Run()), text.String()
}

// secrets are tokens and cookies that belong in no log.
type secrets struct {
	mu   sync.Mutex
	seen []string
}

func (s *secrets) add(texts ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, texts...)
}

// checkNoSecret looks for every part of every token: a log that holds half of
// one is not better.
func (s *secrets) checkNoSecret(t *testing.T, log string) {
	t.Helper()
	for _, part := range s.leaks(log) {
		t.Errorf("the log holds a part of a secret: %s", part)
	}
}

func (s *secrets) leaks(log string) (parts []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	const short = 16 // shorter parts are no secrets
	for _, secret := range s.seen {
		for _, part := range strings.FieldsFunc(secret, func(c rune) bool { return c == '.' || c == ':' }) {
			if len(part) >= short && strings.Contains(log, part) {
				parts = append(parts, part)
			}
		}
	}
	return parts
}

func TestSecretsAreFoundInALog(t *testing.T) {
	t.Parallel()
	issuer := providertest.NewIssuer(t)
	p := start(t, "nethttp", configuration(issuer, ownSession))
	p.signIn(t, issuer, ada)
	for _, secret := range p.seen {
		half := secret[strings.LastIndexAny(secret, ".:")+1:]
		if leaks := p.leaks(`{"token":"` + half + `"}`); len(leaks) != 1 {
			t.Errorf("%s: found %q", half, leaks)
		}
	}
	if got, want := len(p.seen), 4; got != want {
		t.Errorf("%d secrets are known, want access, ID and refresh token and a cookie", got)
	}
}
