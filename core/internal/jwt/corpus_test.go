package jwt_test

import (
	"crypto/elliptic"
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/jwt"
	"github.com/cotterpin/cotterpin/core/token"
)

var mintTo = flag.String("mint", "", "write the tokens of the corpus into this directory, for other verifiers")

// corpusNow is the time at which the tokens of the corpus are verified.
const corpusNow = 1795345200

var orderP256 = elliptic.P256().Params().N

// corpusCase is one file of the corpus.
type corpusCase struct {
	fields map[string]string // of defaultFields
	recipe []string
}

func (c corpusCase) id() string { return c.fields["id"] }

// defaultFields are the fields of a file with their defaults.
var defaultFields = map[string]string{
	"id": "", "expect": "", "reason": "", "why": "", "base": "valid", "verifier": "access", "subject": "user-1", "size": "", "memory": "",
}

// readCorpus returns the cases by id.
func readCorpus(tb testing.TB) map[string]corpusCase {
	tb.Helper()
	files, err := filepath.Glob("testdata/corpus/*.txt")
	if err != nil || len(files) == 0 {
		tb.Fatalf("there is no corpus: %v", err)
	}
	cases := map[string]corpusCase{}
	for _, file := range files {
		c := readCase(tb, file)
		if c.id()+".txt" != filepath.Base(file) {
			tb.Fatalf("%s: the id is %q", file, c.id())
		}
		cases[c.id()] = c
	}
	return cases
}

func readCase(tb testing.TB, file string) corpusCase {
	tb.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	head, body, _ := strings.Cut(string(text), "\n\n")
	c := corpusCase{fields: map[string]string{}}
	for line := range strings.Lines(head) {
		name, value, _ := strings.Cut(strings.TrimRight(line, "\n"), ": ")
		if _, known := defaultFields[name]; !known || value == "" || c.fields[name] != "" {
			tb.Fatalf("%s: %q", file, line)
		}
		c.fields[name] = value
	}
	for name, value := range defaultFields {
		if c.fields[name] == "" {
			c.fields[name] = value
		}
	}
	if c.fields["why"] == "" || (c.fields["reason"] == "") != (c.fields["expect"] == "ok") {
		tb.Fatalf("%s: why is required, and a reason unless the token is accepted", file)
	}
	if body = strings.TrimSuffix(body, "\n"); body != "" {
		c.recipe = strings.Split(body, "\n")
	}
	return c
}

// mint returns the token of a case and the one that it is based on.
func (c corpusCase) mint(tb testing.TB, keys map[string]any, all map[string]corpusCase) (raw, base string) {
	tb.Helper()
	var r recipe
	r.follow(tb, all[c.fields["base"]].recipe)
	base = r.mint(tb, keys, "")
	if c.id() == c.fields["base"] {
		return base, base
	}
	r.follow(tb, c.recipe)
	return r.mint(tb, keys, base), base
}

// corpusVerifiers returns the verifiers of the cases by name.
func corpusVerifiers(tb testing.TB, keys map[string]any) map[string]*jwt.Verifier {
	tb.Helper()
	policy := jwt.Policy{
		Keys:          jwt.Static(published(tb, keys, "issuer", "k1", "ES256")),
		Issuer:        "https://issuer.example",
		Audience:      []string{"app"},
		Algorithms:    []string{"ES256"},
		KeyIDRequired: true,
		PlainHeader:   true,
		ClockSkew:     30 * time.Second,
		Now:           func() time.Time { return time.Unix(corpusNow, 0) },
		Check:         requireType("access"),
	}
	access := newVerifier(tb, policy)

	id := policy
	id.Check = requireType("id")

	list := policy
	list.Check, list.AudienceList, list.KeyIDRequired, list.PlainHeader = nil, true, false, false
	list.AuthorizedParty = true
	list.Audience = []string{"app", "app-2"}
	list.Algorithms = []string{"ES256", "ES384", "ES512", "RS256", "PS256", "EdDSA"}
	list.Keys = jwt.Static(
		published(tb, keys, "issuer", "k1", "ES256"),
		published(tb, keys, "p384", "p384", "ES384"),
		published(tb, keys, "p521", "p521", "ES512"),
		published(tb, keys, "rsa", "rsa", "RS256"),
		published(tb, keys, "rsa", "rsa", "PS256"),
		published(tb, keys, "ed25519", "ed25519", "EdDSA"),
	)

	other := policy
	other.Issuer = "https://other.example"
	other.Keys = jwt.Static(published(tb, keys, "other", "k1", "ES256"))

	return map[string]*jwt.Verifier{
		"access": access, "id": newVerifier(tb, id), "list": newVerifier(tb, list), "other": newVerifier(tb, other),
	}
}

