package jwt_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/autherr"
)

var updateMutations = flag.Bool("update-mutations", false, "write the current results of the mutations into testdata/mutations.sha256")

// mutations is the number of changed tokens. They are the same in every run.
const mutations = 100_000

// Every mutation is rejected, and for the same reason as before: the file
// contains the digest of all reasons. -update-mutations rewrites it after an
// intended change.
func TestVerifier_RejectsMutations(t *testing.T) {
	t.Parallel()
	const file = "testdata/mutations.sha256"
	keys, all := readKeys(t), readCorpus(t)
	v := corpusVerifiers(t, keys)["access"]
	m := newMutator(t, keys, all)
	accept(t, v, m.valid)

	reasons := sha256.New()
	tally := map[string]int{}
	for n := range mutations {
		raw, how := m.next(t)
		_, err := v.Verify(t.Context(), raw)
		if autherr.CodeOf(err) != autherr.InvalidToken {
			t.Fatalf("mutation %d (%s): %v\n%q", n, how, err, raw)
		}
		fmt.Fprintln(reasons, n, autherr.ReasonOf(err))
		tally[how+": "+autherr.ReasonOf(err)]++
	}
	got := fmt.Sprintf("%d %s\n", mutations, hex.EncodeToString(reasons.Sum(nil)))
	if *updateMutations {
		writeFile(t, file, got)
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the reasons have changed: %swant %s%v", got, want, tally)
	}
	t.Log(tally)
}

// mutator changes a valid token at random, with a fixed seed.
type mutator struct {
	random  *rand.Rand
	keys    map[string]any
	recipe  []string
	valid   string
	another string // a valid token with other claims
}

func newMutator(tb testing.TB, keys map[string]any, all map[string]corpusCase) *mutator {
	tb.Helper()
	m := &mutator{random: rand.New(rand.NewPCG(4, 100_000)), keys: keys, recipe: all["valid"].recipe}
	m.valid = m.mint(tb)
	m.another = m.mint(tb, `set claims.sub "user-2"`)
	return m
}

func (m *mutator) mint(tb testing.TB, edits ...string) string {
	tb.Helper()
	var r recipe
	r.follow(tb, m.recipe)
	r.follow(tb, edits)
	return r.mint(tb, m.keys, m.valid)
}

// next returns a changed token and the name of its mutation.
func (m *mutator) next(tb testing.TB) (raw, how string) {
	tb.Helper()
	for raw == "" || raw == m.valid || raw == m.another {
		mutation := mutators[m.random.IntN(len(mutators))]
		raw, how = mutation.mutate(m, tb), mutation.name
	}
	return raw, how
}

// mutators lists the mutations. Few keep the form of a token, because these cost
// most: only the signature is invalid.
var mutators = []struct {
	name   string
	mutate func(*mutator, testing.TB) string
}{
	{"bit", (*mutator).flipped},
	{"byte", (*mutator).replaced},
	{"cut", (*mutator).cut},
	{"removed", (*mutator).removed},
	{"inserted", (*mutator).inserted},
	{"repeated", (*mutator).repeated},
	{"case", (*mutator).folded},
	{"segments", (*mutator).rearranged},
	{"spliced", (*mutator).spliced},
	{"base64", (*mutator).misencoded},
	{"decoded byte", (*mutator).decodedByte},
	{"JSON, old signature", (*mutator).edited},
	{"JSON, foreign key", (*mutator).resigned},
}

func (m *mutator) at() int { return m.random.IntN(len(m.valid)) }

func (m *mutator) flipped(testing.TB) string {
	text := []byte(m.valid)
	text[m.at()] ^= 1 << m.random.IntN(8)
	return string(text)
}

func (m *mutator) replaced(testing.TB) string {
	text := []byte(m.valid)
	text[m.at()] = byte(m.random.IntN(256))
	return string(text)
}

func (m *mutator) cut(testing.TB) string {
	if m.random.IntN(2) == 0 {
		return m.valid[m.at():]
	}
	return m.valid[:1+m.at()]
}

func (m *mutator) removed(testing.TB) string {
	from := m.at()
	to := min(len(m.valid), from+1+m.random.IntN(8))
	return m.valid[:from] + m.valid[to:]
}

func (m *mutator) inserted(testing.TB) string {
	const special = "..==++//--__\r\n\t \x00AAzz{}\"%&"
	at := m.at()
	return m.valid[:at] + string(special[m.random.IntN(len(special))]) + m.valid[at:]
}

