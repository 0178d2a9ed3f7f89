package token_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
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
