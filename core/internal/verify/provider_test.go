package verify_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/verify"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// want demands an error with that code and reason, "" meaning none.
func want(t *testing.T, name string, err error, code autherr.Code, reason string) {
	t.Helper()
	if err == nil && code != "" || err != nil && (autherr.CodeOf(err) != code || autherr.ReasonOf(err) != reason) {
		t.Errorf("%s: got %v, want %q (%s)", name, err, code, reason)
	}
}

func TestProvider_KitFields(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	set := verify.NewSet(open(t, "block", driver{
		rules: accessRules(t, i, providertest.CotterIssuer),
		identify: func(v provider.Verified) (identity.Identity, error) {
			id := soundIdentity(v)
			id.Provider, id.Audience, id.IssuedAt, id.ExpiresAt = "another", []string{"another"}, time.Unix(1, 0), time.Unix(2, 0)
			return id, nil
		},
	}))
	raw := i.AccessToken("ada")
	login, _, err := set.Login(t.Context(), "", provider.Tokens{AccessToken: raw})
	if err != nil {
		t.Fatal(err)
	}
	request, err := set.Authenticate(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	for name, id := range map[string]identity.Identity{"login": login, "request": request} {
		if id.Provider != "block" || !slices.Equal(id.Audience, []string{providertest.Audience}) ||
			time.Since(id.IssuedAt) > time.Minute || id.ExpiresAt.Sub(id.IssuedAt) != time.Hour {
			t.Errorf("%s: %+v, want what the token and the block contain", name, id)
		}
	}
}

// The case is A02.
func TestProvider_BadIdentity(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	var edit func(*identity.Identity)
	set := verify.NewSet(open(t, "block", driver{
		rules: accessRules(t, i, providertest.CotterIssuer),
		identify: func(v provider.Verified) (identity.Identity, error) {
			id := soundIdentity(v)
			edit(&id)
			return id, nil
		},
	}, provider.Trust("email", "phone")))
	verified := func(value string) identity.Contact {
		return identity.Contact{Value: value, Verification: identity.Verified}
	}
	for name, c := range map[string]struct {
		edit func(*identity.Identity)
		bad  bool
	}{
		"sound": {func(*identity.Identity) {}, false},
		"every field": {func(id *identity.Identity) {
			id.Email, id.Phone, id.Identifier, id.AuthMethod = verified("ada@example.com"), verified("+12025550100"), "Ada é", "OTP"
		}, false},
		"another issuer":       {func(id *identity.Identity) { id.Issuer = "https://id.example.org" }, true},
		"no issuer":            {func(id *identity.Identity) { id.Issuer = "" }, true},
		"no subject":           {func(id *identity.Identity) { id.Subject = "" }, true},
		"subject with space":   {func(id *identity.Identity) { id.Subject = " ada" }, true},
		"subject not ASCII":    {func(id *identity.Identity) { id.Subject = "ué" }, true},
		"subject of 256":       {func(id *identity.Identity) { id.Subject = strings.Repeat("a", 256) }, true},
		"another subject":      {func(id *identity.Identity) { id.Subject = "eve" }, true},
		"email with a break":   {func(id *identity.Identity) { id.Email = verified("a@b\r\nc") }, true},
		"email without at":     {func(id *identity.Identity) { id.Email = identity.Contact{Value: "ada"} }, true},
		"verified no email":    {func(id *identity.Identity) { id.Email = verified("") }, true},
		"unknown verification": {func(id *identity.Identity) { id.Email = identity.Contact{Value: "a@b", Verification: 3} }, true},
		"negative":             {func(id *identity.Identity) { id.Email = identity.Contact{Value: "a@b", Verification: -1} }, true},
		"unknown email":        {func(id *identity.Identity) { id.Email = identity.Contact{Unknown: true} }, true},
		"unknown, with value":  {func(id *identity.Identity) { id.Email = identity.Contact{Value: "a@b", Unknown: true} }, true},
		"phone with spaces":    {func(id *identity.Identity) { id.Phone = verified("+1 202 555 0100") }, true},
		"method with NUL":      {func(id *identity.Identity) { id.AuthMethod = "OTP\x00" }, true},
		"method of 65":         {func(id *identity.Identity) { id.AuthMethod = strings.Repeat("a", 65) }, true},
		"identifier with NUL":  {func(id *identity.Identity) { id.Identifier = "a\x00" }, true},
		"identifier not UTF8":  {func(id *identity.Identity) { id.Identifier = "a\xff" }, true},
	} {
		edit = c.edit
		raw := i.AccessToken("ada")
		_, token, errLogin := set.Login(t.Context(), "", provider.Tokens{AccessToken: raw})
		id, errRequest := set.Authenticate(t.Context(), raw)
		code, reason := autherr.Code(""), ""
		if c.bad {
			code, reason = autherr.Internal, "bad_identity"
			if token != "" || id.Subject != "" {
				t.Errorf("%s: got %q and %+v with the error", name, token, id)
			}
		}
		want(t, name+", login", errLogin, code, reason)
		want(t, name+", request", errRequest, code, reason)
	}
}

func TestProvider_Trust(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	for _, c := range []struct {
		trust, defaults []string
		email, phone    bool
	}{
		{nil, nil, false, false},
		{[]string{"email"}, nil, true, false},
		{[]string{"phone"}, nil, false, true},
		{nil, []string{"email", "phone"}, true, true},
		{[]string{"phone"}, []string{"email", "phone"}, false, true},
	} {
		for _, proven := range []identity.Verification{identity.Unverified, identity.KeepStored, identity.Verified} {
			rules := accessRules(t, i, providertest.CotterIssuer)
			rules.DefaultTrust = c.defaults
			set := verify.NewSet(open(t, "block", driver{rules, func(v provider.Verified) (identity.Identity, error) {
				id := soundIdentity(v)
				id.Email = identity.Contact{Value: "ada@example.com", Verification: proven}
				id.Phone = identity.Contact{Value: "+12025550100", Verification: proven}
				return id, nil
			}}, provider.Trust(c.trust...)))
			raw := i.AccessToken("ada")
			login, _, err := set.Login(t.Context(), "", provider.Tokens{AccessToken: raw})
			if err != nil {
				t.Fatal(err)
			}
			request, err := set.Authenticate(t.Context(), raw)
			if err != nil {
				t.Fatal(err)
			}
			expected := func(trusted bool) identity.Verification {
				if trusted {
					return proven
				}
				return identity.Unverified
			}
			for _, id := range []identity.Identity{login, request} {
				if id.Email.Verification != expected(c.email) || id.Phone.Verification != expected(c.phone) {
					t.Errorf("trust %q, default %q, proven %d: got %+v and %+v", c.trust, c.defaults, proven, id.Email, id.Phone)
				}
			}
		}
	}
}

func TestProvider_TwoTokens(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	rules := accessRules(t, i, providertest.CotterIssuer)
	one := verify.NewSet(open(t, "block", driver{rules: rules}))
	rules.AccessToken.TypeClaim, rules.AccessToken.TypeValues = "type", []string{"client_access_token"}
	rules.IDToken = &provider.TokenRules{Audience: rules.AccessToken.Audience, TypeClaim: "type", TypeValues: []string{"client_id_token"}}
	both := verify.NewSet(open(t, "block", driver{rules: rules}))
	now := i.Now().Unix()
	expired := providertest.Edit(func(t *providertest.Token) { t.Claims["iat"], t.Claims["exp"] = now-600, now-300 })
	old := providertest.Claim("iat", now-3000)
	access, id := i.AccessToken("ada"), i.IDToken("ada")
	for name, c := range map[string]struct {
		set        *verify.Set
		access, id string
		code       autherr.Code
		reason     string
	}{
		"both valid":               {both, access, id, "", ""},
		"one valid":                {both, access, "", "", ""},
		"invalid second":           {both, access, "garbage", autherr.InvalidToken, "malformed"},
		"second of another kind":   {both, access, access, autherr.InvalidToken, "wrong_token_type"},
		"another subject":          {both, access, i.IDToken("eve"), autherr.InvalidToken, "subjects_differ"},
		"second of another issuer": {both, access, i.IDToken("ada", providertest.Claim("iss", i.URL())), autherr.InvalidToken, "wrong_issuer"},
		"first expired":            {both, i.AccessToken("ada", expired), id, autherr.TokenExpired, "expired"},
		"second expired":           {both, access, i.IDToken("ada", expired), autherr.TokenExpired, "expired"},
		"second too old":           {both, access, i.IDToken("ada", old), autherr.TokenExpired, "older_than_login_max_age"},
		"expired, invalid second":  {both, i.AccessToken("ada", expired), "garbage", autherr.InvalidToken, "malformed"},
		"expired, another subject": {both, i.AccessToken("ada", expired), i.IDToken("eve"), autherr.InvalidToken, "subjects_differ"},
		"second not verified":      {one, access, "garbage", "", ""},
	} {
		_, _, err := c.set.Login(t.Context(), "", provider.Tokens{AccessToken: c.access, IDToken: c.id})
		want(t, name, err, c.code, c.reason)
	}
}

func TestProvider_LoginMaxAge(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 10, 0, 0, 999_999_999, time.UTC)
	i := providertest.NewIssuer(t)
	for name, c := range map[string]struct {
		limit config.Duration
		age   time.Duration
		code  autherr.Code
	}{
		"exactly as old":        {0, 15 * time.Minute, ""},
		"a second older":        {0, 15*time.Minute + time.Second, autherr.TokenExpired},
		"issued in the future":  {0, -time.Second, ""},
		"older without a limit": {config.Off, 59 * time.Minute, ""},
		"another limit":         {config.Duration(time.Minute), 61 * time.Second, autherr.TokenExpired},
	} {
		issued := now.Truncate(time.Second).Add(-c.age)
		raw := i.AccessToken("ada", providertest.Claim("iat", issued.Unix()), providertest.Claim("exp", now.Add(time.Hour).Unix()))
		d := driver{rules: accessRules(t, i, providertest.CotterIssuer)}
		clock := func() time.Time { return now }
		limit := func(common *provider.Common) { common.LoginMaxAge = c.limit }
		set := verify.NewSet(openAt(t, "block", d, clock, limit))
		_, _, err := set.Login(t.Context(), "", provider.Tokens{AccessToken: raw})
		reason := ""
		if c.code != "" {
			reason = "older_than_login_max_age"
		}
		want(t, name, err, c.code, reason)
		_, err = set.Authenticate(t.Context(), raw)
		want(t, name+", at a request", err, "", "")
	}
}

