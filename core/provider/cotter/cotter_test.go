package cotter_test

import (
	"context"
	"log/slog"
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

// newEnv returns what a provider gets in development.
func newEnv(t *testing.T) provider.Env {
	t.Helper()
	client, err := provider.NewHTTPClient(nil, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdleConnections)
	return provider.Env{
		Name:        "cotter",
		Common:      provider.DefaultCommon(),
		Development: true,
		HTTPClient:  client,
		Now:         time.Now,
		Log:         slog.New(slog.DiscardHandler),
	}
}

// open opens the provider as the file does, with changes.
func open(t *testing.T, i *providertest.Issuer, change func(*cotter.Settings, *provider.Env)) provider.Provider {
	t.Helper()
	env := newEnv(t)
	settings := cotter.Type.NewSettings().(*cotter.Settings)
	settings.APIKeyID, settings.BaseURL = providertest.Audience, i.CotterURL()
	if change != nil {
		change(settings, &env)
	}
	if problems := cotter.Type.Validate(settings, env); len(problems) > 0 {
		t.Fatalf("problems: %v", problems)
	}
	p, err := cotter.Type.Open(t.Context(), settings, env)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func login(access, id string) provider.Credential {
	return provider.Credential{Use: provider.Login, AccessToken: access, IDToken: id}
}

func request(access string) provider.Credential {
	return provider.Credential{Use: provider.Request, AccessToken: access}
}

func TestWhatARequestRemembersIsNoNewsToALogin(t *testing.T) {
	t.Parallel()
	now := time.Now()
	i := providertest.NewIssuer(t)
	i.Now = func() time.Time { return now }
	p := open(t, i, func(_ *cotter.Settings, e *provider.Env) { e.Now = i.Now })
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
		for _, use := range []struct {
			provider.Credential
			want autherr.Code
		}{{request(access), step.request}, {login(access, ""), step.login}} {
			id, err := p.Verify(t.Context(), use.Credential)
			switch {
			case use.want == "" && (err != nil || id.Subject != providertest.SubjectOf(ada) || id.Claims.Get("scope") != "access"):
				t.Errorf("after %v: %+v and %v", step.after, id, err)
			case use.want != "" && (autherr.CodeOf(err) != use.want || id.Subject != ""):
				t.Errorf("after %v: %+v and %v, want %s", step.after, id, err, use.want)
			}
		}
	}
}

func TestCotterIsAProvider(t *testing.T) {
	t.Parallel()
	providertest.Run(t, providertest.Subject{
		Open: func(t *testing.T, i *providertest.Issuer) provider.Provider { return open(t, i, nil) },
		Mint: func(i *providertest.Issuer, identifier string, edits ...providertest.Edit) provider.Credential {
			return login(i.AccessToken(identifier, edits...), i.IDToken(identifier))
		},
		Slot: provider.AccessToken,
	})
}

func TestAccessTokensMustFollowCottersRules(t *testing.T) {
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
		if _, err := p.Verify(t.Context(), login(i.AccessToken(ada, edit), "")); err != nil {
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
		_, err := p.Verify(t.Context(), login(i.AccessToken(ada, c.edit), ""))
		if autherr.CodeOf(err) != autherr.InvalidToken || autherr.ReasonOf(err) != c.reason {
			t.Errorf("%s: got %v, want %s (%s)", name, err, autherr.InvalidToken, c.reason)
		}
	}
}

// published returns an RSA key that the issuer publishes beside its own.
func published(i *providertest.Issuer) *providertest.Key {
	own, other := i.Key(), providertest.NewRSAKey("rsa")
	i.Publish(other)
	i.Publish(own)
	return other
}

func TestAnIDTokenMustBelongToTheAccessToken(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	p := open(t, i, nil)
	claim := providertest.Claim
	old := claim("identifier", nil)
	now := i.Now().Unix()
	expired := providertest.Edit(func(tok *providertest.Token) { tok.Claims["iat"], tok.Claims["exp"] = now-600, now-300 })

	for name, c := range map[string]provider.Credential{
		"both identifiers":  login(i.AccessToken(ada), i.IDToken(ada)),
		"identifier in ID":  login(i.AccessToken(ada, old), i.IDToken(ada)),
		"access token only": login(i.AccessToken(ada), ""),
	} {
		id, err := p.Verify(t.Context(), c)
		if err != nil || id.Identifier != ada {
			t.Errorf("%s: got %q and %v, want %q", name, id.Identifier, err, ada)
		}
	}
	for name, c := range map[string]struct {
		credential provider.Credential
		code       autherr.Code
		reason     string
	}{
		"no access token":         {login("", i.IDToken(ada)), autherr.InvalidToken, "missing_access_token"},
		"ID token in both":        {login(i.IDToken(ada), i.IDToken(ada)), autherr.InvalidToken, "wrong_token_type"},
		"access token in both":    {login(i.AccessToken(ada), i.AccessToken(ada)), autherr.InvalidToken, "wrong_token_type"},
		"somebody else":           {login(i.AccessToken(ada), i.IDToken("eve@example.com")), autherr.InvalidToken, "subjects_differ"},
		"another identifier":      {login(i.AccessToken(ada), i.IDToken(ada, claim("identifier", "eve@example.com"))), autherr.InvalidToken, "identifiers_differ"},
		"another letter case":     {login(i.AccessToken(ada), i.IDToken(ada, claim("identifier", "Ada@example.com"))), autherr.InvalidToken, "identifiers_differ"},
		"no identifier":           {login(i.AccessToken(ada), i.IDToken(ada, old)), autherr.InvalidToken, "missing_identifier"},
		"another audience":        {login(i.AccessToken(ada), i.IDToken(ada, claim("aud", "other"))), autherr.InvalidToken, "wrong_audience"},
		"another issuer":          {login(i.AccessToken(ada), i.IDToken(ada, claim("iss", i.URL()))), autherr.InvalidToken, "wrong_issuer"},
		"malformed identifier":    {login(i.AccessToken(ada), i.IDToken(ada, claim("identifier", true))), autherr.InvalidToken, "malformed_identifier"},
		"garbage":                 {login(i.AccessToken(ada), "garbage"), autherr.InvalidToken, "malformed"},
		"expired ID":              {login(i.AccessToken(ada), i.IDToken(ada, expired)), autherr.TokenExpired, "expired"},
		"expired access":          {login(i.AccessToken(ada, expired), i.IDToken(ada)), autherr.TokenExpired, "expired"},
		"old ID":                  {login(i.AccessToken(ada), i.IDToken(ada, claim("iat", now-3000))), autherr.TokenExpired, "too_old"},
		"expired and garbage":     {login(i.AccessToken(ada, expired), "garbage"), autherr.InvalidToken, "malformed"},
		"expired, somebody else":  {login(i.AccessToken(ada, expired), i.IDToken("eve@example.com")), autherr.InvalidToken, "subjects_differ"},
		"somebody else's expired": {login(i.AccessToken(ada), i.IDToken("eve@example.com", expired)), autherr.InvalidToken, "subjects_differ"},
	} {
		id, err := p.Verify(t.Context(), c.credential)
		if autherr.CodeOf(err) != c.code || autherr.ReasonOf(err) != c.reason {
			t.Errorf("%s: got %q and %v, want %s (%s)", name, id.Subject, err, c.code, c.reason)
		}
	}
}

func TestTheIdentifierBecomesTheContactThatItIs(t *testing.T) {
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
		id, err := p.Verify(t.Context(), login(i.AccessToken(identifier), ""))
		if err != nil || id.Identifier != want.identifier || id.Email.Value != want.email || id.Phone.Value != want.phone {
			t.Errorf("%q: got %+v and %v, want %+v", identifier, id, err, want)
		}
	}
}

