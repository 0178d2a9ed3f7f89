package oidc_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/oidc"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// tenants are the tenants of a directory, each with its own keys and discovery
// document.
type tenants struct {
	url      string
	issuers  map[string]*providertest.Issuer
	announce map[string]string // issuer in the discovery document, if not the tenant's
}

func newTenants(t *testing.T, names ...string) *tenants {
	t.Helper()
	d := &tenants{issuers: map[string]*providertest.Issuer{}, announce: map[string]string{}}
	for _, name := range names {
		d.issuers[name] = providertest.NewIssuer(t)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{tenant}/v2.0/.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		tenant := r.PathValue("tenant")
		issuer, announced := d.announce[tenant]
		if !announced {
			issuer = d.issuer(tenant)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{
			"issuer":            issuer,
			"jwks_uri":          d.issuers[tenant].URL() + providertest.OIDCKeysPath,
			"userinfo_endpoint": d.issuers[tenant].URL() + "/userinfo",
		})
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	d.url = s.URL
	return d
}

func (d *tenants) issuer(tenant string) string { return d.url + "/" + tenant + "/v2.0" }

// token returns an ID token that a tenant has signed.
func (d *tenants) token(tenant string, edits ...providertest.Edit) string {
	all := []providertest.Edit{providertest.Claim("iss", d.issuer(tenant)), providertest.Claim("tid", tenant)}
	return d.issuers[tenant].OIDCToken(ada, append(all, edits...)...)
}

func (d *tenants) open(t *testing.T, change func(*oidc.Settings)) *providertest.Opened {
	t.Helper()
	for _, i := range d.issuers {
		return open(t, i, func(s *oidc.Settings, _ *provider.Common) {
			s.Issuer = d.url + "/{tenantid}/v2.0"
			change(s)
		})
	}
	return nil
}

// Cases: T18.
func TestDriver_Tenants(t *testing.T) {
	t.Parallel()
	d := newTenants(t, "a", "b", "c")
	p := d.open(t, func(s *oidc.Settings) { s.Tenants = []string{"a", "b"} })
	for _, tenant := range []string{"a", "b"} {
		want := identity.Key{Issuer: d.issuer(tenant), Subject: providertest.SubjectOf(ada)}
		login, err := p.Login(t.Context(), tokens(d.token(tenant)))
		request, errRequest := p.Request(t.Context(), d.token(tenant))
		if err != nil || errRequest != nil || login.Key != want || request.Key != want {
			t.Errorf("tenant %s: got %+v, %v and %+v, %v, want %+v", tenant, login.Key, err, request.Key, errRequest, want)
		}
	}
	iss, tid := func(tenant string) providertest.Edit { return providertest.Claim("iss", d.issuer(tenant)) },
		func(value any) providertest.Edit { return providertest.Claim("tid", value) }
	signedByA := providertest.ForgedBy(d.issuers["a"].Key())
	for name, c := range map[string]struct{ raw, reason string }{
		"tenant that is not listed":   {d.token("c"), "wrong_issuer"},
		"another tenant's tid":        {d.token("a", tid("b")), "wrong_tenant"},
		"tid in another case":         {d.token("a", tid("A")), "wrong_tenant"},
		"no tid":                      {d.token("a", tid(nil)), "wrong_tenant"},
		"tid is a list":               {d.token("a", tid([]string{"a"})), "wrong_tenant"},
		"another tenant's iss":        {d.token("a", iss("b"), tid("b")), "unknown_key"},
		"another tenant's key":        {d.token("b", signedByA), "bad_signature"},
		"placeholder as tenant":       {d.token("a", providertest.Claim("iss", d.issuer("{tenantid}"))), "wrong_issuer"},
		"placeholder as tid and iss":  {d.token("a", providertest.Claim("iss", d.issuer("{tenantid}")), tid("{tenantid}")), "wrong_issuer"},
		"tenant's address and a path": {d.token("a", providertest.Claim("iss", d.issuer("a")+"/")), "wrong_issuer"},
	} {
		_, err := p.Login(t.Context(), tokens(c.raw))
		_, errRequest := p.Request(t.Context(), c.raw)
		for _, err := range []error{err, errRequest} {
			if autherr.CodeOf(err) != autherr.InvalidToken || autherr.ReasonOf(err) != c.reason {
				t.Errorf("%s: got %v, want %s (%s)", name, err, autherr.InvalidToken, c.reason)
			}
		}
	}
}

// Cases: T18.
func TestDriver_TenantDiscovery(t *testing.T) {
	t.Parallel()
	d := newTenants(t, "a", "b")
	d.announce["b"] = d.issuer("{tenantid}") // as at the address common
	p := d.open(t, func(s *oidc.Settings) { s.Tenants = []string{"b", "a"} })
	if _, err := p.Login(t.Context(), tokens(d.token("a"))); err != nil {
		t.Errorf("a tenant next to one that fails: %v", err)
	}
	if _, err := p.Login(t.Context(), tokens(d.token("b"))); autherr.CodeOf(err) != autherr.TemporarilyUnavailable {
		t.Errorf("another issuer's document: got %v, want %s", err, autherr.TemporarilyUnavailable)
	}
	if err := p.Ready(t.Context()); err != nil {
		t.Errorf("one tenant has keys: %v", err)
	}
	failing := d.open(t, func(s *oidc.Settings) { s.Tenants = []string{"b"} })
	if err := failing.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "{tenantid}") {
		t.Errorf("no tenant has keys: got %v", err)
	}
}

