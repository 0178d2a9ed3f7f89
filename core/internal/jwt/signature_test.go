package jwt_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
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

// Cases: T12.
func TestVerifier_NamesOfEd25519(t *testing.T) {
	t.Parallel()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	entry := map[string]any{"kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": encode(string(public))}
	token := func(alg string) string {
		signed := encode(change(t, validHeader, "ES256", alg)) + "." + encode(validClaims)
		return signed + "." + encode(string(ed25519.Sign(private, []byte(signed))))
	}
	for _, published := range []any{nil, "EdDSA", "Ed25519"} {
		entry["alg"] = published
		keys, err := jwt.StaticJWKS(document(t, entry))
		if err != nil {
			t.Fatalf("a key with alg %v: %v", published, err)
		}
		for _, accepted := range [][]string{{"EdDSA"}, {"Ed25519"}, {"ES256", "Ed25519", "EdDSA"}} {
			policy := strictPolicy(keys)
			policy.Algorithms = accepted
			v := newVerifier(t, policy)
			for _, alg := range []string{"EdDSA", "Ed25519"} {
				accept(t, v, token(alg))
			}
			for _, alg := range []string{"ed25519", "Ed448", "eddsa", "Ed25519 "} {
				reject(t, v, token(alg), "wrong_algorithm")
			}
		}
		reject(t, newVerifier(t, strictPolicy(keys)), token("Ed25519"), "wrong_algorithm")
	}
}

func TestStaticJWKS_Ed25519Duplicates(t *testing.T) {
	t.Parallel()
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	entry := func(alg string) json.RawMessage {
		return json.RawMessage(`{"kty":"OKP","crv":"Ed25519","kid":"k1","alg":"` + alg + `","x":"` + encode(string(public)) + `"}`)
	}
	keys, err := jwt.StaticJWKS(document(t, entry("EdDSA"), entry("Ed25519")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Key(t.Context(), token.KeyQuery{ID: "k1", Algorithm: "EdDSA"}); err != nil {
		t.Errorf("a key that is published under both names: %v", err)
	}
}