func TestProvider_FutureSignIn(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	start := time.Now()
	now, at := start, start.Add(time.Minute).Truncate(time.Second)
	identify := func(v provider.Verified) (identity.Identity, error) {
		id := soundIdentity(v)
		id.AuthenticatedAt = at
		return id, nil
	}
	d := driver{accessRules(t, i, providertest.CotterIssuer), identify}
	set := verify.NewSet(openAt(t, "block", d, func() time.Time { return now }))
	raw := i.AccessToken("ada")
	for _, step := range []struct {
		after time.Duration
		want  time.Time
	}{{0, time.Time{}}, {2 * time.Minute, at}, {0, time.Time{}}} {
		now = start.Add(step.after)
		login, _, err := set.Login(t.Context(), "", provider.Tokens{AccessToken: raw})
		if err != nil || !login.AuthenticatedAt.Equal(step.want) {
			t.Errorf("login after %v: authenticated at %v, %v, want %v", step.after, login.AuthenticatedAt, err, step.want)
		}
		request, err := set.Authenticate(t.Context(), raw)
		if err != nil || !request.AuthenticatedAt.Equal(step.want) {
			t.Errorf("request after %v: authenticated at %v, %v, want %v", step.after, request.AuthenticatedAt, err, step.want)
		}
	}
}

