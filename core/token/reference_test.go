package token_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"unicode/utf8"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/token"
)

// reference decides about a token as the verifier "access" of the corpus does,
// slowly, in the order of the standards, and with nothing but the standard
// library.
type reference struct{ key *ecdsa.PublicKey }

var (
	compactForm = regexp.MustCompile(`\A([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\z`)
	subjectForm = regexp.MustCompile(`\A[!-~]([ -~]{0,253}[!-~])?\z`)
	secondsForm = regexp.MustCompile(`\A[1-9][0-9]{0,11}\z`)
)

// takes reports whether the token is good, and whether it has only expired.
func (r reference) takes(raw string) (good, expired bool) {
	form := compactForm.FindStringSubmatch(raw)
	if form == nil || len(raw) > 8192 {
		return false, false
	}
	var parts [3][]byte
	for i := range parts {
		var err error
		parts[i], err = base64.RawURLEncoding.DecodeString(form[i+1])
		if err != nil || base64.RawURLEncoding.EncodeToString(parts[i]) != form[i+1] {
			return false, false
		}
	}
	header, ok := readStrictly(parts[0])
	if !ok || !headerTaken(header) {
		return false, false
	}
	claims, ok := readStrictly(parts[1])
	if !ok || !r.signed(form[1]+"."+form[2], parts[2]) {
		return false, false
	}
	return claimsTaken(claims)
}

func headerTaken(header map[string]any) bool {
	for name := range header {
		if name != "alg" && name != "kid" && name != "typ" {
			return false
		}
	}
	typ, present := header["typ"]
	word, _ := typ.(string)
	return header["alg"] == "ES256" && header["kid"] == "k1" && (!present || regexp.MustCompile(`\A(?:[Jj][Ww][Tt])\z`).MatchString(word))
}