func (m *mutator) repeated(testing.TB) string {
	from := m.at()
	to := min(len(m.valid), from+1+m.random.IntN(64))
	return m.valid[:to] + strings.Repeat(m.valid[from:to], 1+m.random.IntN(40)) + m.valid[to:]
}

// folded changes the case of a letter, which has a meaning in base64url.
func (m *mutator) folded(testing.TB) string {
	text := []byte(m.valid)
	if at := m.at(); text[at] >= 'A' && text[at] <= 'z' {
		text[at] ^= 0x20
	}
	return string(text)
}

func (m *mutator) rearranged(testing.TB) string {
	segments := strings.Split(m.valid, ".")
	some := make([]string, 1+m.random.IntN(5))
	for i := range some {
		some[i] = segments[m.random.IntN(len(segments))]
	}
	return strings.Join(some, ".")
}

// spliced chooses each segment from one of two valid tokens.
func (m *mutator) spliced(testing.TB) string {
	one, two := strings.Split(m.valid, "."), strings.Split(m.another, ".")
	for i := range one {
		if m.random.IntN(2) == 0 {
			one[i] = two[i]
		}
	}
	return strings.Join(one, ".")
}

// misencoded encodes a segment in another way than base64url.
func (m *mutator) misencoded(tb testing.TB) string {
	tb.Helper()
	segments := strings.Split(m.valid, ".")
	i := m.random.IntN(len(segments))
	raw := decode(tb, segments[i])
	switch m.random.IntN(5) {
	case 0:
		segments[i] = base64.URLEncoding.EncodeToString([]byte(raw)) + "="
	case 1:
		segments[i] = base64.StdEncoding.EncodeToString([]byte(raw + "??~"))
	case 2:
		segments[i] = segment(tb, "broken", []byte(raw))
	case 3:
		segments[i] = hex.EncodeToString([]byte(raw))
	default:
		segments[i] = segments[i][:len(segments[i])-1] + "_"
	}
	return strings.Join(segments, ".")
}

// decodedByte changes a byte of the header, the claims or the signature.
func (m *mutator) decodedByte(tb testing.TB) string {
	tb.Helper()
	segments := strings.Split(m.valid, ".")
	i := m.random.IntN(len(segments))
	raw := []byte(decode(tb, segments[i]))
	raw[m.random.IntN(len(raw))] = byte(m.random.IntN(256))
	segments[i] = encode(string(raw))
	return strings.Join(segments, ".")
}

func (m *mutator) edited(tb testing.TB) string {
	tb.Helper()
	return m.mint(tb, m.edit(), "signature of-base")
}

func (m *mutator) resigned(tb testing.TB) string {
	tb.Helper()
	return m.mint(tb, m.edit(), "sign ES256 foreign")
}

// edit returns a step of a recipe.
func (m *mutator) edit() string {
	words := []string{"set", "append", "prepend"}
	targets := []string{
		"header.alg", "header.kid", "header.typ", "header.crit", "header.jwk", "header.x",
		"claims.iss", "claims.aud", "claims.sub", "claims.exp", "claims.iat", "claims.nbf", "claims.type", "claims.SUB",
	}
	values := []string{
		`"none"`, `"ES256"`, `"HS256"`, `"k1"`, `"k2"`, `"JWT"`, `"at+jwt"`, `"https://issuer.example"`, `"app"`, `"user-2"`, `"access"`, `"id"`, `""`,
		`null`, `true`, `0`, `-1`, `1e300`, `${now}`, `${now-31}`, `${now+31}`, `["app"]`, `[]`, `{}`, `"\ud800"`, `"${bytes ff}"`, `"${bytes 00}"`, `"${repeat 300 x}"`,
	}
	pick := func(from []string) string { return from[m.random.IntN(len(from))] }
	return pick(words) + " " + pick(targets) + " " + pick(values)
}

func TestMutator_IsDeterministic(t *testing.T) {
	t.Parallel()
	keys, all := readKeys(t), readCorpus(t)
	var runs [2][]string
	for i := range runs {
		m := newMutator(t, keys, all)
		for range 1000 {
			raw, _ := m.next(t)
			runs[i] = append(runs[i], raw)
		}
	}
	if !slices.Equal(runs[0], runs[1]) {
		t.Error("two runs differ")
	}
}
