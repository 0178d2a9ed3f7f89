package jwt_test

import (
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/jwt"
)

func TestVerifier_CopiesPolicy(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, "k1")
	policy := strictPolicy(jwt.Static(i.public(t)))
	policy.Types = []string{"JWT"}
	v := newVerifier(t, policy)
	valid := i.sign(t, validHeader, validClaims)
	accept(t, v, valid)

	policy.Audience[0], policy.Algorithms[0], policy.Types[0] = "other", "ES384", "at+jwt"
	accept(t, v, valid)
	reject(t, v, i.sign(t, validHeader, change(t, validClaims, `"app"`, `"other"`)), "wrong_audience")
	reject(t, v, i.sign(t, change(t, validHeader, "JWT", "at+jwt"), validClaims), "wrong_header_type")
}

func TestVerifier_MaximumClockSkew(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, "k1")
	policy := strictPolicy(jwt.Static(i.public(t)))
	policy.ClockSkew = jwt.MaxClockSkew
	now := issued.Add(time.Hour + jwt.MaxClockSkew)
	policy.Now = func() time.Time { return now }
	v := newVerifier(t, policy)
	raw := i.sign(t, validHeader, validClaims)
	accept(t, v, raw)
	now = now.Add(time.Second)
	if _, err := v.Verify(t.Context(), raw); autherr.CodeOf(err) != autherr.TokenExpired {
		t.Errorf("a second later: %v", err)
	}
}
