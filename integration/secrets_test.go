package integration_test

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// issued contains the tokens and cookies that any client of this run has
// received, and written the logs and tables of all programs. At the end of the
// run, the second must contain no part of the first.
var (
	issued  secrets
	written outputs
)

// secrets contains tokens and cookies that no log and no table may contain.
type secrets struct {
	mu   sync.Mutex
	seen []string
}

func (s *secrets) add(secrets ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, secrets...)
}

// checkNoSecret searches for every part of every token, since a log must not
// contain half of a token either.
func (s *secrets) checkNoSecret(t *testing.T, text string) {
	t.Helper()
	for _, part := range s.leaks(text) {
		t.Errorf("a part of a secret was written: %s", part)
	}
}

// leaks returns the parts of secrets of which text contains a chunk. Chunks are
// adjacent, so that any string twice as long contains one.
func (s *secrets) leaks(text string) (parts []string) {
	const chunk = 16 // shorter strings are not secret
	chunks := map[string]string{}
	for _, part := range s.parts() {
		for rest := part; len(rest) >= chunk; rest = rest[chunk:] {
			chunks[rest[:chunk]] = part
		}
	}
	for at := range max(0, len(text)-chunk+1) {
		if part := chunks[text[at:at+chunk]]; part != "" && !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	return parts
}

// parts returns the parts of secrets between dots and colons.
func (s *secrets) parts() (all []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, secret := range s.seen {
		all = append(all, strings.FieldsFunc(secret, func(c rune) bool { return c == '.' || c == ':' })...)
	}
	return all
}

// outputs collects output of many goroutines.
type outputs struct {
	mu  sync.Mutex
	all strings.Builder
}

func (w *outputs) add(some ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, text := range some {
		w.all.WriteString(text)
		w.all.WriteByte('\n')
	}
}

func (w *outputs) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.all.String()
}

// checkLines checks that each line of a log is one event, so that clients
// cannot inject lines.
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
			t.Errorf("a line of the log is not an event: %q", line)
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
		t.Errorf("%d secrets are recorded, want access, ID and refresh token and a cookie", got)
	}
	if leaks := issued.leaks(p.seen[0]); len(leaks) == 0 {
		t.Error("the secrets of a client are not searched for at the end of the run")
	}
}
