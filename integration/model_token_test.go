package integration_test

import (
	"net/http"
	"time"

	"pgregory.net/rapid"

	"github.com/cotterpin/cotterpin/core"
)

const (
	modelCacheTTL = time.Minute // of modelTokens
	modelSkew     = time.Minute // at least the tolerance of expired tokens
)

// modelToken is a provider's token that is a session by itself.
type modelToken struct {
	of              *modelPerson
	token           string
	issued, expires time.Time
}

// tokenLogin logs in with the provider's token as the session.
func (m *model) tokenLogin(rt *rapid.T) {
	m.tick()
	p := m.drawPerson(rt)
	payload := m.n.issuer.Login(p.email).Payload()
	payload["session"] = "provider_token"
	now := m.n.clock.Now()
	result, accepted := m.registered(rt, p, send(rt.Context(), m.node(rt), "POST", "/auth/login", encode(payload)))
	if !accepted {
		return
	}
	if result.Session.Strategy != "provider_token" || result.Session.ID != "" {
		rt.Fatalf("the login returns session %+v", result.Session)
	}
	token := result.Token.AccessToken
	m.tokens = append(m.tokens, &modelToken{of: p, token: token, issued: now, expires: expiryOf(token)})
}

func (m *model) drawToken(rt *rapid.T) *modelToken {
	if len(m.tokens) == 0 {
		rt.Skip("no token")
	}
	return rapid.SampledFrom(m.tokens).Draw(rt, "token")
}

// tokenLook requests the caller of a token.
func (m *model) tokenLook(rt *rapid.T) {
	m.tick()
	m.tokenLooks(rt, m.node(rt), m.drawToken(rt), rapid.Bool().Draw(rt, "fresh"))
}

// admits reports whether the user of an unexpired token is a caller.
func (t *modelToken) admits() bool {
	return t.of.user != "" && !t.of.disabled && t.issued.After(t.of.notBefore)
}

// tokenLooks checks whether a guard recognizes a token. One that is not fresh may
// use the user in the cache of its node for cache_ttl.
func (m *model) tokenLooks(rt *rapid.T, node *core.Kit, token *modelToken, isFresh bool) {
	p, now := token.of, m.n.clock.Now()
	caller, rejection := callerOf(rt, node, isFresh, bearerField(token.token)...)
	recognized, user := rejection == nil, caller.UserID.String()
	isCached := !isFresh && now.Before(p.changed[node].Add(modelCacheTTL))
	switch {
	case rejection != nil && rejection.Status >= http.StatusInternalServerError:
		rt.Fatalf("%+v: %d %s", p, rejection.Status, rejection.Body)
	case recognized && !now.Before(token.expires.Add(modelSkew)):
		rt.Fatalf("a token of %+v that expired at %v is accepted at %v", p, token.expires, now)
	case recognized && user != p.user && (!isCached || !m.formerly[user]):
		rt.Fatalf("a token of %+v is recognized as %s", p, user)
	case recognized && !token.admits() && !isCached:
		rt.Fatalf("a token of %+v, issued at %v, is accepted (fresh: %t)", p, token.issued, isFresh)
	case !recognized && token.admits() && !isCached && now.Before(token.expires):
		rt.Fatalf("a token of %+v is rejected (fresh: %t): %d %s", p, isFresh, rejection.Status, rejection.Body)
	}
}

// tokenLogout changes nothing: a single token cannot be revoked.
func (m *model) tokenLogout(rt *rapid.T) {
	m.tick()
	token := m.drawToken(rt)
	if r := send(rt.Context(), m.node(rt), "POST", "/auth/logout", "", bearerField(token.token)...); r.Status != http.StatusNoContent {
		rt.Fatalf("logout: %d %s", r.Status, r.Body)
	}
}

// tokenRevoke revokes own sessions, and with all also tokens, by a token.
func (m *model) tokenRevoke(rt *rapid.T, which string) {
	m.tick()
	m.toFullSecond()
	token, node := m.drawToken(rt), m.node(rt)
	now := m.n.clock.Now()
	if !now.Before(token.expires) && now.Before(token.expires.Add(modelSkew)) {
		rt.Skip("the token may have expired")
	}
	accepted := token.admits() && now.Before(token.expires)
	m.revokes(rt, node, which, accepted, bearerField(token.token))
	switch {
	case !accepted:
	case which == `{"all":true}`:
		m.shutOut(token.of, node)
	default:
		m.revokeAll(m.activeOf(token.of), node)
	}
}
