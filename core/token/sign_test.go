package token_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"testing"

	"github.com/cotterpin/cotterpin/core/token"
)

func TestASignedTokenVerifiesUnderThePublishedKey(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, "k1")
	keys, err := token.StaticJWKS(document(t, i.jwk(nil)))
	if err != nil {
		t.Fatal(err)
	}
	v := newVerifier(t, strictPolicy(keys))
	// Coordinates and signatures begin with zeros now and then.
	for range 100 {
		raw, err := token.SignES256(i.key, map[string]any{"alg": "ES256", "kid": "k1"}, map[string]any{
			"iss": "https://issuer.example", "aud": "app", "sub": "user-1", "iat": issued.Unix(), "exp": issued.Unix() + 3600,
		})
		if err != nil {
			t.Fatal(err)
		}
		accept(t, v, raw)
	}
}

func TestEveryPublishedKeyIsUsable(t *testing.T) {
	t.Parallel()
	for range 300 {
		if _, err := token.StaticJWKS(document(t, newIssuer(t, "k1").jwk(nil))); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSignRefusesWhatCannotBeSigned(t *testing.T) {
	t.Parallel()
	good := map[string]any{"alg": "ES256"}
	bad := map[string]any{"f": func() {}}
	key := newIssuer(t, "k1").key
	if _, err := token.SignES256(key, good, good); err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		key            *ecdsa.PrivateKey
		header, claims map[string]any
	}{
		"no key":          {nil, good, good},
		"another curve":   {p384, good, good},
		"a header":        {key, bad, good},
		"a set of claims": {key, good, bad},
	} {
		if raw, err := token.SignES256(c.key, c.header, c.claims); err == nil {
			t.Errorf("%s: %s", name, raw)
		}
	}
}
