package signer_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/internal/signer"
)

func decode(t *testing.T, s string) []byte {
	t.Helper()
	decoded, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return decoded
}

// split returns the signing input and the signature of a token.
func split(t *testing.T, token string) (input, signature []byte) {
	t.Helper()
	dot := strings.LastIndexByte(token, '.')
	return []byte(token[:dot]), decode(t, token[dot+1:])
}

func TestCompact_KeepsBytes(t *testing.T) {
	t.Parallel()
	const header, claims = `{"alg":"none","alg":"none"}`, "not JSON \xff"
	parts := strings.Split(signer.Compact([]byte(header), []byte(claims), signer.None), ".")
	if len(parts) != 3 || string(decode(t, parts[0])) != header || string(decode(t, parts[1])) != claims || parts[2] != "" {
		t.Errorf("parts %q", parts)
	}
}

func TestHS256_Verifies(t *testing.T) {
	t.Parallel()
	secret := []byte("secret")
	input, signature := split(t, signer.Compact([]byte("{}"), []byte("{}"), signer.HS256(secret)))
	mac := hmac.New(sha256.New, secret)
	mac.Write(input)
	if !hmac.Equal(signature, mac.Sum(nil)) {
		t.Error("the signature is not the HMAC of the input")
	}
}

func TestKey_SignVerifies(t *testing.T) {
	t.Parallel()
	elliptic, modular := signer.NewES256("a"), signer.NewRS256("b")
	// One of 256 halves of a signature begins with a zero.
	for range 3_000 {
		input, signature := split(t, signer.Compact([]byte("{}"), []byte("{}"), elliptic.Sign))
		digest := sha256.Sum256(input)
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		if len(signature) != 64 || !ecdsa.Verify(elliptic.Public().(*ecdsa.PublicKey), digest[:], r, s) {
			t.Fatalf("ES256: invalid signature %x", signature)
		}
	}
	input, signature := split(t, signer.Compact([]byte("{}"), []byte("{}"), modular.Sign))
	digest := sha256.Sum256(input)
	if err := rsa.VerifyPKCS1v15(modular.Public().(*rsa.PublicKey), crypto.SHA256, digest[:], signature); err != nil {
		t.Errorf("RS256: %v", err)
	}
}

func TestKey_JWK(t *testing.T) {
	t.Parallel()
	// Some coordinates begin with zeros.
	for range 300 {
		key := signer.NewES256("a")
		public := key.Public().(*ecdsa.PublicKey)
		jwk := key.JWK()
		x, y := decode(t, jwk["x"].(string)), decode(t, jwk["y"].(string))
		point, err := public.Bytes()
		if err != nil || len(x) != 32 || string(point) != "\x04"+string(x)+string(y) {
			t.Fatalf("JWK %v", jwk)
		}
		if len(jwk) != 7 || jwk["kid"] != "a" || jwk["alg"] != "ES256" || jwk["use"] != "sig" || jwk["kty"] != "EC" || jwk["crv"] != "P-256" {
			t.Fatalf("JWK %v", jwk)
		}
	}
	key := signer.NewRS256("b")
	public := key.Public().(*rsa.PublicKey)
	jwk := key.JWK()
	if len(jwk) != 6 || jwk["kid"] != "b" || jwk["alg"] != "RS256" || jwk["use"] != "sig" || jwk["kty"] != "RSA" || jwk["e"] != "AQAB" ||
		public.N.Cmp(new(big.Int).SetBytes(decode(t, jwk["n"].(string)))) != 0 {
		t.Errorf("JWK %v", jwk)
	}
}

func TestKey_PEM(t *testing.T) {
	t.Parallel()
	for _, key := range []*signer.Key{signer.NewES256("a"), signer.NewRS256("b")} {
		block, rest := pem.Decode(key.PEM())
		if block == nil || block.Type != "PUBLIC KEY" || len(rest) != 0 {
			t.Fatalf("PEM %s", key.PEM())
		}
		parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
		public := key.Public().(interface {
			Equal(other crypto.PublicKey) bool
		})
		if err != nil || !public.Equal(parsed) {
			t.Errorf("%s: parsed %v, %v", key.Algorithm, parsed, err)
		}
	}
}