func TestAContactIsVerifiedIfItIsTrustedAndWasJustProved(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	for name, c := range map[string]struct {
		trust      []string
		identifier string
		method     any
		want       identity.Verification
	}{
		"code by e-mail":               {[]string{"email"}, ada, "OTP", identity.Verified},
		"link by e-mail":               {[]string{"email", "phone"}, ada, "MAGIC_LINK", identity.Verified},
		"code by phone":                {[]string{"phone"}, "+12025550100", "OTP", identity.Verified},
		"known device":                 {[]string{"email"}, ada, "TRUSTED_DEVICE", identity.KeepStored},
		"social login":                 {[]string{"email"}, ada, "SOCIAL_LOGIN", identity.KeepStored},
		"method in another case":       {[]string{"email"}, ada, "otp", identity.KeepStored},
		"no method":                    {[]string{"email"}, ada, nil, identity.KeepStored},
		"nothing trusted":              {nil, ada, "OTP", identity.Unverified},
		"phone trusted, not e-mail":    {[]string{"phone"}, ada, "OTP", identity.Unverified},
		"e-mail trusted, not phone":    {[]string{"email"}, "+12025550100", "OTP", identity.Unverified},
		"not trusted and known device": {nil, ada, "TRUSTED_DEVICE", identity.Unverified},
	} {
		p := open(t, i, func(_ *cotter.Settings, env *provider.Env) { env.Common.Trust = c.trust })
		id, err := p.Verify(t.Context(), login(i.AccessToken(c.identifier, providertest.Claim("authentication_method", c.method)), ""))
		if got := max(id.Email.Verification, id.Phone.Verification); err != nil || got != c.want {
			t.Errorf("%s: got %v and %v, want %v", name, got, err, c.want)
		}
	}
}

