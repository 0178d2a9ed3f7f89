package jwt

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/internal/signer"
	"github.com/cotterpin/cotterpin/core/internal/strictjson"
	"github.com/cotterpin/cotterpin/core/token"
)

func newKeyPair(tb testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func marshal(tb testing.TB, v any) string {
	tb.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// with returns an entry with members changed or, if nil, removed.
func with(entry, changes map[string]any) map[string]any {
	changed := maps.Clone(entry)
	maps.Copy(changed, changes)
	maps.DeleteFunc(changed, func(_ string, value any) bool { return value == nil })
	return changed
}

func rsaJWK(n *big.Int, e []byte) map[string]any {
	return map[string]any{"kty": "RSA", "kid": "r1", "n": base64url.EncodeToString(n.Bytes()), "e": base64url.EncodeToString(e)}
}

// fixed returns the public key of k.
func fixed(tb testing.TB, k *signer.Key) token.Key {
	tb.Helper()
	key, err := token.NewKey(k.ID, k.Algorithm, k.Public())
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// The causes of [token.NewKey], by text.
var (
	errAlgorithm = errors.New("unknown algorithm")
	errUnfitType = errors.New("key type does not fit the algorithm")
	errCurve     = errors.New("curve does not fit the algorithm")
	errPoint     = errors.New("point is not on the curve")
	errModulus   = errors.New("RSA modulus is not an odd number of 2048 to 8192 bits")
	errExponent  = errors.New("RSA exponent is not an odd number of 2 to 31 bits")
)

func TestParseJWKS_SkipsUnusableEntries(t *testing.T) { // K04 to K09
	t.Parallel()
	valid := signer.NewES256("valid").JWK()
	ec := signer.NewES256("k1").JWK()
	p384 := newKeyPair(t, elliptic.P384())
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	validRSA := rsaJWK(rsaKey.N, []byte{1, 0, 1})
	validEd := map[string]any{"kty": "OKP", "crv": "Ed25519", "kid": "e1", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
	odd := func(bits uint) *big.Int { // an odd number
		n := new(big.Int).Lsh(big.NewInt(1), bits-1)
		return n.SetBit(n, 0, 1)
	}
	text := func(entry map[string]any, name string) string { s, _ := entry[name].(string); return s }

	// The entries that the others are based on are valid.
	for _, entry := range []any{ec, validRSA, validEd, with(ec, map[string]any{"use": nil, "alg": nil, "kid": nil, "key_ops": []string{"verify"}, "x5c": 1, "new": true})} {
		set, err := parseJWKS([]byte(`{"keys":[` + marshal(t, entry) + `]}`))
		if err != nil || len(set.skipped) != 0 {
			t.Fatalf("%v: %v, skipped %v", entry, err, set.skipped)
		}
	}

	for name, c := range map[string]struct {
		entry any
		cause error
	}{
		"null":                          {nil, errMalformedKey},
		"a string":                      {"key", errMalformedKey},
		"a list":                        {[]any{ec}, errMalformedKey},
		"an empty object":               {map[string]any{}, errKeyType},
		"an invented type":              {with(ec, map[string]any{"kty": "XX"}), errKeyType},
		"a type of the future":          {map[string]any{"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA"}, errKeyType},
		"a type in another letter case": {with(ec, map[string]any{"kty": "ec"}), errKeyType},
		"a type that is a number":       {with(ec, map[string]any{"kty": 1}), errKeyType},
		"a member twice":                {json.RawMessage(`{"kty":"EC","kty":"EC"}`), errMalformedKey},
		"a secret":                      {map[string]any{"kty": "oct", "kid": "k1", "alg": "HS256", "k": "AAAA"}, errPrivate},
		"a private EC key":              {with(ec, map[string]any{"d": strings.Repeat("A", 43)}), errPrivate},
		"a private RSA key":             {with(validRSA, map[string]any{"d": "AAAA"}), errPrivate},
		"an empty private part":         {with(ec, map[string]any{"d": ""}), errPrivate},
		"use enc":                       {with(ec, map[string]any{"use": "enc"}), errNotForSigning},
		"use no string":                 {with(ec, map[string]any{"use": []string{"sig"}}), errNotForSigning},
		"key_ops without verify":        {with(ec, map[string]any{"key_ops": []string{"sign", "encrypt"}}), errNotForSigning},
		"key_ops empty":                 {with(ec, map[string]any{"key_ops": []string{}}), errNotForSigning},
		"key_ops a string":              {with(ec, map[string]any{"key_ops": "verify"}), errNotForSigning},
		"kid a number":                  {with(ec, map[string]any{"kid": 1}), errKeyID},
		"kid empty":                     {with(ec, map[string]any{"kid": ""}), errKeyID},
		"kid not ASCII":                 {with(ec, map[string]any{"kid": "é"}), errKeyID},
		"kid long":                      {with(ec, map[string]any{"kid": strings.Repeat("k", 256)}), errKeyID},
		"alg none":                      {with(ec, map[string]any{"alg": "none"}), errAlgorithm},
		"alg HS256":                     {with(ec, map[string]any{"alg": "HS256"}), errAlgorithm},
		"alg for encryption":            {with(validRSA, map[string]any{"alg": "RSA-OAEP"}), errAlgorithm},
		"alg a number":                  {with(ec, map[string]any{"alg": 1}), errAlgorithm},
		"alg of another curve":          {with(ec, map[string]any{"alg": "ES384"}), errCurve},
		"alg of P-521":                  {with(ec, map[string]any{"alg": "ES512"}), errCurve},
		"alg of another type":           {with(ec, map[string]any{"alg": "RS256"}), errUnfitType},
		"RSA with alg of a curve":       {with(validRSA, map[string]any{"alg": "ES256"}), errUnfitType},
		"Ed25519 with alg of a curve":   {with(validEd, map[string]any{"alg": "ES256"}), errUnfitType},
		"a P-384 key with alg ES256":    {map[string]any{"kty": "EC", "crv": "P-384", "alg": "ES256", "x": base64url.EncodeToString(p384.X.FillBytes(make([]byte, 48))), "y": base64url.EncodeToString(p384.Y.FillBytes(make([]byte, 48)))}, errCurve},
		"an unknown curve":              {with(ec, map[string]any{"crv": "P-257"}), errMalformedKey},
		"secp256k1":                     {with(ec, map[string]any{"crv": "secp256k1", "alg": nil}), errMalformedKey},
		"no curve":                      {with(ec, map[string]any{"crv": nil}), errMalformedKey},
		"no y":                          {with(ec, map[string]any{"y": nil}), errMalformedKey},
		"x a number":                    {with(ec, map[string]any{"x": 1}), errMalformedKey},
		"x no base64":                   {with(ec, map[string]any{"x": strings.Repeat("*", 43)}), errMalformedKey},
		"x and y swapped":               {with(ec, map[string]any{"x": ec["y"], "y": ec["x"]}), errPoint},
		"a point off the curve":         {with(ec, map[string]any{"y": ec["x"]}), errPoint},
		"the point at zero":             {with(ec, map[string]any{"x": strings.Repeat("A", 43), "y": strings.Repeat("A", 43)}), errPoint},
		"31 bytes of x":                 {with(ec, map[string]any{"x": text(ec, "x")[:42]}), errMalformedKey},
		"33 bytes of x":                 {with(ec, map[string]any{"x": "A" + text(ec, "x")}), errMalformedKey},
		"x padded":                      {with(ec, map[string]any{"x": text(ec, "x") + "="}), errMalformedKey},
		"X25519":                        {with(validEd, map[string]any{"crv": "X25519", "alg": "EdDSA"}), errUnfitType},
		"31 bytes of Ed25519":           {with(validEd, map[string]any{"x": text(validEd, "x")[:42]}), errMalformedKey},
		"RSA of 1024 bits":              {rsaJWK(odd(1024), []byte{1, 0, 1}), errModulus},
		"RSA of 2047 bits":              {rsaJWK(odd(2047), []byte{1, 0, 1}), errModulus},
		"RSA of 8193 bits":              {rsaJWK(odd(8193), []byte{1, 0, 1}), errModulus},
		"RSA of 16384 bits":             {rsaJWK(odd(16384), []byte{1, 0, 1}), errModulus},
		"an even modulus":               {rsaJWK(new(big.Int).Lsh(big.NewInt(1), 2047), []byte{1, 0, 1}), errModulus},
		"exponent 0":                    {rsaJWK(rsaKey.N, []byte{0}), errExponent},
		"exponent 1":                    {rsaJWK(rsaKey.N, []byte{1}), errExponent},
		"an even exponent":              {rsaJWK(rsaKey.N, []byte{1, 0, 0}), errExponent},
		"an exponent of 32 bits":        {rsaJWK(rsaKey.N, []byte{0x80, 0, 0, 1}), errExponent},
		"an exponent that would be cut": {rsaJWK(rsaKey.N, []byte{1, 0, 0, 0, 0, 0, 1, 0, 1}), errMalformedKey},
		"no exponent":                   {with(validRSA, map[string]any{"e": nil}), errMalformedKey},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set, err := parseJWKS([]byte(`{"keys":[` + marshal(t, c.entry) + `,` + marshal(t, valid) + `]}`))
			if err != nil {
				t.Fatal(err)
			}
			if len(set.skipped) != 1 || set.skipped[0].Error() != c.cause.Error() {
				t.Errorf("skipped for %v, want %v", set.skipped, c.cause)
			}
			if len(set.keys) != 1 || set.keys[0].ID != "valid" {
				t.Errorf("keys are %v", set.keys)
			}
		})
	}
}

func TestParseJWKS_NoUsableKeys(t *testing.T) {
	t.Parallel()
	entry := marshal(t, signer.NewES256("k1").JWK())
	if _, err := parseJWKS([]byte(`{"keys":[` + entry + `]}`)); err != nil {
		t.Fatal(err)
	}
	for _, document := range []string{
		``, `null`, `[]`, `{}`, `<html>`, `{"keys":null}`, `{"keys":{}}`, `{"keys":[]}`, `{"keys":[null]}`, `{"Keys":[` + entry + `]}`,
		`{"keys":[` + entry + `]`, `{"keys":[` + entry + `]} x`, entry,
		`{"keys":["` + entry[1:len(entry)-1] + `"]}`,
	} {
		if set, err := parseJWKS([]byte(document)); err == nil {
			t.Errorf("%s: keys are %v", document, set.keys)
		}
	}
}

func TestParseJWKS_AmbiguousID(t *testing.T) {
	t.Parallel()
	one, two := signer.NewES256("k1"), signer.NewES256("k1")
	first, second := one.JWK(), two.JWK()
	other := with(second, map[string]any{"kid": "k2"})
	parse := func(entries ...any) jwks {
		set, err := parseJWKS([]byte(marshal(t, map[string]any{"keys": entries})))
		if err != nil {
			t.Fatal(err)
		}
		return set
	}

	if set := parse(first, other, first); len(set.keys) != 2 || len(set.skipped) != 0 {
		t.Errorf("the same key twice: %v, skipped %v", set.keys, set.skipped)
	}
	for _, entries := range [][]any{{first, other, second}, {second, other, first}, {first, second, first, other}} {
		set := parse(entries...)
		if len(set.keys) != 1 || set.keys[0].ID != "k2" || !slices.Equal(set.skipped, []error{errAmbiguousID}) {
			t.Errorf("two keys with one id: %v, skipped %v", set.keys, set.skipped)
		}
	}
	if set := parse(with(first, map[string]any{"kid": nil}), with(second, map[string]any{"kid": nil})); len(set.keys) != 2 {
		t.Errorf("two keys without id: %v", set.keys)
	}
	if set := parse(first, with(second, map[string]any{"use": "enc"})); len(set.keys) != 1 || set.keys[0].ID != "k1" {
		t.Errorf("an unusable key next to a usable one: %v", set.keys)
	}

	static := Static(fixed(t, one), fixed(t, two), token.Key{ID: "k3", Algorithm: "ES256"})
	for _, kid := range []string{"", "k1", "k3"} {
		if key, err := static.Key(t.Context(), token.KeyQuery{ID: kid, Algorithm: "ES256"}); err == nil {
			t.Errorf("key %q is %v", kid, key)
		}
	}
}

func TestParseJWKS_KeyWithoutAlgorithm(t *testing.T) {
	t.Parallel()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p521 := newKeyPair(t, elliptic.P521())
	coordinate := func(n *big.Int) string { return base64url.EncodeToString(n.FillBytes(make([]byte, 66))) }
	for want, entry := range map[string]map[string]any{
		"ES256":                               with(signer.NewES256("k1").JWK(), map[string]any{"alg": nil}),
		"ES512":                               {"kty": "EC", "crv": "P-521", "kid": "k1", "x": coordinate(p521.X), "y": coordinate(p521.Y)},
		"EdDSA":                               {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
		"RS256 RS384 RS512 PS256 PS384 PS512": rsaJWK(rsaKey.N, []byte{1, 0, 1}),
	} {
		set, err := parseJWKS([]byte(`{"keys":[` + marshal(t, entry) + `]}`))
		if err != nil {
			t.Fatal(err)
		}
		var algs []string
		for _, key := range set.keys {
			algs = append(algs, key.Algorithm)
		}
		if got := strings.Join(algs, " "); got != want {
			t.Errorf("algorithms are %s, want %s", got, want)
		}
	}
}

func TestParseJWKS_EntryLimit(t *testing.T) { // K14
	t.Parallel()
	first := marshal(t, signer.NewES256("first").JWK())
	last := marshal(t, signer.NewES256("last").JWK())
	parse := func(fillers int) jwks {
		set, err := parseJWKS([]byte(`{"keys":[` + first + strings.Repeat(`,{"kty":"XX"}`, fillers) + `,` + last + `]}`))
		if err != nil {
			t.Fatal(err)
		}
		return set
	}
	if set := parse(98); !set.keys.has("first") || !set.keys.has("last") {
		t.Errorf("of 100 entries: %v", set.keys)
	}
	if set := parse(99); !set.keys.has("first") || set.keys.has("last") || !slices.Contains(set.skipped, errTooManyKeys) {
		t.Errorf("of 101 entries: %v, skipped %v", set.keys, set.skipped)
	}
	if set := parse(70_000); len(set.keys) != 1 {
		t.Errorf("of 70,002 entries: %v", set.keys)
	}
}

func FuzzParseJWKS_Entries(f *testing.F) {
	valid := marshal(f, signer.NewES256("valid").JWK())
	f.Add(marshal(f, signer.NewES256("k1").JWK()))
	for _, v := range vectors {
		f.Add(v.jwk)
	}
	f.Add(`{"kty":"oct","k":"AAAA"}`)
	f.Add(`{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA","d":"AAAA"}`)
	f.Add(`{"kty":"RSA","n":"` + strings.Repeat("A", 342) + `","e":"AQAB"}`)
	f.Add(`null`)
	f.Fuzz(func(t *testing.T, entry string) {
		document := []byte(`{"keys":[` + entry + `,` + valid + `]}`)
		set, err := parseJWKS(document)
		if !json.Valid(document) {
			if err == nil {
				t.Fatal("encoding/json rejects the document")
			}
			return
		}
		for _, key := range set.keys {
			if _, err := token.NewKey(key.ID, key.Algorithm, key.Public()); err != nil {
				t.Fatalf("key %q: %v", key.ID, err)
			}
		}
		object, err := strictjson.Parse([]byte(entry))
		if err != nil {
			return // more or less than one entry
		}
		kid, _ := object.Lookup("kid")
		if id, _ := kid.String(); id != "valid" && !set.keys.has("valid") {
			t.Fatal("the valid key is missing")
		}
		_, private := object.Lookup("d")
		kty, _ := object.Lookup("kty")
		if name, _ := kty.String(); (private || name == "oct") && len(set.keys) > 1 {
			t.Fatalf("a secret is used: %v", set.keys)
		}
	})
}
