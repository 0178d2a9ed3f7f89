package verify_test

import (
	"testing"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/internal/verify"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

func state(s string) provider.Option {
	return func(c *provider.Common) { c.State = s }
}

func TestSet_DisabledBlock(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	d := refreshing{driver{rules: accessRules(t, i, providertest.CotterIssuer)}}
	other := open(t, "other", driver{rules: idRules(t, i, "https://id.example.com")})
	tokens := provider.Tokens{AccessToken: i.AccessToken("ada")}
	for given, wantCode := range map[string]autherr.Code{
		"": "", config.StateActive: "", config.StateDraining: "", config.StateDisabled: autherr.InvalidToken,
	} {
		p := open(t, "cotter", d, state(given))
		for _, set := range []*verify.Set{verify.NewSet(p), verify.NewSet(other, p)} {
			_, _, err := set.Login(t.Context(), "", tokens)
			wantState(t, "login, state "+given, err, wantCode)
			_, _, err = set.Login(t.Context(), "cotter", tokens)
			wantState(t, "named login, state "+given, err, wantCode)
			_, err = set.Authenticate(t.Context(), tokens.AccessToken)
			wantState(t, "request, state "+given, err, wantCode)
			_, err = set.Refresher("")
			wantState(t, "refresh, state "+given, err, wantCode)
			wantState(t, "session, state "+given, set.CheckSession("cotter", providertest.CotterIssuer), wantCode)
			wantState(t, "session of another issuer, state "+given, set.CheckSession("cotter", "https://id.example.com"), "")
		}
	}
}

func wantState(t *testing.T, what string, err error, code autherr.Code) {
	t.Helper()
	if autherr.CodeOf(err) != code || code != "" && autherr.ReasonOf(err) != "provider_disabled" {
		t.Errorf("%s: got %v, want %q", what, err, code)
	}
}

func TestSet_Block(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	web, mobile := accessRules(t, i, "https://a.example"), accessRules(t, i, "https://a.example")
	mobile.AccessToken = &provider.TokenRules{Audience: []string{"mobile"}, Login: true}
	mobile.MoreIssuers = map[string]provider.Keys{"https://tenant.example": mobile.Keys}
	set := verify.NewSet(
		open(t, "web", driver{rules: web}, state(config.StateDraining)),
		open(t, "mobile", driver{rules: mobile}, provider.Trust("email")),
		open(t, "other", driver{rules: accessRules(t, i, "https://b.example")}, provider.Trust("phone"), state(config.StateDisabled)),
	)
	first := account.Block{Name: "web", State: config.StateDraining}
	second := account.Block{Name: "mobile", State: config.StateActive, TrustsEmail: true}
	third := account.Block{Name: "other", State: config.StateDisabled, TrustsPhone: true}
	for name, c := range map[string]struct {
		provider, issuer string
		want             account.Block
	}{
		"name and issuer":        {"web", "https://a.example", first},
		"second of one issuer":   {"mobile", "https://a.example", second},
		"tenant":                 {"mobile", "https://tenant.example", second},
		"renamed block":          {"cotter", "https://a.example", first},
		"name of another":        {"other", "https://a.example", first},
		"tenant of a renamed":    {"cotter", "https://tenant.example", second},
		"disabled":               {"other", "https://b.example", third},
		"unknown issuer":         {"web", "https://c.example", account.Block{}},
		"no issuer":              {"web", "", account.Block{}},
		"issuer in another case": {"web", "https://A.example", account.Block{}},
	} {
		if got, ok := set.Block(c.provider, c.issuer); got != c.want || ok != (c.want != account.Block{}) {
			t.Errorf("%s: got %+v, %t, want %+v", name, got, ok, c.want)
		}
	}
}

func TestSet_CheckSessionAllocations(t *testing.T) { //nolint:paralleltest // allocations are counted for the whole process
	i := providertest.NewIssuer(t)
	set := verify.NewSet(
		open(t, "old", driver{rules: accessRules(t, i, "https://a.example")}, state(config.StateDisabled)),
		open(t, "new", driver{rules: accessRules(t, i, "https://b.example")}),
	)
	if n := testing.AllocsPerRun(100, func() {
		wantState(t, "session of an active block", set.CheckSession("new", "https://b.example"), "")
	}); n > 0 {
		t.Errorf("the check of a session allocates %v times", n)
	}
}
