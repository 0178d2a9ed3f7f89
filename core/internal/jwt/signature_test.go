package jwt_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"testing"

	"github.com/cotterpin/cotterpin/core/internal/jwt"
	"github.com/cotterpin/cotterpin/core/token"
)

// Cases: T11.
func TestVerifier_PSSSaltLength(t *testing.T) {
	t.Parallel()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for alg, hash := range map[string]crypto.Hash{"PS256": crypto.SHA256, "PS384": crypto.SHA384, "PS512": crypto.SHA512} {
		key, err := token.NewKey("k1", alg, private.Public())
		if err != nil {
			t.Fatal(err)
		}
		policy := strictPolicy(jwt.Static(key))
		policy.Algorithms = []string{alg}
		v := newVerifier(t, policy)
		withSalt := func(length int) string {
			signed := encode(change(t, validHeader, "ES256", alg)) + "." + encode(validClaims)
			digest := hash.New()
			digest.Write([]byte(signed))
			signature, err := rsa.SignPSS(rand.Reader, private, hash, digest.Sum(nil), &rsa.PSSOptions{SaltLength: length})
			if err != nil {
				t.Fatal(err)
			}
			return signed + "." + encode(string(signature))
		}
		accept(t, v, withSalt(hash.Size()))
		for _, length := range []int{1, hash.Size() - 1, hash.Size() + 1, 20, 100, rsa.PSSSaltLengthAuto} {
			reject(t, v, withSalt(length), "bad_signature")
		}
	}
}
