package jwt_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"strconv"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/jwt"
	"github.com/cotterpin/cotterpin/core/token"
)

// cotterClaims have the length of those of Cotter's access tokens.
var cotterClaims = `{"client_user_id":"d1a50b6e-6b0c-4bb2-a7c6-3f2b8f1f0c11","authentication_method":"OTP","type":"client_access_token",` +
	`"scope":"access","aud":"app","exp":` + strconv.FormatInt(issued.Add(time.Hour).Unix(), 10) + `,"jti":"f4f2c1de-0d2f-4b38-9f4c-0f0a4a0d6c55",` +
	`"iat":1795345200,"iss":"https://issuer.example","sub":"d1a50b6e-6b0c-4bb2-a7c6-3f2b8f1f0c11"}`

func BenchmarkVerify(b *testing.B) {
	i := newIssuer(b, "k1")
	v := newVerifier(b, strictPolicy(jwt.Static(i.public(b))))
	raw := i.sign(b, validHeader, cotterClaims)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(b.Context(), raw); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerifyASN1 is the lower bound of a verification.
func BenchmarkVerifyASN1(b *testing.B) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	digest := sha256.Sum256([]byte(cotterClaims))
	signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if !ecdsa.VerifyASN1(&key.PublicKey, digest[:], signature) {
			b.Fatal("the signature is rejected")
		}
	}
}

func BenchmarkVerifyCached(b *testing.B) {
	i := newIssuer(b, "k1")
	raw, c := i.sign(b, validHeader, cotterClaims), newIdentities(b, i)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Verify(b.Context(), raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyCachedInParallel(b *testing.B) {
	i := newIssuer(b, "k1")
	raw, c := i.sign(b, validHeader, cotterClaims), newIdentities(b, i)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := c.Verify(b.Context(), raw); err != nil {
				b.Error(err)
			}
		}
	})
}

// newIdentities returns a cache of identities like that of a provider.
func newIdentities(b *testing.B, i issuer) *jwt.Cache[identity.Identity] {
	b.Helper()
	policy := strictPolicy(jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: (&upstream{document: document(b, i.jwk(nil))}).fetch}))
	return jwt.NewCache(newVerifier(b, policy), 100, func(c token.Claims) (identity.Identity, error) {
		return identity.Identity{Key: identity.Key{Issuer: c.Issuer, Subject: c.Subject}, Claims: c.Extra()}, nil
	})
}

// BenchmarkDigestAndMap is the lower bound of a cache.
func BenchmarkDigestAndMap(b *testing.B) {
	raw := []byte(newIssuer(b, "k1").sign(b, validHeader, cotterClaims))
	stored := map[[sha256.Size]byte]*identity.Identity{sha256.Sum256(raw): {}}
	b.ReportAllocs()
	for b.Loop() {
		if stored[sha256.Sum256(raw)] == nil {
			b.Fatal("not found")
		}
	}
}
