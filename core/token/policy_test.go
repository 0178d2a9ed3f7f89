package token_test

import (
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/token"
)

func TestVerifier_CopiesPolicy(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, "k1")
	policy := strictPolicy(token.Static(i.public(t)))
	policy.Types = []string{"JWT"}
	v := newVerifier(t, policy)
	good := i.sign(t, goodHeader, goodClaims)
	accept(t, v, good)

	policy.Audience[0], policy.Algorithms[0], policy.Types[0] = "other", "ES384", "at+jwt"
	accept(t, v, good)
	refuse(t, v, i.sign(t, goodHeader, change(t, goodClaims, `"app"`, `"other"`)), "wrong_audience")
	refuse(t, v, i.sign(t, change(t, goodHeader, "JWT", "at+jwt"), goodClaims), "wrong_header_type")
}

func TestVerifier_MaximumClockSkew(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, "k1")
	policy := strictPolicy(token.Static(i.public(t)))
	policy.ClockSkew = token.MaxClockSkew
	now := issued.Add(time.Hour + token.MaxClockSkew)
	policy.Now = func() time.Time { return now }
	v := newVerifier(t, policy)
	raw := i.sign(t, goodHeader, goodClaims)
	accept(t, v, raw)
	now = now.Add(time.Second)
	if _, err := v.Verify(t.Context(), raw); autherr.CodeOf(err) != autherr.TokenExpired {
		t.Errorf("a second later: %v", err)
	}
}