func TestProvider_HeaderTypes(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	rules := accessRules(t, i, providertest.CotterIssuer)
	rules.AccessToken.Types = []string{"at+jwt"}
	set := verify.NewSet(open(t, "block", driver{rules: rules}))
	_, err := set.Authenticate(t.Context(), i.AccessToken("ada", providertest.Header("typ", "at+jwt")))
	want(t, "the declared type", err, "", "")
	_, err = set.Authenticate(t.Context(), i.AccessToken("ada"))
	want(t, "another type", err, autherr.InvalidToken, "wrong_header_type")
}

func TestOpen_Rules(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	for name, c := range map[string]struct {
		change func(*provider.Rules)
		want   string // in the error; "" for none
	}{
		"complete":         {func(*provider.Rules) {}, ""},
		"no issuer":        {func(r *provider.Rules) { r.Issuer = "" }, "issuer"},
		"issuer too long":  {func(r *provider.Rules) { r.Issuer = strings.Repeat("a", 256) }, "issuer"},
		"empty issuer":     {func(r *provider.Rules) { r.MoreIssuers = map[string]provider.Keys{"": r.Keys} }, "issuer"},
		"issuer is broken": {func(r *provider.Rules) { r.MoreIssuers = map[string]provider.Keys{"a b": r.Keys} }, "issuer"},
		"empty alias":      {func(r *provider.Rules) { r.IssuerAliases = []string{""} }, "issuer"},
		"no audience":      {func(r *provider.Rules) { r.AccessToken.Audience = nil }, "audience"},
		"empty audience":   {func(r *provider.Rules) { r.AccessToken.Audience = []string{""} }, "audience"},
		"no algorithm":     {func(r *provider.Rules) { r.Algorithms = nil }, "algorithm"},
		"HMAC":             {func(r *provider.Rules) { r.Algorithms = []string{"HS256"} }, "algorithm"},
		"no keys":          {func(r *provider.Rules) { r.Keys.KeySet = nil }, "keys"},
		"no keys of one":   {func(r *provider.Rules) { r.MoreIssuers = map[string]provider.Keys{"a": {}} }, "keys"},
	} {
		rules := accessRules(t, i, providertest.CotterIssuer)
		c.change(&rules)
		_, err := tryOpen(t, "block", driver{rules: rules}, time.Now)
		if (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

// Cases: K01.
func TestProvider_SubjectClaim(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	rules := accessRules(t, i, providertest.CotterIssuer)
	rules.SubjectClaim = "/profile/id"
	raw := i.AccessToken("ada", providertest.Claim("profile", map[string]any{"id": "ada"}))
	for subject, accepted := range map[string]bool{"ada": true, "eve": false, providertest.SubjectOf("ada"): false} {
		set := verify.NewSet(open(t, "block", driver{rules: rules, identify: func(v provider.Verified) (identity.Identity, error) {
			id := soundIdentity(v)
			id.Subject = subject
			return id, nil
		}}))
		code, reason := autherr.Internal, "bad_identity"
		if accepted {
			code, reason = "", ""
		}
		_, _, err := set.Login(t.Context(), "", provider.Tokens{AccessToken: raw})
		want(t, subject, err, code, reason)
	}
}

// Cases: K01.
func TestOpen_IssuerIsBaseURL(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	for issuer, accepted := range map[string]bool{
		"https://api.example.com/id": true,
		"https://id.example.com":     true,
		"https://api.example.com":    false,
		"https://api.example.com/":   false,
		"https://API.example.com":    false,
	} {
		further := accessRules(t, i, "https://id.example.com")
		further.MoreIssuers = map[string]provider.Keys{issuer: further.Keys}
		for _, rules := range []provider.Rules{accessRules(t, i, issuer), further} {
			_, err := verify.Open(t.Context(), newInstance("block", driver{rules: rules}),
				verify.Host{BaseURL: "https://api.example.com", Now: time.Now, Log: discard})
			if (err == nil) != accepted || err != nil && !strings.Contains(err.Error(), "base_url") {
				t.Errorf("issuer %s: got %v, want it accepted: %t", issuer, err, accepted)
			}
		}
	}
}

// The case is A03.
func TestOpen_Defaults(t *testing.T) {
	t.Parallel()
	type settings struct{ URL, Path string }
	var got settings
	failed := errors.New("opened")
	typ := provider.Define(provider.Definition[settings]{
		Type:    "test",
		Default: settings{URL: "default", Path: "default"},
		Open: func(_ context.Context, s settings, env provider.Env) (provider.Driver, error) {
			if env.HTTPClient.Timeout != 5*time.Second || env.Name != "test" {
				t.Errorf("name %q, timeout %v", env.Name, env.HTTPClient.Timeout)
			}
			got = s
			return nil, failed
		},
	})
	given := &settings{Path: "given"}
	_, err := verify.Open(t.Context(), provider.Instance{Type: typ, Settings: given}, verify.Host{Log: discard})
	if !errors.Is(err, failed) || got != (settings{URL: "default", Path: "given"}) || *given != (settings{Path: "given"}) {
		t.Errorf("got %+v and %v, given %+v", got, err, given)
	}
}
