package verify_test

import (
	"testing"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/verify"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

func TestSet_LinksIdentities(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	access, id := accessRules(t, i, "https://access.example"), idRules(t, i, "https://id.example")
	for name, c := range map[string]struct {
		edit func(*provider.Rules)
		want bool
	}{
		"alone":         {func(*provider.Rules) {}, true},
		"next to an ID": {func(r *provider.Rules) { r.IDToken = &provider.TokenRules{Audience: []string{"id"}} }, true},
		"not at a login": {func(r *provider.Rules) {
			r.AccessToken.Login, r.IDToken = false, &provider.TokenRules{Audience: []string{"id"}, Login: true}
		}, false},
		"listed clients": {func(r *provider.Rules) { r.AccessToken.Clients = []string{"web"} }, false},
	} {
		rules := accessRules(t, i, access.Issuer)
		c.edit(&rules)
		set := verify.NewSet(open(t, "id", driver{rules: id}), open(t, "access", driver{rules: rules}))
		if got := set.LinksIdentities("access"); got != c.want {
			t.Errorf("%s: got %t, want %t", name, got, c.want)
		}
		if !set.LinksIdentities("id") || set.LinksIdentities("unknown") {
			t.Errorf("%s: an ID token does not suffice, or an unknown provider does", name)
		}
	}
}

func TestSet_IssuerOf(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	single, several := accessRules(t, i, "https://one.example"), accessRules(t, i, "https://two.example")
	single.IssuerAliases = []string{"one.example"}
	several.MoreIssuers = map[string]provider.Keys{"https://three.example": several.Keys}
	set := verify.NewSet(open(t, "single", driver{rules: single}), open(t, "several", driver{rules: several}))
	for _, c := range []struct{ name, issuer, want, reason string }{
		{"single", "", "https://one.example", ""},
		{"single", "https://one.example", "https://one.example", ""},
		{"single", "one.example", "", "issuer_of_no_provider"},
		{"single", "https://two.example", "", "issuer_of_no_provider"},
		{"several", "https://two.example", "https://two.example", ""},
		{"several", "https://three.example", "https://three.example", ""},
		{"several", "", "", "issuer_of_no_provider"},
		{"unknown", "", "", "unknown_provider"},
	} {
		got, err := set.IssuerOf(c.name, c.issuer)
		isRejected := err != nil && autherr.CodeOf(err) == autherr.InvalidRequest && autherr.ReasonOf(err) == c.reason
		if got != c.want || isRejected != (c.reason != "") || err != nil && !isRejected {
			t.Errorf("%s, %q: got %q, %v; want %q (%s)", c.name, c.issuer, got, err, c.want, c.reason)
		}
	}
}
