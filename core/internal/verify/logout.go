package verify

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/jwt"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/token"
)

// Logout is the content of a verified logout token. It has a Session, a Subject or
// both.
type Logout struct {
	Issuer    string
	ID        string    // jti
	Session   string    // sid
	Subject   string    // as identities of the provider have it
	ExpiresAt time.Time // from then on the token is rejected
}

// logoutKind distinguishes logout tokens from tokens that sign users in: those have
// no events, and logout tokens no nonce (OpenID Connect Back-Channel Logout 1.0,
// section 2.4). Keycloak writes the claim typ.
var logoutKind = kind{
	types:     []string{"logout+jwt", "JWT", ""},
	values:    map[string]string{"typ": "Logout"},
	forbidden: []string{"nonce"},
}

// AcceptsLogoutTokens reports whether the issuer posts logout tokens.
func (p *Provider) AcceptsLogoutTokens() bool { return p.logouts != nil }

// Logout verifies a logout token that was posted for the named provider (OpenID
// Connect Back-Channel Logout 1.0, section 2.6). It does not compare the ID with
// those of earlier tokens.
//
// Errors by code: NotFound if the provider does not exist or accepts no logout
// tokens; InvalidRequest for every fault of the token; TemporarilyUnavailable if
// the keys could not be fetched.
func (s *Set) Logout(ctx context.Context, name, raw string) (Logout, error) {
	p := s.named(name)
	if p == nil || !p.AcceptsLogoutTokens() {
		return Logout{}, autherr.New(autherr.NotFound, "no_logout_tokens")
	}
	c, err := p.logouts.Verify(ctx, raw)
	if err != nil {
		return Logout{}, asRequestError(err)
	}
	sid, _ := c.String("sid")
	id, _ := c.String("jti")
	return Logout{
		Issuer:    c.Issuer,
		ID:        id,
		Session:   sid,
		Subject:   p.logoutSubject(c),
		ExpiresAt: c.ExpiresAt.Add(p.skew + time.Second), // the verifier compares whole seconds
	}, nil
}

// LoginWindow returns how long a token of the issuer may be posted to a login after
// its issue, unlimited if a provider does not limit that. It is zero if no provider
// accepts tokens of the issuer.
func (s *Set) LoginWindow(issuer string, unlimited time.Duration) (window time.Duration) {
	for _, p := range s.providers {
		switch {
		case !slices.Contains(p.issuers, issuer):
		case p.maxAge == 0:
			return unlimited
		default:
			window = max(window, p.maxAge+p.skew+time.Second) // ages are compared in whole seconds
		}
	}
	return window
}

// asRequestError gives the fault of a token the code of the request that posts it:
// the token is not the caller's credential.
func asRequestError(err error) error {
	fault, ok := errors.AsType[*autherr.Error](err)
	if !ok || fault.Code != autherr.InvalidToken && fault.Code != autherr.TokenExpired {
		return err
	}
	changed := *fault
	changed.Code = autherr.InvalidRequest
	return &changed
}

// newLogoutVerifier returns nil if the rules accept no logout tokens.
func (p *Provider) newLogoutVerifier() (*jwt.Verifier, error) {
	if !p.rules.LogoutTokens {
		return nil, nil
	}
	if p.rules.IDToken == nil {
		return nil, errors.New("its rules accept logout tokens, whose audience is that of ID tokens, and no ID tokens")
	}
	policy := withTokenRules(p.basePolicy(), provider.IDToken, *p.rules.IDToken)
	policy.Types = logoutKind.types
	policy.SubjectOptional = true
	policy.CheckKind = p.checkLogout
	return jwt.NewVerifier(policy)
}

// checkLogout demands the claims of a logout token.
func (p *Provider) checkLogout(c token.Claims) error {
	if err := logoutKind.check(c, provider.TokenRules{}); err != nil {
		return err
	}
	if !isLogoutEvent(c) {
		return invalid("no_logout_event")
	}
	if id, _ := c.String("jti"); id == "" {
		return invalid("malformed_jti")
	}
	sid, isString := c.String("sid")
	switch _, present := c.Lookup("sid"); {
	case present && (!isString || sid == ""):
		return invalid("malformed_sid")
	case !present && p.logoutSubject(c) == "":
		return invalid("neither_sid_nor_subject")
	}
	return nil
}

// isLogoutEvent reports whether events contains the event of logout tokens, which is
// an object.
func isLogoutEvent(c token.Claims) bool {
	claim, _ := c.Lookup("events")
	events, _ := claim.Object()
	event, _ := events.Lookup("http://schemas.openid.net/event/backchannel-logout")
	_, ok := event.Object()
	return ok
}

// logoutSubject returns the subject of a logout token as identities have it: the
// claim that the rules name, "" if the token does not contain it.
func (p *Provider) logoutSubject(c token.Claims) string {
	subject, _ := c.String(p.rules.SubjectClaim)
	if !identity.IsSubject(subject) {
		return ""
	}
	return subject
}
