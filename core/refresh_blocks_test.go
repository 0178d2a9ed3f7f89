package core_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/config"
)

// With two session blocks the form of the refresh token selects the block.
func TestRefresh_BothSessions(t *testing.T) {
	t.Parallel()
	h := newHarness(t, func(s *core.Settings) {
		jwtSessions(s)
		bothSessions(s)
	})
	own := jwtTokens(t, h.login(t, ada, config.TransportBearer))
	provider := h.issuer.Login(ada).RefreshToken
	for range 2 {
		r := h.refresh(t, own.refresh)
		wantCode(t, r, http.StatusOK, "")
		own = jwtTokens(t, r)

		r = h.refresh(t, provider)
		wantCode(t, r, http.StatusOK, "")
		var body issued
		decode(t, r, &body)
		if body.Token.RefreshToken == "" || strings.HasPrefix(body.Token.RefreshToken, "cpr_") {
			t.Fatalf("the refresh of a provider's token returned %s", r.Body)
		}
		provider = body.Token.RefreshToken
	}
}

// Without the other block each refresh token is of the own one.
func TestRefresh_OwnOnly(t *testing.T) {
	t.Parallel()
	h := newHarness(t, jwtSessions)
	own := jwtTokens(t, h.login(t, ada, config.TransportBearer))
	wantCode(t, h.refresh(t, h.issuer.Login(ada).RefreshToken), http.StatusUnauthorized, "invalid_token")
	wantCode(t, h.refresh(t, own.refresh), http.StatusOK, "")
}
