package token_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"slices"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/token"
)

func TestNewKey_RejectsUnfitKeys(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := token.NewKey("k1", "ES256", &key.PublicKey); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		kid, alg string
		public   any
	}{
		"a private key":       {"k1", "ES256", key},
		"a value":             {"k1", "ES256", key.PublicKey},
		"nothing":             {"k1", "ES256", nil},
		"a nil EC key":        {"k1", "ES256", (*ecdsa.PublicKey)(nil)},
		"an empty EC key":     {"k1", "ES256", &ecdsa.PublicKey{}},
		"a nil RSA key":       {"k1", "RS256", (*rsa.PublicKey)(nil)},
		"an empty RSA key":    {"k1", "RS256", &rsa.PublicKey{}},
		"a short Ed25519 key": {"k1", "EdDSA", ed25519.PublicKey("short")},
		"another curve":       {"k1", "ES384", &key.PublicKey},
		"an HMAC secret":      {"k1", "HS256", []byte("secret")},
		"a bad kid":           {"k\n1", "ES256", &key.PublicKey},
	} {
		if got, err := token.NewKey(c.kid, c.alg, c.public); err == nil || got.Public() != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestKey_HasSamePublic(t *testing.T) {
	t.Parallel()
	newKey := func(kid string, public *ecdsa.PublicKey) token.Key {
		key, err := token.NewKey(kid, "ES256", public)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	generate := func() *ecdsa.PublicKey {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return &key.PublicKey
	}
	public := generate()
	first, second, other := newKey("k1", public), newKey("k2", public), newKey("k1", generate())
	if first == newKey("k1", public) {
		t.Error("keys made separately are equal")
	}
	for _, c := range []struct {
		name string
		a, b token.Key
		want bool
	}{
		{"the same key", first, first, true},
		{"another id", first, second, true},
		{"another public key", first, other, false},
		{"no public key", first, token.Key{ID: "k1", Algorithm: "ES256"}, false},
		{"no public keys", token.Key{}, token.Key{}, true},
	} {
		if c.a.HasSamePublic(c.b) != c.want || c.b.HasSamePublic(c.a) != c.want {
			t.Errorf("%s: want %t", c.name, c.want)
		}
	}
}

func TestAlgorithms_PublicKeysOnly(t *testing.T) {
	t.Parallel()
	want := []string{"ES256", "ES384", "ES512", "Ed25519", "EdDSA", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"}
	if got := token.Algorithms(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestKey_ChangedAlgorithm(t *testing.T) {
	t.Parallel()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	key, err := token.NewKey("r1", "RS256", &private.PublicKey)
	if err != nil || key.Public() == nil {
		t.Fatalf("%v, %v", key.Public(), err)
	}
	if key.Algorithm = "PS256"; key.Public() != nil {
		t.Error("a key is usable with an algorithm that it was not made for")
	}
}

func TestIsKeyID_Bounds(t *testing.T) {
	t.Parallel()
	for kid, want := range map[string]bool{
		"k": true, "SPACE_JWT_PUBLIC:1 ~": true, strings.Repeat("k", 255): true,
		"": false, strings.Repeat("k", 256): false, "k\x1f": false, "k\x7f": false, "é": false,
	} {
		if token.IsKeyID(kid) != want {
			t.Errorf("%q: want %t", kid, want)
		}
	}
}
