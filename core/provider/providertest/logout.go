package providertest

import (
	"context"
	"testing"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/verify"
)

const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// LogoutFaults returns the edits that make a valid logout token invalid, by what is
// wrong then (OpenID Connect Back-Channel Logout 1.0, sections 2.4 and 2.6).
func (i *Issuer) LogoutFaults() map[string]Edit {
	now := i.Now().Unix()
	event := func(value any) Edit { return Claim("events", map[string]any{logoutEvent: value}) }
	null := struct{}{} // nil would remove the claim
	faults := map[string]Edit{
		"alg none":                        Unsigned(),
		"HS256 with the public key":       MAC(i.Key().PEM()),
		"signed by another key":           ForgedBy(NewKey(i.Key().ID)),
		"crit":                            Header("crit", []string{"exp"}),
		"typ of an access token":          Header("typ", "at+jwt"),
		"typ of another event token":      Header("typ", "secevent+jwt"),
		"typ is empty":                    Header("typ", ""),
		"typ is a number":                 Header("typ", 7),
		"issuer missing":                  Claim("iss", nil),
		"another issuer":                  Claim("iss", "https://id.example.org"),
		"issuer with another ending":      suffix("iss", "/"),
		"audience missing":                Claim("aud", nil),
		"audience of another application": Claim("aud", otherAudience),
		"audience is an empty list":       Claim("aud", []string{}),
		"another authorized party":        Claim("azp", otherAudience),
		"expiry missing":                  Claim("exp", nil),
		"expiry is a string":              Claim("exp", "later"),
		"expired":                         all(Claim("iat", now-600), Claim("exp", now-300)),
		"time of issue missing":           Claim("iat", nil),
		"issued in the future":            Claim("iat", now+300),
		"not valid yet":                   Claim("nbf", now+300),
		"jti missing":                     Claim("jti", nil),
		"jti is empty":                    Claim("jti", ""),
		"jti is a number":                 Claim("jti", 7),
		"events missing":                  Claim("events", nil),
		"events is a string":              Claim("events", logoutEvent),
		"events is a list":                Claim("events", []string{logoutEvent}),
		"events is empty":                 Claim("events", map[string]any{}),
		"another event":                   Claim("events", map[string]any{logoutEvent + "s": map[string]any{}}),
		"event in another letter case":    Claim("events", map[string]any{"HTTP" + logoutEvent[4:]: map[string]any{}}),
		"event is null":                   event(nil),
		"event is true":                   event(true),
		"event is a string":               event("logout"),
		"event is a list":                 event([]any{}),
		"nonce":                           Claim("nonce", "n-0S6_WzA2Mj"),
		"nonce is empty":                  Claim("nonce", ""),
		"neither sid nor sub":             all(Claim("sid", nil), Claim("sub", nil)),
		"sid is empty":                    Claim("sid", ""),
		"sid is a number":                 Claim("sid", 7),
		"sid is an object":                Claim("sid", null),
		"sub is empty":                    Claim("sub", ""),
		"sub is a number":                 Claim("sub", 7),
		"sub ends with a space":           Claim("sub", "ada "),
		"claim typ of an ID token":        Claim("typ", "ID"),
		"claim typ of an access token":    Claim("typ", "Bearer"),
	}
	for _, claim := range []string{"sid", "sub", "nonce", "jti", "events"} {
		faults[claim+" is null"] = func(t *Token) { t.Claims[claim] = nil }
	}
	return faults
}

// VerifyLogout verifies a logout token as the kit does before anything ends.
func (o *Opened) VerifyLogout(ctx context.Context, raw string) error {
	_, err := o.set.Logout(ctx, o.provider.Name, raw)
	return err
}

// logoutTokens tests a type whose rules accept logout tokens.
func (s Subject) logoutTokens(t *testing.T) {
	t.Parallel()
	b := s.warm(t)
	if !b.provider.AcceptsLogoutTokens() {
		if code := autherr.CodeOf(b.VerifyLogout(t.Context(), b.LogoutToken(ada, "a"))); code != autherr.NotFound {
			t.Errorf("a logout token that the rules do not accept: code is %q, want %q", code, autherr.NotFound)
		}
		return
	}
	for name, valid := range map[string]string{
		"sub":         b.LogoutToken(ada, ""),
		"sid":         b.LogoutToken("", "a"),
		"sub and sid": b.LogoutToken(ada, "a"),
	} {
		if err := b.VerifyLogout(t.Context(), valid); err != nil {
			t.Errorf("a valid logout token with %s is rejected: %v", name, err)
		}
	}
	for name, edit := range b.LogoutFaults() {
		if code := autherr.CodeOf(b.VerifyLogout(t.Context(), b.LogoutToken(ada, "a", edit))); code != autherr.InvalidRequest {
			t.Errorf("logout token, %s: code is %q, want %q", name, code, autherr.InvalidRequest)
		}
	}
}

// providerSession tests that logins and requests recognize the session at the
// provider by issuer and sid.
func (s Subject) providerSession(t *testing.T) {
	t.Parallel()
	b := s.warm(t)
	for sid, want := range map[string]func(issuer string) string{
		"":                 func(string) string { return "" },
		"08a5019c-17e1-4d": func(issuer string) string { return verify.SessionMark(issuer, "08a5019c-17e1-4d") },
	} {
		var edits []Edit
		if sid != "" {
			edits = append(edits, Claim("sid", sid))
		}
		tokens := s.Mint(b.Issuer, ada, edits...)
		for _, use := range b.uses() {
			id, err := use.verify(t.Context(), tokens)
			if err != nil {
				t.Fatalf("%s: %v", use.name, err)
			}
			if want := want(issuerOf(t, b.raw(tokens))); id.ProviderSession != want {
				t.Errorf("%s: with sid %q the provider's session is %q, want %q", use.name, sid, id.ProviderSession, want)
			}
		}
	}
}
