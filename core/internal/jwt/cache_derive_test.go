package jwt_test

import (
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/jwt"
	"github.com/cotterpin/cotterpin/core/token"
)

func TestCache_DeriveError(t *testing.T) {
	t.Parallel()
	for name, tokens := range map[string]int{"cached": 10, "not cached": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newIssuer(t, "k1")
			now := issued
			policy := strictPolicy(jwt.Static(i.public(t)))
			policy.Now = func() time.Time { return now }
			var fault error
			c := cached{Cache: jwt.NewCache(newVerifier(t, policy), tokens, func(claims token.Claims) (string, error) {
				return claims.Subject, fault
			})}
			raw := i.sign(t, validHeader, validClaims)
			verify := func(want autherr.Code) {
				t.Helper()
				got, err := c.Verify(t.Context(), raw)
				if want == "" && (err != nil || got != "user-1") || want != "" && (err == nil || autherr.CodeOf(err) != want || got != "") {
					t.Errorf("got %q and %v, want code %q", got, err, want)
				}
			}
			fault = autherr.New(autherr.InvalidToken, "unreadable")
			verify(autherr.InvalidToken)
			fault = nil
			verify("") // the error was not cached
			now = now.Add(24 * time.Hour)
			verify(autherr.TokenExpired)
			fault = autherr.New(autherr.InvalidToken, "unreadable")
			verify(autherr.InvalidToken) // an expired token with a second fault
		})
	}
}
