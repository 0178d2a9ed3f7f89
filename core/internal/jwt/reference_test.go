package jwt_test

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
	"github.com/cotterpin/cotterpin/core/internal/jwt"
)

// reference is a slow implementation of the verifier "access" of the corpus, in
// the order of the standards, with the standard library alone.
type reference struct{ key *ecdsa.PublicKey }

var (
	compactForm = regexp.MustCompile(`\A([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\z`)
	subjectForm = regexp.MustCompile(`\A[!-~]([ -~]{0,253}[!-~])?\z`)
	expensive   = regexp.MustCompile(`[eE][+-]?0*[1-9][0-9]{4}`) // exponents beyond the length of a token
)

// verify reports whether the token is valid, or expired without another fault.
func (r reference) verify(raw string) (valid, expired bool) {
	form := compactForm.FindStringSubmatch(raw)
	if form == nil || len(raw) > maxSize {
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
	header, ok := parseStrictly(parts[0])
	if !ok || !acceptsHeader(header) {
		return false, false
	}
	claims, ok := parseStrictly(parts[1])
	if !ok || !r.signed(form[1]+"."+form[2], parts[2]) {
		return false, false
	}
	return acceptsClaims(claims)
}

func acceptsHeader(header map[string]any) bool {
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

func acceptsClaims(claims map[string]any) (valid, expired bool) {
	sub, _ := claims["sub"].(string)
	if claims["iss"] != "https://issuer.example" || claims["aud"] != "app" || claims["type"] != "access" || !subjectForm.MatchString(sub) {
		return false, false
	}
	exp, iat, nbf := seconds(claims["exp"]), seconds(claims["iat"]), seconds(claims["nbf"])
	if _, present := claims["nbf"]; !present {
		nbf = iat
	}
	latest := big.NewRat(corpusNow+30, 1)
	if exp == nil || iat == nil || nbf == nil || nbf.Cmp(latest) > 0 || iat.Cmp(big.NewRat(corpusNow+31, 1)) >= 0 {
		return false, false
	}
	expired = exp.Cmp(big.NewRat(corpusNow-30, 1)) < 0
	return !expired, expired
}

// seconds returns the exact number of seconds since 1970, nil if it is not the
// time of a token.
func seconds(claim any) *big.Rat {
	number, ok := claim.(json.Number)
	if !ok || expensive.MatchString(number.String()) {
		return nil
	}
	n, ok := new(big.Rat).SetString(number.String())
	if !ok || n.Cmp(big.NewRat(1, 1)) < 0 || n.Cmp(big.NewRat(253402300800, 1)) >= 0 {
		return nil
	}
	return n
}

// parseStrictly parses an object with encoding/json and rejects what that
// accepts: invalid UTF-8, lone surrogates, duplicate names, and more than 32
// levels.
func parseStrictly(text []byte) (map[string]any, bool) {
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

// escapeForm finds escapes. JSON has no backslash outside of strings.
var escapeForm = regexp.MustCompile(`\\(?:u([0-9A-Fa-f]{4})|.)`)

func hasLoneSurrogate(text string) bool {
	high := -1 // the end of an escape for the first half of a pair
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

// agrees requires that verifier and reference agree, and returns the result.
func (r reference) agrees(t *testing.T, v *jwt.Verifier, raw string) (valid bool) {
	t.Helper()
	claims, err := v.Verify(t.Context(), raw)
	valid, expired := r.verify(raw)
	code := autherr.CodeOf(err)
	if valid != (err == nil) || expired != (err != nil && code == autherr.TokenExpired) {
		t.Fatalf("%q: the verifier returns %v, the reference %t, expired %t", raw, err, valid, expired)
	}
	if !valid && !expired && (code != autherr.InvalidToken || claims.Subject != "") {
		t.Fatalf("%q: %v, and claims of %q", raw, err, claims.Subject)
	}
	return valid
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
		valid, expired := r.verify(raw)
		if valid != (c.fields["expect"] == "ok") || expired != (c.fields["expect"] == "token_expired") {
			t.Errorf("%s: valid %t, expired %t", id, valid, expired)
		}
	}
}

// For any signed header and claims, verifier and reference agree, and with any
// byte changed, no token is accepted.
func FuzzReference_SignedTokens(f *testing.F) {
	keys, all := readKeys(f), readCorpus(f)
	v, r := corpusVerifiers(f, keys)["access"], reference{publicOf(f, keys, "issuer").(*ecdsa.PublicKey)}
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if c := all[id]; c.fields["verifier"] == "access" && c.fields["memory"] == "" {
			header, claims := c.segments(f, keys, all)
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
			t.Fatalf("%q is accepted, changed at byte %d", changed, int(at)%len(raw))
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
		_, ok := jwt.Peek(raw)
		if form := compactForm.MatchString(raw); ok && !form {
			t.Fatalf("Peek accepts %q", raw)
		}
	})
}

// segments returns the header and the claims of a case.
func (c corpusCase) segments(tb testing.TB, keys map[string]any, all map[string]corpusCase) (header, claims []byte) {
	tb.Helper()
	var r recipe
	r.follow(tb, all[c.fields["base"]].recipe)
	if c.id() != c.fields["base"] {
		r.follow(tb, c.recipe)
	}
	fill := func(s section) []byte { return []byte(placeholders(tb, keys, s.json(), nil)) }
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