func TestOnlyListedMethodsAreTaken(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	p := open(t, i, func(s *cotter.Settings, _ *provider.Env) { s.AuthMethods = []string{"OTP", "WEBAUTHN"} })
	for method, want := range map[any]string{
		"OTP": "", "WEBAUTHN": "", "PIN": "auth_method_not_allowed", "otp": "auth_method_not_allowed", nil: "auth_method_not_allowed", 7: "auth_method_not_allowed",
	} {
		_, err := p.Verify(t.Context(), login(i.AccessToken(ada, providertest.Claim("authentication_method", method)), ""))
		if want == "" && err != nil || want != "" && autherr.ReasonOf(err) != want {
			t.Errorf("%v: got %v, want %q", method, err, want)
		}
	}
}

func TestAnIdentitySaysWhatIsSigned(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	p := open(t, i, nil)
	id, err := p.Verify(t.Context(), login(i.AccessToken(ada, providertest.Claim("plan", "gold")), i.IDToken(ada)))
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

func TestAMethodThatCannotBeKeptIsNone(t *testing.T) {
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
		id, err := p.Verify(t.Context(), login(i.AccessToken(ada, providertest.Claim("authentication_method", method)), ""))
		if err != nil || id.AuthMethod != want {
			t.Errorf("%q: got %q and %v, want %q", method, id.AuthMethod, err, want)
		}
	}
}

func TestOpenDoesNotWaitForTheNetwork(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	i.SetJWKS(providertest.Slow)
	p := open(t, i, nil)
	if n := i.Requests(providertest.CotterKeysPath); n != 0 {
		t.Errorf("%d requests at start, want none", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := p.(provider.Issuers).Issuers()[0].KeySource; got != i.CotterURL()+"/token/jwks" {
		t.Errorf("keys are from %q", got)
	}
	if err := p.(provider.Checker).Check(ctx); autherr.CodeOf(err) != autherr.TemporarilyUnavailable {
		t.Errorf("Check: %v, want %s", err, autherr.TemporarilyUnavailable)
	}
}
