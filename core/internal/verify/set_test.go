package verify_test

import (
	"errors"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/verify"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

func TestSet_LoginSelection(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	access, id, oidc := i.AccessToken("ada"), i.IDToken("ada"), i.OIDCToken("ada@example.com")
	other := i.AccessToken("ada", providertest.Claim("aud", "other"))
	cotter := open(t, "cotter", driver{rules: accessRules(t, i, providertest.CotterIssuer)})
	google := open(t, "google", driver{rules: idRules(t, i, i.URL())})

	for name, c := range map[string]struct {
		set          *verify.Set
		name         string
		access, id   string
		wantProvider string
		wantRaw      string
		wantCode     autherr.Code
		wantReason   string
	}{
		"access token":                  {set: verify.NewSet(google, cotter), access: access, wantProvider: "cotter", wantRaw: access},
		"access and ID token":           {set: verify.NewSet(google, cotter), access: access, id: id, wantProvider: "cotter", wantRaw: access},
		"ID token":                      {set: verify.NewSet(cotter, google), id: oidc, wantProvider: "google", wantRaw: oidc},
		"ID and opaque token":           {set: verify.NewSet(cotter, google), access: "opaque", id: oidc, wantProvider: "google", wantRaw: oidc},
		"by name":                       {set: verify.NewSet(cotter, google), name: "google", access: "opaque", id: oidc, wantProvider: "google", wantRaw: oidc},
		"only one":                      {set: verify.NewSet(google), id: oidc, wantProvider: "google", wantRaw: oidc},
		"by name, another audience":     {set: verify.NewSet(cotter, google), name: "cotter", access: other, wantCode: autherr.InvalidToken, wantReason: "wrong_audience"},
		"unknown name":                  {set: verify.NewSet(cotter, google), name: "cotter2", access: access, wantCode: autherr.InvalidRequest, wantReason: "unknown_provider"},
		"unknown name, only one":        {set: verify.NewSet(cotter), name: "cotter2", access: access, wantCode: autherr.InvalidRequest, wantReason: "unknown_provider"},
		"another audience":              {set: verify.NewSet(cotter, google), access: other, wantCode: autherr.InvalidToken, wantReason: "no_provider_addressed"},
		"access token as ID token":      {set: verify.NewSet(cotter, google), id: access, wantCode: autherr.InvalidToken, wantReason: "no_provider_addressed"},
		"ID token as access token":      {set: verify.NewSet(cotter, google), access: oidc, wantCode: autherr.InvalidToken, wantReason: "no_provider_addressed"},
		"no token":                      {set: verify.NewSet(cotter, google), wantCode: autherr.InvalidToken, wantReason: "no_provider_addressed"},
		"required token missing":        {set: verify.NewSet(cotter), id: id, wantCode: autherr.InvalidRequest, wantReason: "missing_token"},
		"required token missing, named": {set: verify.NewSet(cotter, google), name: "google", access: access, wantCode: autherr.InvalidRequest, wantReason: "missing_token"},
	} {
		got, raw, err := c.set.Login(t.Context(), c.name, provider.Tokens{AccessToken: c.access, IDToken: c.id})
		if c.wantCode != "" {
			if err == nil || autherr.CodeOf(err) != c.wantCode || autherr.ReasonOf(err) != c.wantReason || raw != "" {
				t.Errorf("%s: got %q, %q and %v, want %s (%s)", name, got.Provider, raw, err, c.wantCode, c.wantReason)
			}
			continue
		}
		if err != nil || got.Provider != c.wantProvider || raw != c.wantRaw {
			t.Errorf("%s: got %q, %q and %v, want %q, %q", name, got.Provider, raw, err, c.wantProvider, c.wantRaw)
		}
	}
}

func TestSet_Authenticate(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	access, oidc := i.AccessToken("ada"), i.OIDCToken("ada@example.com")
	cotter := open(t, "cotter", driver{rules: accessRules(t, i, providertest.CotterIssuer)})
	google := open(t, "google", driver{rules: idRules(t, i, i.URL())})
	for name, c := range map[string]struct {
		set          *verify.Set
		raw          string
		wantProvider string
	}{
		"access token":           {verify.NewSet(google, cotter), access, "cotter"},
		"ID token":               {verify.NewSet(cotter, google), oidc, "google"},
		"access token, only one": {verify.NewSet(cotter), access, "cotter"},
		"ID token, only one":     {verify.NewSet(google), oidc, "google"},
	} {
		got, err := c.set.Authenticate(t.Context(), c.raw)
		if err != nil || got.Provider != c.wantProvider {
			t.Errorf("%s: got %q and %v, want %q", name, got.Provider, err, c.wantProvider)
		}
		if again, err := c.set.Authenticate(t.Context(), c.raw); err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("%s: got %+v, and then %+v and %v", name, got, again, err)
		}
	}
	for name, raw := range map[string]string{
		"opaque":           "opaque",
		"empty":            "",
		"another audience": i.AccessToken("ada", providertest.Claim("aud", "other")),
		"another issuer":   i.AccessToken("ada", providertest.Claim("iss", "https://id.example.org")),
	} {
		for _, set := range []*verify.Set{verify.NewSet(cotter), verify.NewSet(cotter, google)} {
			if got, err := set.Authenticate(t.Context(), raw); autherr.CodeOf(err) != autherr.InvalidToken {
				t.Errorf("%s: got %q and %v, want %s", name, got.Provider, err, autherr.InvalidToken)
			}
		}
	}
}

