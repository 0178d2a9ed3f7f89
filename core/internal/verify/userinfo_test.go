package verify_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/verify"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
	"github.com/cotterpin/cotterpin/core/token"
)

// informed is a driver with a UserInfo endpoint: claims by access token. Its
// identities have the contacts of the ID token and of the endpoint.
type informed struct {
	driver
	claims map[string]string
	calls  *int
}

func newInformed(t *testing.T, i *providertest.Issuer) informed {
	t.Helper()
	d := informed{claims: map[string]string{}, calls: new(int)}
	d.rules = idRules(t, i, i.URL())
	d.rules.UserInfo = func(_ context.Context, issuer, accessToken string) (token.Claims, error) {
		*d.calls++
		if issuer != i.URL() {
			t.Errorf("the issuer is %q", issuer)
		}
		claims, known := d.claims[accessToken]
		if !known {
			return token.Claims{}, autherr.New(autherr.TemporarilyUnavailable, "userinfo_failed")
		}
		return token.ParseClaims([]byte(claims))
	}
	d.identify = func(v provider.Verified) (identity.Identity, error) {
		id := soundIdentity(v)
		for _, c := range []token.Claims{v.IDToken, v.UserInfo} {
			if email, _ := c.String("email"); email != "" && id.Email.Value == "" {
				id.Email, id.Identifier = identity.Contact{Value: email, Verification: identity.Verified}, email
			}
			if phone, _ := c.String("phone_number"); phone != "" && id.Phone.Value == "" {
				id.Phone = identity.Contact{Value: phone, Verification: identity.Verified}
			}
		}
		if method, _ := v.UserInfo.String("method"); method != "" {
			id.AuthMethod = method
		}
		return id, nil
	}
	return d
}

func userInfo(t *testing.T, claims map[string]any) string {
	t.Helper()
	text, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Cases: T13.
func TestProvider_UserInfo(t *testing.T) {
	t.Parallel()
	const email, signed, phone = "ada@example.com", "signed@example.com", "+12025550100"
	i := providertest.NewIssuer(t)
	d := newInformed(t, i)
	sub := providertest.SubjectOf(email)
	d.claims["right"] = userInfo(t, map[string]any{"sub": sub, "email": email, "phone_number": phone, "method": "forged"})
	d.claims["no email"] = userInfo(t, map[string]any{"sub": sub})
	d.claims["eve's"] = userInfo(t, map[string]any{"sub": "eve", "email": "eve@example.com"})
	d.claims["no sub"] = userInfo(t, map[string]any{"email": email})
	d.claims["sub is a number"] = userInfo(t, map[string]any{"sub": 7, "email": email})
	without := i.OIDCToken(email, providertest.Claim("email", nil))
	with := i.OIDCToken(email, providertest.Claim("email", signed))
	expired := i.OIDCToken(email, providertest.Claim("email", nil), providertest.Claim("exp", i.Now().Unix()-300))
	verified := func(value string) identity.Contact {
		return identity.Contact{Value: value, Verification: identity.Verified}
	}
	unknown := identity.Contact{Unknown: true, Verification: identity.KeepStored}
	for name, c := range map[string]struct {
		id, access   string
		email, phone identity.Contact
		identifier   string
		calls        int
		code         autherr.Code
		reason       string
	}{
		"email in the endpoint":      {id: without, access: "right", email: verified(email), phone: verified(phone), identifier: email, calls: 1},
		"email in the token":         {id: with, access: "right", email: verified(signed), identifier: signed},
		"no email":                   {id: without, access: "no email", calls: 1},
		"no access token":            {id: without, email: unknown, phone: unknown},
		"no access token, own email": {id: with, email: verified(signed), identifier: signed},
		"another sub":                {id: without, access: "eve's", calls: 1, code: autherr.InvalidToken, reason: "wrong_userinfo_subject"},
		"no sub":                     {id: without, access: "no sub", calls: 1, code: autherr.InvalidToken, reason: "wrong_userinfo_subject"},
		"sub is a number":            {id: without, access: "sub is a number", calls: 1, code: autherr.InvalidToken, reason: "wrong_userinfo_subject"},
		"endpoint fails":             {id: without, access: "unknown", calls: 1, code: autherr.TemporarilyUnavailable, reason: "userinfo_failed"},
		"expired token":              {id: expired, access: "right", code: autherr.TokenExpired, reason: "expired"},
		"invalid token":              {id: without + "x", access: "right", code: autherr.InvalidToken, reason: "malformed"},
	} {
		*d.calls = 0
		set := verify.NewSet(open(t, "block", d, provider.Trust("email", "phone")))
		id, _, err := set.Login(t.Context(), "", provider.Tokens{IDToken: c.id, AccessToken: c.access})
		want(t, name, err, c.code, c.reason)
		if id.Email != c.email || id.Phone != c.phone || id.Identifier != c.identifier || id.AuthMethod != "" || *d.calls != c.calls {
			t.Errorf("%s: got %+v after %d calls, want %+v, %+v and %d", name, id, *d.calls, c.email, c.phone, c.calls)
		}
		if err != nil && id.Subject != "" {
			t.Errorf("%s: an identity with the error: %+v", name, id)
		}
	}
}

// Cases: T13.
func TestProvider_UserInfoTrust(t *testing.T) {
	t.Parallel()
	const email = "ada@example.com"
	i := providertest.NewIssuer(t)
	d := newInformed(t, i)
	d.claims["right"] = userInfo(t, map[string]any{"sub": providertest.SubjectOf(email), "email": email, "phone_number": "+12025550100"})
	raw := i.OIDCToken(email, providertest.Claim("email", nil))
	for _, trust := range [][]string{nil, {"email"}, {"phone"}} {
		common := provider.Common{Trust: trust}
		set := verify.NewSet(open(t, "block", d, provider.Trust(trust...)))
		for access, proven := range map[string]identity.Verification{"right": identity.Verified, "": identity.KeepStored} {
			id, _, err := set.Login(t.Context(), "", provider.Tokens{IDToken: raw, AccessToken: access})
			if err != nil {
				t.Fatal(err)
			}
			if (id.Email.Verification == proven) != common.Trusts("email") || (id.Phone.Verification == proven) != common.Trusts("phone") {
				t.Errorf("trust %q, access token %q: got %+v and %+v", trust, access, id.Email, id.Phone)
			}
		}
	}
}

// Cases: T13.
func TestProvider_UserInfoAtLoginOnly(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	d := newInformed(t, i)
	set := verify.NewSet(openAt(t, "block", d, time.Now))
	id, err := set.Authenticate(t.Context(), i.OIDCToken("ada@example.com", providertest.Claim("email", nil)))
	if err != nil || id.Email != (identity.Contact{}) || *d.calls != 0 {
		t.Errorf("got %+v and %v after %d calls, want no call at a request", id.Email, err, *d.calls)
	}
}
