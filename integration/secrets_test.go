package integration_test

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// issued are the tokens and cookies that any client of this run has seen, and
// written is what any program has left behind: its log and its tables. When the
// run ends, the one is looked for in the other.
var (
	issued  secrets
	written texts
)

// secrets are tokens and cookies that belong in no log and no table.
type secrets struct {
	mu   sync.Mutex
	seen []string
}

func (s *secrets) add(secrets ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, secrets...)
}

// checkNoSecret looks for every part of every token: a log that holds half of
// one is not better.
func (s *secrets) checkNoSecret(t *testing.T, text string) {
	t.Helper()
	for _, part := range s.leaks(text) {
		t.Errorf("a part of a secret was written: %s", part)
	}
}

// leaks returns the parts of secrets of which a text holds a piece. Pieces lie
// side by side, so that nothing twice as long as one gets by.
func (s *secrets) leaks(text string) (parts []string) {
	const piece = 16 // what is shorter is no secret
	pieces := map[string]string{}
	for _, part := range s.parts() {
		for rest := part; len(rest) >= piece; rest = rest[piece:] {
			pieces[rest[:piece]] = part
		}
	}
	for at := range max(0, len(text)-piece+1) {
		if part := pieces[text[at:at+piece]]; part != "" && !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	return parts
}

// parts are what the dots and colons of secrets part.
func (s *secrets) parts() (all []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, secret := range s.seen {
		all = append(all, strings.FieldsFunc(secret, func(c rune) bool { return c == '.' || c == ':' })...)
	}
	return all
}

// texts are collected by many goroutines.
type texts struct {
	mu  sync.Mutex
	all strings.Builder
}

func (w *texts) add(some ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, text := range some {
		w.all.WriteString(text)
		w.all.WriteByte('\n')
	}
}

func (w *texts) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.all.String()
}

// checkLines sees that each line of a program's log is one event: whatever
// clients send, they write no lines of their own.
func checkLines(t *testing.T, log string) {
	t.Helper()
	for line := range strings.Lines(log) {
		var event struct {
			Time    string `json:"time"`
			Level   string `json:"level"`
			Message string `json:"msg"`
		}
		err := json.Unmarshal([]byte(line), &event)
		if err != nil || event.Time == "" || event.Level == "" || event.Message == "" || strings.ContainsRune(line, '\x1b') {
			t.Errorf("the log has a line that is no event: %q", line)
		}
	}
}

func TestSecrets_Found(t *testing.T) {
	t.Parallel()
	issuer := providertest.NewIssuer(t)
	p := start(t, "nethttp", configuration(issuer, ownSession))
	p.signIn(t, issuer, ada)
	for _, secret := range p.seen {
		half := secret[strings.LastIndexAny(secret, ".:")+1:]
		for _, text := range []string{half, half[:31], half[5:36]} {
			if leaks := p.leaks(`{"token":"` + text + `"}`); !slices.Equal(leaks, []string{half}) {
				t.Errorf("%s: found %q", text, leaks)
			}
		}
	}
	if got, want := len(p.seen), 4; got != want {
		t.Errorf("%d secrets are known, want access, ID and refresh token and a cookie", got)
	}
	if leaks := issued.leaks(p.seen[0]); len(leaks) == 0 {
		t.Error("what one client has seen is not looked for at the end of the run")
	}
}