// Cases: T22.
func TestSet_NotSelectedValues(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	const issuer = "https://id.example.com"
	set := verify.NewSet(
		open(t, "cotter", driver{rules: accessRules(t, i, providertest.CotterIssuer)}),
		open(t, "corp", driver{rules: accessRules(t, i, issuer)}),
	)
	token := func(edits ...providertest.Edit) string {
		return i.AccessToken("ada", append([]providertest.Edit{providertest.Claim("iss", issuer)}, edits...)...)
	}
	if _, err := set.Authenticate(t.Context(), token()); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		raw      string
		expected string
		found    string
		compared bool
	}{
		"issuer":   {token(providertest.Claim("iss", issuer+"/")), providertest.CotterIssuer + " " + issuer, issuer + "/", true},
		"audience": {token(providertest.Claim("aud", []string{"a", "b"})), "former " + providertest.Audience, "a b", true},
		"no token": {raw: "opaque"},
	} {
		_, byRequest := set.Authenticate(t.Context(), c.raw)
		_, _, byLogin := set.Login(t.Context(), "", provider.Tokens{AccessToken: c.raw})
		for _, err := range []error{byRequest, byLogin} {
			e, _ := errors.AsType[*autherr.Error](err)
			if e == nil || e.Reason != "no_provider_addressed" {
				t.Fatalf("%s: got %v", name, err)
			}
			if expected, found, compared := e.Values(); expected != c.expected || found != c.found || compared != c.compared {
				t.Errorf("%s: expected %q, found %q, %t in the error, want %q and %q", name, expected, found, compared, c.expected, c.found)
			}
		}
	}
}

func TestSet_SelectionCache(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	set := verify.NewSet(
		open(t, "cotter", driver{rules: accessRules(t, i, providertest.CotterIssuer)}),
		open(t, "google", driver{rules: idRules(t, i, i.URL())}),
	)
	for _, raw := range []string{"opaque", i.AccessToken("ada", providertest.ForgedBy(providertest.NewKey("foreign")))} {
		if _, err := set.Authenticate(t.Context(), raw); err == nil {
			t.Errorf("%q is accepted", raw)
		}
	}
	if n := set.Selected(); n != 0 {
		t.Errorf("%d invalid tokens are cached, want none: they would evict valid ones", n)
	}
	if _, err := set.Authenticate(t.Context(), i.AccessToken("ada")); err != nil || set.Selected() != 1 {
		t.Errorf("a valid token: %v, %d cached, want 1", err, set.Selected())
	}
}

func TestSet_Close(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	var closed closeCounter
	p, err := verify.Open(t.Context(), newInstance("block", driver{rules: accessRules(t, i, i.URL())}), verify.Host{
		Transport: &closed, Now: time.Now, Log: discard,
	})
	if err != nil {
		t.Fatal(err)
	}
	verify.NewSet(p).Close()
	if closed != 0 {
		t.Error("the program's own transport was closed")
	}
}

// closeCounter is a transport that counts the calls of CloseIdleConnections.
type closeCounter int

func (c *closeCounter) CloseIdleConnections() { *c++ }

func (c *closeCounter) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("no request was expected")
}