func (r reference) signed(text string, signature []byte) bool {
	if len(signature) != 64 {
		return false
	}
	digest := sha256.Sum256([]byte(text))
	return ecdsa.Verify(r.key, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
}

func claimsTaken(claims map[string]any) (good, expired bool) {
	sub, _ := claims["sub"].(string)
	if claims["iss"] != "https://issuer.example" || claims["aud"] != "app" || claims["type"] != "access" || !subjectForm.MatchString(sub) {
		return false, false
	}
	exp, expOK := seconds(claims["exp"])
	iat, iatOK := seconds(claims["iat"])
	nbf, nbfOK := seconds(claims["nbf"])
	if _, present := claims["nbf"]; !present {
		nbf, nbfOK = 0, true
	}
	if !expOK || !iatOK || !nbfOK || iat > corpusNow+30 || nbf > corpusNow+30 {
		return false, false
	}
	return exp >= corpusNow-30, exp < corpusNow-30
}

func seconds(claim any) (int64, bool) {
	number, ok := claim.(json.Number)
	if !ok || !secondsForm.MatchString(number.String()) {
		return 0, false
	}
	n, err := strconv.ParseInt(number.String(), 10, 64)
	return n, err == nil && n < 253402300800
}

// readStrictly reads an object with encoding/json and refuses what that passes
// over: bytes that are not UTF-8, lone surrogates, names that are there twice,
// and more than 32 levels.
func readStrictly(text []byte) (map[string]any, bool) {
	if !utf8.Valid(text) || hasLoneSurrogate(string(text)) {
		return nil, false
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	value, err := readValue(decoder, 0)
	object, ok := value.(map[string]any)
	if err != nil || !ok {
		return nil, false
	}
	_, err = decoder.Token()
	return object, errors.Is(err, io.EOF)
}

var errNotStrict = errors.New("not strict")

func readValue(decoder *json.Decoder, depth int) (any, error) {
	next, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch next {
	case json.Delim('{'):
		object := map[string]any{}
		for decoder.More() {
			name, err := decoder.Token()
			if err != nil {
				return nil, err
			}
			value, err := readValue(decoder, depth+1)
			if _, twice := object[name.(string)]; err != nil || twice {
				return nil, errors.Join(err, errNotStrict)
			}
			object[name.(string)] = value
		}
		next, err = decoder.Token()
		return object, endOf(next, err, depth)
	case json.Delim('['):
		list := []any{}
		for decoder.More() {
			value, err := readValue(decoder, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		next, err = decoder.Token()
		return list, endOf(next, err, depth)
	}
	return next, nil
}

func endOf(bracket json.Token, err error, depth int) error {
	_, ends := bracket.(json.Delim)
	if err == nil && (!ends || depth >= 32) {
		return errNotStrict
	}
	return err
}

// escapeForm finds what a backslash begins. Outside of strings there is none in
// JSON.
var escapeForm = regexp.MustCompile(`\\(?:u([0-9A-Fa-f]{4})|.)`)

func hasLoneSurrogate(text string) bool {
	high := -1 // where an escape ended that gave the first half of a pair
	for _, at := range escapeForm.FindAllStringSubmatchIndex(text, -1) {
		unit := uint64(0)
		if at[2] >= 0 {
			unit, _ = strconv.ParseUint(text[at[2]:at[3]], 16, 16)
		}
		isLow := 0xDC00 <= unit && unit < 0xE000
		if (high >= 0) != isLow || isLow && high != at[0] {
			return true
		}
		high = -1
		if 0xD800 <= unit && unit < 0xDC00 {
			high = at[1]
		}
	}
	return high >= 0
}

// agrees demands that verifier and reference say the same, and returns what.
func (r reference) agrees(t *testing.T, v *token.Verifier, raw string) (good bool) {
	t.Helper()
	claims, err := v.Verify(t.Context(), raw)
	good, expired := r.takes(raw)
	code := autherr.CodeOf(err)
	if good != (err == nil) || expired != (err != nil && code == autherr.TokenExpired) {
		t.Fatalf("%q: the verifier says %v, the reference %t, expired %t", raw, err, good, expired)
	}
	if !good && !expired && (code != autherr.InvalidToken || claims.Subject != "") {
		t.Fatalf("%q: %v, and claims of %q", raw, err, claims.Subject)
	}
	return good
}

func TestReference_MatchesCorpus(t *testing.T) {
	t.Parallel()
	keys, all := readKeys(t), readCorpus(t)
	r := reference{publicOf(t, keys, "issuer").(*ecdsa.PublicKey)}
	for id, c := range all {
		if c.fields["verifier"] != "access" {
			continue
		}
		raw, _ := c.mint(t, keys, all)
		good, expired := r.takes(raw)
		if good != (c.fields["expect"] == "ok") || expired != (c.fields["expect"] == "token_expired") {
			t.Errorf("%s: good %t, expired %t", id, good, expired)
		}
	}
}

// Whatever header and claims are signed, and whatever byte is changed after
// that, verifier and reference agree, and nothing changed is taken.
func FuzzReference_SignedTokens(f *testing.F) {
	keys, all := readKeys(f), readCorpus(f)
	v, r := corpusVerifiers(f, keys)["access"], reference{publicOf(f, keys, "issuer").(*ecdsa.PublicKey)}
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if c := all[id]; c.fields["verifier"] == "access" && c.fields["memory"] == "" {
			header, claims := c.texts(f, keys, all)
			f.Add(header, claims, uint16(0), byte(1))
		}
	}
	f.Fuzz(func(t *testing.T, header, claims []byte, at uint16, change byte) {
		signed := encode(string(header)) + "." + encode(string(claims))
		raw := signed + "." + encode(string(sign(t, keys, []string{"ES256", "issuer"}, signed)))
		if !r.agrees(t, v, raw) || change == 0 {
			return
		}
		changed := []byte(raw)
		changed[int(at)%len(raw)] ^= change
		if r.agrees(t, v, string(changed)) {
			t.Fatalf("%q is taken, changed at byte %d", changed, int(at)%len(raw))
		}
	})
}

func FuzzReference_Tokens(f *testing.F) {
	keys, all := readKeys(f), readCorpus(f)
	v, r := corpusVerifiers(f, keys)["access"], reference{publicOf(f, keys, "issuer").(*ecdsa.PublicKey)}
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if raw, _ := all[id].mint(f, keys, all); len(raw) < 16<<10 {
			f.Add(raw)
		}
	}
	f.Fuzz(func(t *testing.T, raw string) {
		r.agrees(t, v, raw)
		_, _, ok := token.Peek(raw)
		if form := compactForm.MatchString(raw); ok && !form {
			t.Fatalf("%q is looked into", raw)
		}
	})
}

// texts returns the header and the claims of a case.
func (c corpusCase) texts(tb testing.TB, keys map[string]any, all map[string]corpusCase) (header, claims []byte) {
	tb.Helper()
	var r recipe
	r.follow(tb, all[c.fields["base"]].recipe)
	if c.id() != c.fields["base"] {
		r.follow(tb, c.recipe)
	}
	fill := func(s section) []byte { return []byte(placeholders(tb, keys, s.written(), nil)) }
	return fill(r.header), fill(r.claims)
}

func TestReference_FindsLoneSurrogates(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`\u0041`: false, `\ud83d\ude00`: false, `\\ud800`: false, `\"\ud83d\ude00`: false,
		`\ud800`: true, `\udc00`: true, `\ud800\ud800`: true, `\udc00\ud800`: true, `\ud800x\udc00`: true, `\ud800\n`: true, `\\\ud800`: true,
	} {
		if got := hasLoneSurrogate(text); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
}
