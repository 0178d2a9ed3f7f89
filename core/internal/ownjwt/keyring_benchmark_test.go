package ownjwt_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/internal/jwt"
	"github.com/cotterpin/cotterpin/core/internal/ownjwt"
	"github.com/cotterpin/cotterpin/core/token"
)

// Benchmarks of an own token that was verified before, and of a new one.
func BenchmarkKeyring(b *testing.B) {
	ring := ownjwt.NewKeyring(memstore.New().Keys(), ownjwt.KeyringOptions{Secret: secretA})
	verifier, err := jwt.NewVerifier(jwt.Policy{
		Keys: ring, Issuer: origin, Audience: []string{origin}, AudienceList: true, Algorithms: []string{"ES256"},
		Types: []string{ownjwt.TokenType}, KeyIDRequired: true, PlainHeader: true,
	})
	if err != nil {
		b.Fatal(err)
	}
	cache := jwt.NewCache(verifier, 100, func(c token.Claims) (string, error) { return c.Subject, nil })
	claims := fmt.Appendf(nil, `{"iss":%q,"aud":[%q],"sub":"user-1","iat":%d,"exp":%d}`,
		origin, origin, time.Now().Unix(), time.Now().Add(day).Unix())
	raw, err := ring.Sign(context.Background(), claims)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("Cached", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := cache.Verify(b.Context(), raw); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Sign", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := ring.Sign(b.Context(), claims); err != nil {
				b.Fatal(err)
			}
		}
	})
}