func TestSet_Refresher(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	cotter := open(t, "cotter", refreshing{driver{rules: accessRules(t, i, "a")}})
	second := open(t, "second", refreshing{driver{rules: idRules(t, i, "b")}})
	google := open(t, "google", driver{rules: idRules(t, i, "c")})
	for name, c := range map[string]struct {
		set      *verify.Set
		name     string
		want     string
		wantCode autherr.Code
	}{
		"only one that can":        {set: verify.NewSet(google, cotter), want: "cotter"},
		"named":                    {set: verify.NewSet(cotter, second), name: "second", want: "second"},
		"several, none named":      {set: verify.NewSet(cotter, second), wantCode: autherr.InvalidRequest},
		"unknown name":             {set: verify.NewSet(cotter), name: "unknown", wantCode: autherr.InvalidRequest},
		"named one cannot":         {set: verify.NewSet(cotter, google), name: "google", wantCode: autherr.InvalidRequest},
		"none can":                 {set: verify.NewSet(google), wantCode: autherr.NotFound},
		"none can, named one also": {set: verify.NewSet(google), name: "google", wantCode: autherr.NotFound},
	} {
		got, err := c.set.Refresher(c.name)
		switch {
		case c.wantCode != "":
			if err == nil || autherr.CodeOf(err) != c.wantCode {
				t.Errorf("%s: got %v, want %s", name, err, c.wantCode)
			}
		case err != nil || got.Name != c.want || got.Refresher() == nil:
			t.Errorf("%s: got %v and %v, want %q", name, got, err, c.want)
		}
	}
}

// Cases: K01.
func TestSet_Ambiguous(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	rules := func(issuer, source string, audience ...string) provider.Rules {
		r := accessRules(t, i, issuer)
		r.AccessToken.Audience, r.Keys.Source = audience, source
		return r
	}
	subject := func(claim string, r provider.Rules) provider.Rules {
		r.SubjectClaim = claim
		return r
	}
	issuers := func(r provider.Rules, source string, more, aliases []string) provider.Rules {
		r.IssuerAliases, r.MoreIssuers = aliases, map[string]provider.Keys{}
		for _, issuer := range more {
			r.MoreIssuers[issuer] = provider.Keys{KeySet: r.Keys.KeySet, Source: source}
		}
		return r
	}
	const issuer = "https://id.example.com"
	first := open(t, "first", driver{rules: rules(issuer, "keys", "a", "b")})
	for name, c := range map[string]struct {
		second provider.Rules
		want   string
	}{
		"another audience":                  {rules(issuer, "keys", "c"), ""},
		"another issuer, all else the same": {rules("https://id.example.org", "keys", "a", "b"), ""},
		"an audience in common":             {rules(issuer, "keys", "c", "b"), "second"},
		"another audience and other keys":   {rules(issuer, "other keys", "c"), "second"},
		"sub, by name":                      {subject("/sub", rules(issuer, "keys", "c")), ""},
		"another subject claim":             {subject("/oid", rules(issuer, "keys", "c")), "second"},
		"one of several issuers":            {issuers(rules("https://id.example.org", "other keys", "a"), "keys", []string{issuer}, nil), "second"},
		"one of several, other audience":    {issuers(rules("https://id.example.org", "other keys", "c"), "keys", []string{issuer}, nil), ""},
		"one of several, other keys":        {issuers(rules("https://id.example.org", "keys", "c"), "other keys", []string{issuer}, nil), "second"},
		"an alias":                          {issuers(rules("https://id.example.org", "keys", "a"), "", nil, []string{issuer}), "second"},
		"other issuers and aliases":         {issuers(rules("https://id.example.org", "keys", "a"), "keys", []string{"b"}, []string{"c"}), ""},
		"another issuer and subject claim":  {subject("/oid", rules("https://id.example.org", "keys", "c")), ""},
	} {
		set := verify.NewSet(first, open(t, "second", driver{rules: c.second}))
		if got, err := set.Ambiguous(); got != c.want || (err != nil) != (c.want != "") {
			t.Errorf("%s: got %q and %v, want %q", name, got, err, c.want)
		}
	}
}

func TestSet_AuthenticateAllocations(t *testing.T) { //nolint:paralleltest // allocations are counted for the whole process
	i := providertest.NewIssuer(t)
	google := open(t, "google", driver{rules: idRules(t, i, i.URL())})
	cotter := open(t, "cotter", driver{rules: accessRules(t, i, providertest.CotterIssuer)})
	access, ctx := i.AccessToken("ada"), t.Context()
	for _, set := range []*verify.Set{verify.NewSet(cotter), verify.NewSet(google, cotter)} {
		if allocations := testing.AllocsPerRun(100, func() {
			if id, err := set.Authenticate(ctx, access); err != nil || id.Provider != "cotter" {
				t.Errorf("got %q and %v", id.Provider, err)
			}
		}); allocations > 0 {
			t.Errorf("%d providers: %v allocations, want none for a cached token", len(set.All()), allocations)
		}
	}
}