// Cases: T13, T18.
func TestDriver_TenantUserInfo(t *testing.T) {
	t.Parallel()
	d := newTenants(t, "a", "b")
	for tenant, i := range d.issuers {
		i.SetUserInfo(informing(map[string]any{"sub": providertest.SubjectOf(ada), "email": tenant + "@example.com"}))
	}
	p := d.open(t, func(s *oidc.Settings) { s.Tenants, s.UserInfo = []string{"a", "b"}, true })
	for tenant := range d.issuers {
		id, err := p.Login(t.Context(), provider.Tokens{IDToken: d.token(tenant, providertest.Claim("email", nil)), AccessToken: "access"})
		if err != nil || id.Email.Value != tenant+"@example.com" {
			t.Errorf("tenant %s: got %+v and %v", tenant, id.Email, err)
		}
	}
}

// Cases: T18.
func TestValidate_Tenants(t *testing.T) {
	t.Parallel()
	const (
		entra  = "https://login.microsoftonline.com/"
		tenant = "9188040d-6c67-4c5b-b112-36a304b66dad"
		other  = "https://id.example.com/{tenantid}/v2.0"
	)
	for name, c := range map[string]struct {
		settings oidc.Settings
		want     string // arguments, separated by spaces
		contains string
	}{
		"listed":              {oidc.Settings{Issuer: entra + "{tenantid}/v2.0", Tenants: []string{tenant}}, "", ""},
		"one tenant":          {oidc.Settings{Issuer: entra + tenant + "/v2.0"}, "", ""},
		"version 1":           {oidc.Settings{Issuer: "https://sts.windows.net/{tenantid}/", Tenants: []string{tenant}}, "", ""},
		"another server":      {oidc.Settings{Issuer: other, Tenants: []string{"acme", "Umbrella_2"}}, "", ""},
		"in the host":         {oidc.Settings{Issuer: "https://{tenantid}.ciamlogin.com/{tenantid}/v2.0", Tenants: []string{tenant}}, "", ""},
		"other addresses":     {oidc.Settings{Issuer: other, Tenants: []string{"a"}, DiscoveryURL: "https://{tenantid}.example.com/doc"}, "", ""},
		"keys per tenant":     {oidc.Settings{Issuer: other, Tenants: []string{"a"}, JWKSURL: "https://id.example.com/{tenantid}/keys"}, "", ""},
		"common elsewhere":    {oidc.Settings{Issuer: "https://id.example.com/common/v2.0"}, "", ""},
		"not listed":          {oidc.Settings{Issuer: other}, "issuer", "tenants"},
		"no placeholder":      {oidc.Settings{Issuer: "https://id.example.com", Tenants: []string{"a"}}, "tenants", "{tenantid}"},
		"empty":               {oidc.Settings{Issuer: other, Tenants: []string{""}}, "tenants", `""`},
		"with a slash":        {oidc.Settings{Issuer: other, Tenants: []string{"a/b"}}, "tenants", `"a/b"`},
		"placeholder":         {oidc.Settings{Issuer: other, Tenants: []string{"{tenantid}"}}, "tenants", "{tenantid}"},
		"twice":               {oidc.Settings{Issuer: other, Tenants: []string{"a", "b", "a"}}, "tenants", "twice"},
		"domain at Entra":     {oidc.Settings{Issuer: entra + "{tenantid}/v2.0", Tenants: []string{"contoso.com"}}, "tenants", "contoso.com"},
		"large letters":       {oidc.Settings{Issuer: entra + "{tenantid}/v2.0", Tenants: []string{strings.ToUpper(tenant)}}, "tenants", "exactly"},
		"common in tenants":   {oidc.Settings{Issuer: other, Tenants: []string{"common"}}, "tenants", tenant},
		"common":              {oidc.Settings{Issuer: entra + "common/v2.0"}, "issuer", "tenants"},
		"organizations":       {oidc.Settings{Issuer: entra + "organizations/v2.0"}, "issuer", "tenants"},
		"consumers":           {oidc.Settings{Issuer: entra + "consumers/v2.0"}, "issuer", tenant},
		"COMMON":              {oidc.Settings{Issuer: entra + "COMMON/v2.0"}, "issuer", "tenants"},
		"common, cloud":       {oidc.Settings{Issuer: "https://LOGIN.microsoftonline.us/common/v2.0"}, "issuer", "tenants"},
		"common, version 1":   {oidc.Settings{Issuer: "https://sts.windows.net/common/"}, "issuer", "tenants"},
		"domain":              {oidc.Settings{Issuer: entra + "contoso.onmicrosoft.com/v2.0"}, "issuer", "tenants"},
		"other placeholder":   {oidc.Settings{Issuer: entra + "{tenant}/v2.0"}, "issuer", "{tenantid}"},
		"no tenant":           {oidc.Settings{Issuer: "https://login.microsoftonline.com"}, "issuer", "tenants"},
		"common and tenants":  {oidc.Settings{Issuer: entra + "common/v2.0", Tenants: []string{tenant}}, "issuer tenants", "{tenantid}"},
		"one discovery":       {oidc.Settings{Issuer: other, Tenants: []string{"a"}, DiscoveryURL: "https://id.example.com/doc"}, "discovery_url", "{tenantid}"},
		"one address of keys": {oidc.Settings{Issuer: other, Tenants: []string{"a"}, JWKSURL: "https://id.example.com/keys"}, "jwks_url", "{tenantid}"},
		"placeholder in keys": {oidc.Settings{Issuer: "https://id.example.com", JWKSURL: "https://id.example.com/{tenantid}"}, "jwks_url", "{tenantid}"},
		"one file of keys":    {oidc.Settings{Issuer: other, Tenants: []string{"a"}, JWKSFile: "keys.json"}, "jwks_file", "{tenantid}"},
		"issuer is too long":  {oidc.Settings{Issuer: other + strings.Repeat("a", 220), Tenants: []string{strings.Repeat("a", 64)}}, "issuer", "255"},
	} {
		c.settings.Audience, c.settings.Algorithms = []string{"app"}, []string{"RS256"}
		var got []string
		var messages strings.Builder
		for _, problem := range oidc.Type.Validate(&c.settings, provider.Env{}) {
			got = append(got, problem.Argument)
			messages.WriteString(problem.Message + "\n")
		}
		if strings.Join(got, " ") != c.want || !strings.Contains(messages.String(), c.contains) {
			t.Errorf("%s: problems in %q, want %q with %q:\n%s", name, got, c.want, c.contains, &messages)
		}
	}
}