// requireType checks the type of a token of an issuer with several types.
func requireType(want string) func(token.Claims) error {
	return func(c token.Claims) error {
		if got, _ := c.String("type"); got != want {
			return autherr.New(autherr.InvalidToken, "wrong_token_type")
		}
		return nil
	}
}

func TestCorpus_Results(t *testing.T) {
	t.Parallel()
	keys, all := readKeys(t), readCorpus(t)
	verifiers := corpusVerifiers(t, keys)
	for id, c := range all {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			v, ok := verifiers[c.fields["verifier"]]
			if !ok {
				t.Fatalf("there is no verifier %q", c.fields["verifier"])
			}
			raw, base := c.mint(t, keys, all)
			if *mintTo != "" {
				writeFile(t, filepath.Join(*mintTo, id+".jwt"), raw)
			}
			accept(t, v, base)
			if raw == base && id != c.fields["base"] {
				t.Fatal("the token is the same as that of its base")
			}
			if size := c.fields["size"]; size != "" && len(raw) != number(t, size) {
				t.Errorf("the token has %d bytes, want %s", len(raw), size)
			}
			c.verify(t, v, raw)
		})
	}
}

func (c corpusCase) verify(t *testing.T, v *jwt.Verifier, raw string) {
	t.Helper()
	claims, err := v.Verify(t.Context(), raw)
	if c.fields["expect"] == "ok" {
		if err != nil || claims.Subject != c.fields["subject"] {
			t.Errorf("got %q and %v, want %q", claims.Subject, err, c.fields["subject"])
		}
		return
	}
	want := autherr.Code(c.fields["expect"])
	if got := autherr.CodeOf(err); err == nil || got != want || autherr.ReasonOf(err) != c.fields["reason"] {
		t.Errorf("got %v, want %s (%s)", err, want, c.fields["reason"])
	}
	if returned := claims.Subject != ""; returned != (want == autherr.TokenExpired) {
		t.Errorf("claims are returned: %t", returned)
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// No test may run in parallel with this one, which measures the process.
func TestCorpus_MemoryLimits(t *testing.T) { //nolint:paralleltest // see above
	keys, all := readKeys(t), readCorpus(t)
	verifiers := corpusVerifiers(t, keys)
	bombs := 0
	for id, c := range all {
		limit, ok := strings.CutSuffix(c.fields["memory"], " KiB")
		if !ok {
			continue
		}
		bombs++
		raw, _ := c.mint(t, keys, all)
		v := verifiers[c.fields["verifier"]]
		used := allocated(func() { _, _ = v.Verify(t.Context(), raw) })
		if most := uint64(number(t, limit)) << 10; used > most {
			t.Errorf("%s: %d bytes were allocated, want at most %d", id, used, most)
		}
	}
	if bombs < 10 {
		t.Errorf("%d bombs, want 10 at least", bombs)
	}
}

// allocated returns how many bytes a call allocates.
func allocated(call func()) uint64 {
	const calls = 10
	call() // allocations of the first call are not counted
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range calls {
		call()
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / calls
}

// tokenAttacks are the ids of the attacks that a single token can show.
var tokenAttacks = []string{
	"J01", "J02", "J03", "J04", "J06", "J08", "J09", "J10", "J11", "J12", "J14", "J15", "J17", "J18", "J19", "J20", "J21", "J22", "J23",
	"J25", "J26", "J27", "J28", "J29", "J30", "J31", "J32", "J33", "J34", "J35", "J36", "J37", "J40", "J45", "J46", "J47", "J48",
}

func TestCorpus_CoversAttacks(t *testing.T) {
	t.Parallel()
	var covered []string
	for id := range readCorpus(t) {
		name, _, _ := strings.Cut(id, "-")
		covered = append(covered, name)
	}
	for _, name := range tokenAttacks {
		if !slices.Contains(covered, name) {
			t.Errorf("the corpus has no case of %s", name)
		}
	}
}
