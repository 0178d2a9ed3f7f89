package oidc_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/oidc"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// informing responds with those claims to each access token.
func informing(claims map[string]any) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(claims)
	})
}

// Cases: T13.
func TestDriver_UserInfo(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	sub := providertest.SubjectOf(ada)
	p := open(t, i, func(s *oidc.Settings, common *provider.Common) {
		s.UserInfo, common.Trust = true, []string{"email", "phone"}
	})
	without := i.OIDCToken(ada, providertest.Claim("email", nil)) // its email_verified is true
	verified := func(value string, v identity.Verification) identity.Contact {
		return identity.Contact{Value: value, Verification: v}
	}
	for name, c := range map[string]struct {
		claims       map[string]any
		email, phone identity.Contact
	}{
		"verified": {
			map[string]any{"sub": sub, "email": ada, "email_verified": true, "phone_number": "+12025550100", "phone_number_verified": true},
			verified(ada, identity.Verified), verified("+12025550100", identity.Verified),
		},
		"not verified":      {map[string]any{"sub": sub, "email": ada}, verified(ada, identity.Unverified), identity.Contact{}},
		"malformed":         {map[string]any{"sub": sub, "email": "a@x\r\n", "email_verified": true}, identity.Contact{}, identity.Contact{}},
		"without email":     {map[string]any{"sub": sub}, identity.Contact{}, identity.Contact{}},
		"a string is false": {map[string]any{"sub": sub, "email": ada, "email_verified": "true"}, verified(ada, identity.Unverified), identity.Contact{}},
	} {
		i.SetUserInfo(informing(c.claims))
		id, err := p.Login(t.Context(), provider.Tokens{IDToken: without, AccessToken: "access"})
		if err != nil || id.Email != c.email || id.Phone != c.phone || id.Identifier != c.email.Value {
			t.Errorf("%s: got %+v and %v", name, id, err)
		}
	}
	i.SetUserInfo(informing(map[string]any{"sub": "eve", "email": ada, "email_verified": true}))
	_, err := p.Login(t.Context(), provider.Tokens{IDToken: without, AccessToken: "access"})
	if autherr.CodeOf(err) != autherr.InvalidToken || autherr.ReasonOf(err) != "wrong_userinfo_subject" {
		t.Errorf("another sub: got %v, want %s", err, autherr.InvalidToken)
	}
}

// Cases: T13.
func TestDriver_UserInfoOff(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	i.SetUserInfo(informing(map[string]any{"sub": providertest.SubjectOf(ada), "email": ada}))
	id, err := open(t, i, nil).Login(t.Context(), provider.Tokens{
		IDToken: i.OIDCToken(ada, providertest.Claim("email", nil)), AccessToken: "access",
	})
	if err != nil || id.Email != (identity.Contact{}) || i.UserInfoRequests() != 0 {
		t.Errorf("got %+v and %v after %d requests, want none", id.Email, err, i.UserInfoRequests())
	}
}

// Cases: T13.
func TestDriver_NoUserInfoEndpoint(t *testing.T) {
	t.Parallel()
	for name, endpoint := range map[string]any{"none": nil, "a number": 7, "over http": "http://id.example.com/userinfo"} {
		i := providertest.NewIssuer(t)
		i.SetDiscovery("userinfo_endpoint", endpoint)
		p := open(t, i, func(s *oidc.Settings, _ *provider.Common) { s.UserInfo = true })
		if _, err := p.Login(t.Context(), provider.Tokens{IDToken: i.OIDCToken(ada), AccessToken: "access"}); err != nil {
			t.Fatalf("%s: an ID token with email: %v", name, err)
		}
		_, err := p.Login(t.Context(), provider.Tokens{IDToken: i.OIDCToken(ada, providertest.Claim("email", nil)), AccessToken: "access"})
		if autherr.CodeOf(err) != autherr.TemporarilyUnavailable || autherr.ReasonOf(err) != "userinfo_failed" {
			t.Errorf("%s: got %v, want %s", name, err, autherr.TemporarilyUnavailable)
		}
	}
}
