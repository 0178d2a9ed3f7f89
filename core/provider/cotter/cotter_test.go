package cotter_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/cotter"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

const ada = "ada@example.com"

// instance returns a block that accepts the issuer's tokens, with changes.
func instance(i *providertest.Issuer, change func(*cotter.Settings, *provider.Common)) provider.Instance {
	s, common := cotter.Settings{APIKeyID: providertest.Audience, BaseURL: i.CotterURL()}, provider.Common{}
	if change != nil {
		change(&s, &common)
	}
	return cotter.Provider("", s, func(c *provider.Common) { *c = common })
}

// open opens the block at the issuer's clock.
func open(t *testing.T, i *providertest.Issuer, change func(*cotter.Settings, *provider.Common)) *providertest.Opened {
	t.Helper()
	opened, err := providertest.Open(t, instance(i, change), i.Now)
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

func tokens(access, id string) provider.Tokens {
	return provider.Tokens{AccessToken: access, IDToken: id}
}

func TestDriver_LoginIgnoresRequestCache(t *testing.T) {
	t.Parallel()
	now := time.Now()
	i := providertest.NewIssuer(t)
	i.Now = func() time.Time { return now }
	p := open(t, i, nil)
	access := i.AccessToken(ada)
	start := now
	for _, step := range []struct {
		after          time.Duration
		request, login autherr.Code
	}{
		{0, "", ""},
		{15 * time.Minute, "", ""},
		{15*time.Minute + time.Second, "", autherr.TokenExpired}, // login_max_age
		{time.Hour + 30*time.Second, "", autherr.TokenExpired},
		{time.Hour + 31*time.Second, autherr.TokenExpired, autherr.TokenExpired},
		{time.Minute, "", ""},
	} {
		now = start.Add(step.after)
		login := func() (identity.Identity, error) { return p.Login(t.Context(), tokens(access, "")) }
		request := func() (identity.Identity, error) { return p.Request(t.Context(), access) }
		for _, use := range []struct {
			verify func() (identity.Identity, error)
			want   autherr.Code
		}{{request, step.request}, {login, step.login}} {
			id, err := use.verify()
			switch {
			case use.want == "" && (err != nil || id.Subject != providertest.SubjectOf(ada) || id.Claims.Get("scope") != "access"):
				t.Errorf("after %v: %+v and %v", step.after, id, err)
			case use.want != "" && (autherr.CodeOf(err) != use.want || id.Subject != ""):
				t.Errorf("after %v: %+v and %v, want %s", step.after, id, err, use.want)
			}
		}
	}
}

func TestType_Suite(t *testing.T) {
	t.Parallel()
	providertest.Run(t, providertest.Subject{
		Type: cotter.Type,
		Settings: func(i *providertest.Issuer) any {
			return &cotter.Settings{APIKeyID: providertest.Audience, BaseURL: i.CotterURL()}
		},
		Mint: func(i *providertest.Issuer, email string, edits ...providertest.Edit) provider.Tokens {
			return tokens(i.AccessToken(email, edits...), i.IDToken(email))
		},
	})
}

func TestDriver_AccessTokenRules(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	p := open(t, i, nil)
	claim, header := providertest.Claim, providertest.Header
	for name, edit := range map[string]providertest.Edit{
		"newer":                     claim("nothing", nil),
		"of 2020-08, no identifier": claim("identifier", nil),
		"type of the newer docs":    claim("type", "access_token"),
		"custom claims":             claim("age", 36),
		"no typ":                    header("typ", nil),
		"typ in lower case":         header("typ", "jwt"),
		"subject of 2020-04":        claim("sub", "USER:"+providertest.SubjectOf(ada)),
	} {
		if _, err := p.Login(t.Context(), tokens(i.AccessToken(ada, edit), "")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, c := range map[string]struct {
		edit   providertest.Edit
		reason string
	}{
		"type of an ID token":       {claim("type", "client_id_token"), "wrong_token_type"},
		"type missing":              {claim("type", nil), "wrong_token_type"},
		"type in upper case":        {claim("type", "ACCESS_TOKEN"), "wrong_token_type"},
		"scope missing":             {claim("scope", nil), "wrong_scope"},
		"scope is wider":            {claim("scope", "access admin"), "wrong_scope"},
		"scope is a list":           {claim("scope", []string{"access"}), "wrong_scope"},
		"audience is a list":        {claim("aud", []string{providertest.Audience}), "wrong_audience"},
		"zero subject":              {claim("sub", "00000000-0000-0000-0000-000000000000"), "zero_subject"},
		"zero subject without dash": {claim("sub", "00000000000000000000000000000000"), "zero_subject"},
		"identifier is a number":    {claim("identifier", 7), "malformed_identifier"},
		"identifier is a list":      {claim("identifier", []string{ada}), "malformed_identifier"},
		"kid missing":               {header("kid", nil), "missing_key_id"},
		"another header member":     {header("x5t", "AA"), "forbidden_header"},
		"typ of RFC 9068":           {header("typ", "at+jwt"), "wrong_header_type"},
		"signed with RS256":         {providertest.SignedBy(published(i)), "wrong_algorithm"},
	} {
		_, err := p.Login(t.Context(), tokens(i.AccessToken(ada, c.edit), ""))
		if autherr.CodeOf(err) != autherr.InvalidToken || autherr.ReasonOf(err) != c.reason {
			t.Errorf("%s: got %v, want %s (%s)", name, err, autherr.InvalidToken, c.reason)
		}
	}
}

// published returns an RSA key that the issuer publishes next to its own.
func published(i *providertest.Issuer) *providertest.Key {
	own, other := i.Key(), providertest.NewRSAKey("rsa")
	i.Publish(other)
	i.Publish(own)
	return other
}

func TestDriver_IDTokenRules(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	p := open(t, i, nil)
	claim := providertest.Claim
	old := claim("identifier", nil)
	now := i.Now().Unix()
	expired := providertest.Edit(func(tok *providertest.Token) { tok.Claims["iat"], tok.Claims["exp"] = now-600, now-300 })

	for name, c := range map[string]provider.Tokens{
		"both identifiers":  tokens(i.AccessToken(ada), i.IDToken(ada)),
		"identifier in ID":  tokens(i.AccessToken(ada, old), i.IDToken(ada)),
		"access token only": tokens(i.AccessToken(ada), ""),
	} {
		id, err := p.Login(t.Context(), c)
		if err != nil || id.Identifier != ada {
			t.Errorf("%s: got %q and %v, want %q", name, id.Identifier, err, ada)
		}
	}
	for name, c := range map[string]struct {
		tokens provider.Tokens
		code   autherr.Code
		reason string
	}{
		"no access token":        {tokens("", i.IDToken(ada)), autherr.InvalidRequest, "missing_token"},
		"ID token in both":       {tokens(i.IDToken(ada), i.IDToken(ada)), autherr.InvalidToken, "wrong_token_type"},
		"access token in both":   {tokens(i.AccessToken(ada), i.AccessToken(ada)), autherr.InvalidToken, "wrong_token_type"},
		"another user":           {tokens(i.AccessToken(ada), i.IDToken("eve@example.com")), autherr.InvalidToken, "subjects_differ"},
		"another identifier":     {tokens(i.AccessToken(ada), i.IDToken(ada, claim("identifier", "eve@example.com"))), autherr.InvalidToken, "identifiers_differ"},
		"another letter case":    {tokens(i.AccessToken(ada), i.IDToken(ada, claim("identifier", "Ada@example.com"))), autherr.InvalidToken, "identifiers_differ"},
		"no identifier":          {tokens(i.AccessToken(ada), i.IDToken(ada, old)), autherr.InvalidToken, "missing_identifier"},
		"another audience":       {tokens(i.AccessToken(ada), i.IDToken(ada, claim("aud", "other"))), autherr.InvalidToken, "wrong_audience"},
		"another issuer":         {tokens(i.AccessToken(ada), i.IDToken(ada, claim("iss", i.URL()))), autherr.InvalidToken, "wrong_issuer"},
		"malformed identifier":   {tokens(i.AccessToken(ada), i.IDToken(ada, claim("identifier", true))), autherr.InvalidToken, "malformed_identifier"},
		"garbage":                {tokens(i.AccessToken(ada), "garbage"), autherr.InvalidToken, "malformed"},
		"expired ID":             {tokens(i.AccessToken(ada), i.IDToken(ada, expired)), autherr.TokenExpired, "expired"},
		"expired access":         {tokens(i.AccessToken(ada, expired), i.IDToken(ada)), autherr.TokenExpired, "expired"},
		"old ID":                 {tokens(i.AccessToken(ada), i.IDToken(ada, claim("iat", now-3000))), autherr.TokenExpired, "older_than_login_max_age"},
		"expired and garbage":    {tokens(i.AccessToken(ada, expired), "garbage"), autherr.InvalidToken, "malformed"},
		"expired, another user":  {tokens(i.AccessToken(ada, expired), i.IDToken("eve@example.com")), autherr.InvalidToken, "subjects_differ"},
		"another user's expired": {tokens(i.AccessToken(ada), i.IDToken("eve@example.com", expired)), autherr.InvalidToken, "subjects_differ"},
	} {
		id, err := p.Login(t.Context(), c.tokens)
		if autherr.CodeOf(err) != c.code || autherr.ReasonOf(err) != c.reason {
			t.Errorf("%s: got %q and %v, want %s (%s)", name, id.Subject, err, c.code, c.reason)
		}
	}
}

func TestDriver_Identifier(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	p := open(t, i, nil)
	for identifier, want := range map[string]struct{ identifier, email, phone string }{
		ada:                   {ada, ada, ""},
		"Ada@Example.com":     {"Ada@Example.com", "Ada@Example.com", ""},
		"+12025550100":        {"+12025550100", "", "+12025550100"},
		"ada":                 {"ada", "", ""},
		"+1 202 555 0100":     {"+1 202 555 0100", "", ""},
		"a@x,b@y":             {"a@x,b@y", "", ""},
		"ada@example.com\r\n": {"ada@example.com\r\n", "", ""},
		"ada@example.com\x00": {"", "", ""},
		"":                    {"", "", ""},
	} {
		id, err := p.Login(t.Context(), tokens(i.AccessToken(identifier), ""))
		if err != nil || id.Identifier != want.identifier || id.Email.Value != want.email || id.Phone.Value != want.phone {
			t.Errorf("%q: got %+v and %v, want %+v", identifier, id, err, want)
		}
	}
}

func TestDriver_Verification(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	for name, c := range map[string]struct {
		trust      []string
		identifier string
		method     any
		want       identity.Verification
	}{
		"code by email":                {[]string{"email"}, ada, "OTP", identity.Verified},
		"link by email":                {[]string{"email", "phone"}, ada, "MAGIC_LINK", identity.Verified},
		"code by phone":                {[]string{"phone"}, "+12025550100", "OTP", identity.Verified},
		"known device":                 {[]string{"email"}, ada, "TRUSTED_DEVICE", identity.KeepStored},
		"social login":                 {[]string{"email"}, ada, "SOCIAL_LOGIN", identity.KeepStored},
		"method in another case":       {[]string{"email"}, ada, "otp", identity.KeepStored},
		"no method":                    {[]string{"email"}, ada, nil, identity.KeepStored},
		"nothing trusted":              {nil, ada, "OTP", identity.Unverified},
		"phone trusted, not email":     {[]string{"phone"}, ada, "OTP", identity.Unverified},
		"email trusted, not phone":     {[]string{"email"}, "+12025550100", "OTP", identity.Unverified},
		"not trusted and known device": {nil, ada, "TRUSTED_DEVICE", identity.Unverified},
	} {
		p := open(t, i, func(_ *cotter.Settings, common *provider.Common) { common.Trust = c.trust })
		id, err := p.Login(t.Context(), tokens(i.AccessToken(c.identifier, providertest.Claim("authentication_method", c.method)), ""))
		if got := max(id.Email.Verification, id.Phone.Verification); err != nil || got != c.want {
			t.Errorf("%s: got %v and %v, want %v", name, got, err, c.want)
		}
	}
}

func TestDriver_AuthMethods(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	p := open(t, i, func(s *cotter.Settings, _ *provider.Common) { s.AuthMethods = []string{"OTP", "WEBAUTHN"} })
	for method, want := range map[any]string{
		"OTP": "", "WEBAUTHN": "", "PIN": "auth_method_not_allowed", "otp": "auth_method_not_allowed", nil: "auth_method_not_allowed", 7: "auth_method_not_allowed",
	} {
		_, err := p.Login(t.Context(), tokens(i.AccessToken(ada, providertest.Claim("authentication_method", method)), ""))
		if want == "" && err != nil || want != "" && autherr.ReasonOf(err) != want {
			t.Errorf("%v: got %v, want %q", method, err, want)
		}
	}
}

func TestDriver_Identity(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	p := open(t, i, nil)
	id, err := p.Login(t.Context(), tokens(i.AccessToken(ada, providertest.Claim("plan", "gold")), i.IDToken(ada)))
	if err != nil {
		t.Fatal(err)
	}
	if id.Key != (identity.Key{Issuer: providertest.CotterIssuer, Subject: providertest.SubjectOf(ada)}) {
		t.Errorf("key %+v", id.Key)
	}
	if id.AuthMethod != "OTP" || len(id.Audience) != 1 || id.Audience[0] != providertest.Audience {
		t.Errorf("method %q, audience %q", id.AuthMethod, id.Audience)
	}
	if !id.AuthenticatedAt.IsZero() {
		t.Errorf("authenticated at %v, want unknown", id.AuthenticatedAt)
	}
	if id.Claims.Get("plan") != "gold" || id.Claims.Get("sub") != nil || id.Claims.Get("exp") != nil {
		t.Errorf("claims %v", id.Claims)
	}
}

func TestDriver_UnstorableAuthMethod(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	p := open(t, i, nil)
	longest := strings.Repeat("A", 64)
	for method, want := range map[string]string{
		"MAGIC_LINK":  "MAGIC_LINK",
		longest:       longest,
		longest + "A": "",
		"OTP\x00":     "",
		"OTP\r\n":     "",
		"ÖTP":         "",
	} {
		id, err := p.Login(t.Context(), tokens(i.AccessToken(ada, providertest.Claim("authentication_method", method)), ""))
		if err != nil || id.AuthMethod != want {
			t.Errorf("%q: got %q and %v, want %q", method, id.AuthMethod, err, want)
		}
	}
}

func TestOpen_NoNetwork(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	i.SetJWKS(providertest.Slow)
	p := open(t, i, nil)
	if n := i.Requests(providertest.CotterKeysPath); n != 0 {
		t.Errorf("%d requests at start, want none", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Ready(ctx); autherr.CodeOf(err) != autherr.TemporarilyUnavailable {
		t.Errorf("ready: %v, want %s", err, autherr.TemporarilyUnavailable)
	}
}
