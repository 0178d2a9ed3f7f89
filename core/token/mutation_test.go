package token_test

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

var updateMutations = flag.Bool("update-mutations", false, "write today's verdicts about the mutations into testdata/mutations.sha256")

// mutations is how many changed tokens are tried. Each is the same in every run.
const mutations = 100_000

// Every mutation is refused, and each for the same reason as ever: the file
// holds the digest of all reasons. Where a change of it is meant,
// -update-mutations writes it anew.
func TestVerifier_RejectsMutations(t *testing.T) {
	t.Parallel()
	const file = "testdata/mutations.sha256"
	keys, all := readKeys(t), readCorpus(t)
	v := corpusVerifiers(t, keys)["access"]
	m := newMutator(t, keys, all)
	accept(t, v, m.good)

	verdicts := sha256.New()
	tally := map[string]int{}
	for n := range mutations {
		raw, how := m.next(t)
		_, err := v.Verify(t.Context(), raw)
		if autherr.CodeOf(err) != autherr.InvalidToken {
			t.Fatalf("mutation %d (%s): %v\n%q", n, how, err, raw)
		}
		fmt.Fprintln(verdicts, n, autherr.ReasonOf(err))
		tally[how+": "+autherr.ReasonOf(err)]++
	}
	got := fmt.Sprintf("%d %s\n", mutations, hex.EncodeToString(verdicts.Sum(nil)))
	if *updateMutations {
		writeFile(t, file, got)
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the verdicts are other ones than before: %swant %s%v", got, want, tally)
	}
	t.Log(tally)
}

// mutator changes a good token at random, but the same way in every run.
type mutator struct {
	random  *rand.Rand
	keys    map[string]any
	recipe  []string
	good    string
	another string // a good token that says something else
}

func newMutator(tb testing.TB, keys map[string]any, all map[string]corpusCase) *mutator {
	tb.Helper()
	m := &mutator{random: rand.New(rand.NewPCG(4, 100_000)), keys: keys, recipe: all["valid"].recipe}
	m.good = m.mint(tb)
	m.another = m.mint(tb, `set claims.sub "user-2"`)
	return m
}

func (m *mutator) mint(tb testing.TB, edits ...string) string {
	tb.Helper()
	var r recipe
	r.follow(tb, m.recipe)
	r.follow(tb, edits)
	return r.mint(tb, m.keys, m.good)
}

// next returns a token that is not the good one, and how it was made.
func (m *mutator) next(tb testing.TB) (raw, how string) {
	tb.Helper()
	for raw == "" || raw == m.good || raw == m.another {
		kind := kinds[m.random.IntN(len(kinds))]
		raw, how = kind.mutate(m, tb), kind.name
	}
	return raw, how
}

// kinds are weighted by what they cost: a mutation that leaves the form of a
// token alone is refused by its signature only, which takes the longest.
var kinds = []struct {
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
	{"base64", (*mutator).misspelt},
	{"decoded byte", (*mutator).decodedByte},
	{"JSON, old signature", (*mutator).edited},
	{"JSON, foreign key", (*mutator).resigned},
}

func (m *mutator) at() int { return m.random.IntN(len(m.good)) }

func (m *mutator) flipped(testing.TB) string {
	text := []byte(m.good)
	text[m.at()] ^= 1 << m.random.IntN(8)
	return string(text)
}

func (m *mutator) replaced(testing.TB) string {
	text := []byte(m.good)
	text[m.at()] = byte(m.random.IntN(256))
	return string(text)
}

func (m *mutator) cut(testing.TB) string {
	if m.random.IntN(2) == 0 {
		return m.good[m.at():]
	}
	return m.good[:1+m.at()]
}

func (m *mutator) removed(testing.TB) string {
	from := m.at()
	to := min(len(m.good), from+1+m.random.IntN(8))
	return m.good[:from] + m.good[to:]
}

func (m *mutator) inserted(testing.TB) string {
	const telling = "..==++//--__\r\n\t \x00AAzz{}\"%&"
	at := m.at()
	return m.good[:at] + string(telling[m.random.IntN(len(telling))]) + m.good[at:]
}

func (m *mutator) repeated(testing.TB) string {
	from := m.at()
	to := min(len(m.good), from+1+m.random.IntN(64))
	return m.good[:to] + strings.Repeat(m.good[from:to], 1+m.random.IntN(40)) + m.good[to:]
}

// folded changes the case of a letter, which is another letter of base64url.
func (m *mutator) folded(testing.TB) string {
	text := []byte(m.good)
	if at := m.at(); text[at] >= 'A' && text[at] <= 'z' {
		text[at] ^= 0x20
	}
	return string(text)
}

func (m *mutator) rearranged(testing.TB) string {
	segments := strings.Split(m.good, ".")
	some := make([]string, 1+m.random.IntN(5))
	for i := range some {
		some[i] = segments[m.random.IntN(len(segments))]
	}
	return strings.Join(some, ".")
}

// spliced takes each segment of one good token or another.
func (m *mutator) spliced(testing.TB) string {
	one, two := strings.Split(m.good, "."), strings.Split(m.another, ".")
	for i := range one {
		if m.random.IntN(2) == 0 {
			one[i] = two[i]
		}
	}
	return strings.Join(one, ".")
}

// misspelt writes a segment as base64url is not written, or in another way.
func (m *mutator) misspelt(tb testing.TB) string {
	tb.Helper()
	segments := strings.Split(m.good, ".")
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
	segments := strings.Split(m.good, ".")
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

// edit is a step of a recipe.
func (m *mutator) edit() string {
	words := []string{"set", "append", "prepend"}
	places := []string{
		"header.alg", "header.kid", "header.typ", "header.crit", "header.jwk", "header.x",
		"claims.iss", "claims.aud", "claims.sub", "claims.exp", "claims.iat", "claims.nbf", "claims.type", "claims.SUB",
	}
	values := []string{
		`"none"`, `"ES256"`, `"HS256"`, `"k1"`, `"k2"`, `"JWT"`, `"at+jwt"`, `"https://issuer.example"`, `"app"`, `"user-2"`, `"access"`, `"id"`, `""`,
		`null`, `true`, `0`, `-1`, `1e300`, `${now}`, `${now-31}`, `${now+31}`, `["app"]`, `[]`, `{}`, `"\ud800"`, `"${bytes ff}"`, `"${bytes 00}"`, `"${repeat 300 x}"`,
	}
	pick := func(from []string) string { return from[m.random.IntN(len(from))] }
	return pick(words) + " " + pick(places) + " " + pick(values)
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
		t.Error("they are not")
	}
}
