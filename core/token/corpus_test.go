package token_test

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
	"github.com/cotterpin/cotterpin/core/token"
)

var mintTo = flag.String("mint", "", "write the tokens of the corpus into this folder, for other verifiers")

// corpusNow is the moment at which the tokens of the corpus are verified.
const corpusNow = 1795345200

var orderP256 = elliptic.P256().Params().N

// corpusCase is one file of the corpus.
type corpusCase struct {
	fields map[string]string // id, expect, reason, why, and what else stands above the empty line
	recipe []string
}

func (c corpusCase) id() string { return c.fields["id"] }

// fieldsOfCases are what may stand above the empty line, with the values where
// a file is silent.
var fieldsOfCases = map[string]string{
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
		if _, known := fieldsOfCases[name]; !known || value == "" || c.fields[name] != "" {
			tb.Fatalf("%s: %q", file, line)
		}
		c.fields[name] = value
	}
	for name, silent := range fieldsOfCases {
		if c.fields[name] == "" {
			c.fields[name] = silent
		}
	}
	if c.fields["why"] == "" || (c.fields["reason"] == "") != (c.fields["expect"] == "ok") {
		tb.Fatalf("%s: why is said always, a reason where it is refused", file)
	}
	if body = strings.TrimSuffix(body, "\n"); body != "" {
		c.recipe = strings.Split(body, "\n")
	}
	return c
}

// mint returns the token of a case and the one that it was made of.
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

// corpusVerifiers returns the verifiers that the cases name.
func corpusVerifiers(tb testing.TB, keys map[string]any) map[string]*token.Verifier {
	tb.Helper()
	policy := token.Policy{
		Keys:          token.Static(published(tb, keys, "issuer", "k1", "ES256")),
		Issuer:        "https://issuer.example",
		Audience:      []string{"app"},
		Algorithms:    []string{"ES256"},
		KeyIDRequired: true,
		PlainHeader:   true,
		ClockSkew:     30 * time.Second,
		Now:           func() time.Time { return time.Unix(corpusNow, 0) },
		Check:         demandType("access"),
	}
	access := newVerifier(tb, policy)

	id := policy
	id.Check = demandType("id")

	list := policy
	list.Check, list.AudienceList, list.KeyIDRequired, list.PlainHeader = nil, true, false, false
	list.Audience = []string{"app", "app-2"}
	list.Algorithms = []string{"ES256", "ES384", "ES512", "RS256", "PS256", "EdDSA"}
	list.Keys = token.Static(
		published(tb, keys, "issuer", "k1", "ES256"),
		published(tb, keys, "p384", "p384", "ES384"),
		published(tb, keys, "p521", "p521", "ES512"),
		published(tb, keys, "rsa", "rsa", "RS256"),
		published(tb, keys, "rsa", "rsa", "PS256"),
		published(tb, keys, "ed25519", "ed25519", "EdDSA"),
	)

	other := policy
	other.Issuer = "https://other.example"
	other.Keys = token.Static(published(tb, keys, "other", "k1", "ES256"))

	return map[string]*token.Verifier{
		"access": access, "id": newVerifier(tb, id), "list": newVerifier(tb, list), "other": newVerifier(tb, other),
	}
}

// demandType is how an issuer that signs several kinds of token is verified.
func demandType(kind string) func(token.Claims) error {
	return func(c token.Claims) error {
		if got, _ := c.String("type"); got != kind {
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
				t.Fatal("the token is that of its base")
			}
			if size := c.fields["size"]; size != "" && len(raw) != number(t, size) {
				t.Errorf("it is %d bytes long, want %s", len(raw), size)
			}
			c.decide(t, v, raw)
		})
	}
}

func (c corpusCase) decide(t *testing.T, v *token.Verifier, raw string) {
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
	if told := claims.Subject != ""; told != (want == autherr.TokenExpired) {
		t.Errorf("claims told: %t", told)
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// No test runs beside this one: what it measures is the process's.
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
	call() // what is made once is not counted
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range calls {
		call()
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / calls
}

// casesOfTokens are the cases of the list of attacks that the text of a token
// decides.
var casesOfTokens = []string{
	"J01", "J02", "J03", "J04", "J06", "J08", "J09", "J10", "J11", "J12", "J14", "J15", "J17", "J18", "J19", "J20", "J21", "J22", "J23",
	"J25", "J26", "J27", "J28", "J29", "J30", "J31", "J32", "J33", "J34", "J35", "J36", "J37", "J40", "J45", "J46", "J47", "J48",
}

func TestCorpus_CoversAttacks(t *testing.T) {
	t.Parallel()
	var there []string
	for id := range readCorpus(t) {
		name, _, _ := strings.Cut(id, "-")
		there = append(there, name)
	}
	for _, name := range casesOfTokens {
		if !slices.Contains(there, name) {
			t.Errorf("there is no case %s", name)
		}
	}
}
