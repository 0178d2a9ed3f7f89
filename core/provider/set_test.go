package provider_test

import (
	"context"
	"reflect"
	"testing"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// silent is a provider that no token is addressed to. It accepts everything,
// and tells in the identity what it was shown.
type silent struct{}

func (silent) Verify(_ context.Context, c provider.Credential) (identity.Identity, error) {
	return identity.Identity{
		Provider: "whatever the provider says",
		Claims:   identity.NewClaims(map[string]any{"login": c.Use == provider.Login, "access": c.AccessToken, "id": c.IDToken}),
	}, nil
}

// addressed is a provider that tokens are addressed to.
type addressed struct {
	silent
	issuers []provider.Issuer
}

func (a addressed) Issuers() []provider.Issuer { return a.issuers }

// refreshing is a provider that can refresh.
type refreshing struct{ addressed }

func (refreshing) Refresh(context.Context, string) (provider.Refreshed, error) {
	return provider.Refreshed{}, nil
}

func accessFrom(issuer string) addressed {
	return addressed{issuers: []provider.Issuer{
		{Issuer: issuer, Audience: []string{"former", providertest.Audience}, Slot: provider.AccessToken},
	}}
}

func idFrom(issuer string) addressed {
	a := accessFrom(issuer)
	a.issuers[0].Slot = provider.IDToken
	return a
}

func setOf(providers ...provider.Named) *provider.Set { return provider.NewSet(providers) }

func TestLoginChoosesTheProvider(t *testing.T) {
	t.Parallel()
	issuer := providertest.NewIssuer(t)
	access, id, oidc := issuer.AccessToken("ada"), issuer.IDToken("ada"), issuer.OIDCToken("ada@example.com")
	other := issuer.AccessToken("ada", providertest.Claim("aud", "other"))

	cotter := provider.Named{Name: "cotter", Provider: accessFrom(providertest.CotterIssuer)}
	google := provider.Named{Name: "google", Provider: idFrom(issuer.URL())}
	plain := provider.Named{Name: "plain", Provider: silent{}}

	for name, c := range map[string]struct {
		set          *provider.Set
		name         string
		access, id   string
		wantProvider string
		wantSlot     provider.Slot
		wantCode     autherr.Code
	}{
		"by the access token":                    {set: setOf(plain, google, cotter), access: access, wantProvider: "cotter"},
		"by the access token beside an id token": {set: setOf(google, cotter), access: access, id: id, wantProvider: "cotter"},
		"by the id token":                        {set: setOf(cotter, google), id: oidc, wantProvider: "google", wantSlot: provider.IDToken},
		"by the id token beside an opaque one":   {set: setOf(cotter, google), access: "opaque", id: oidc, wantProvider: "google", wantSlot: provider.IDToken},
		"by name":                                {set: setOf(cotter, google), name: "google", access: "opaque", id: oidc, wantProvider: "google", wantSlot: provider.IDToken},
		"by name, the provider judges the token": {set: setOf(cotter, google), name: "cotter", access: other, wantProvider: "cotter"},
		"by name, not addressable":               {set: setOf(cotter, plain), name: "plain", access: "opaque", wantProvider: "plain"},
		"the only one":                           {set: setOf(google), id: oidc, wantProvider: "google", wantSlot: provider.IDToken},
		"the only one, not addressable":          {set: setOf(plain), access: "opaque", wantProvider: "plain"},
		"unknown name":                           {set: setOf(cotter, google), name: "cotter2", access: access, wantCode: autherr.InvalidRequest},
		"unknown name, one provider":             {set: setOf(cotter), name: "cotter2", access: access, wantCode: autherr.InvalidRequest},
		"not addressable and not named":          {set: setOf(plain, cotter), access: "opaque", wantCode: autherr.InvalidToken},
		"somebody else's token":                  {set: setOf(cotter, google), access: other, wantCode: autherr.InvalidToken},
		"an access token in the id slot":         {set: setOf(cotter, google), id: access, wantCode: autherr.InvalidToken},
		"an id token in the access slot":         {set: setOf(cotter, google), access: oidc, wantCode: autherr.InvalidToken},
		"no token":                               {set: setOf(cotter, google), wantCode: autherr.InvalidToken},
		"no token for the only one":              {set: setOf(cotter), id: id, wantCode: autherr.InvalidRequest},
		"no token for the named one":             {set: setOf(cotter, google), name: "google", access: access, wantCode: autherr.InvalidRequest},
	} {
		got, slot, err := c.set.Login(t.Context(), c.name, provider.Credential{AccessToken: c.access, IDToken: c.id, Use: provider.Request})
		if c.wantCode != "" {
			if err == nil || autherr.CodeOf(err) != c.wantCode {
				t.Errorf("%s: got %q and %v, want %s", name, got.Provider, err, c.wantCode)
			}
			continue
		}
		if err != nil || got.Provider != c.wantProvider || slot != c.wantSlot {
			t.Errorf("%s: got %q, slot %d and %v, want %q, slot %d", name, got.Provider, slot, err, c.wantProvider, c.wantSlot)
		}
		if got.Claims.Get("login") != true || got.Claims.Get("access") != c.access || got.Claims.Get("id") != c.id {
			t.Errorf("%s: the provider was shown %v", name, got.Claims)
		}
	}
}

func TestAuthenticateFindsTheProviderByTheToken(t *testing.T) {
	t.Parallel()
	issuer := providertest.NewIssuer(t)
	access, oidc := issuer.AccessToken("ada"), issuer.OIDCToken("ada@example.com")
	cotter := provider.Named{Name: "cotter", Provider: accessFrom(providertest.CotterIssuer)}
	google := provider.Named{Name: "google", Provider: idFrom(issuer.URL())}
	plain := provider.Named{Name: "plain", Provider: silent{}}

	for name, c := range map[string]struct {
		set          *provider.Set
		raw          string
		wantProvider string
		wantAccess   string
		wantID       string
	}{
		"by issuer, access token":       {setOf(google, cotter), access, "cotter", access, ""},
		"by issuer, id token":           {setOf(cotter, google), oidc, "google", "", oidc},
		"the only one, access token":    {setOf(cotter), "judged by the provider", "cotter", "judged by the provider", ""},
		"the only one, id token":        {setOf(google), "judged by the provider", "google", "", "judged by the provider"},
		"the only one, not addressable": {setOf(plain), "opaque", "plain", "opaque", ""},
	} {
		got, err := c.set.Authenticate(t.Context(), c.raw)
		if err != nil || got.Provider != c.wantProvider {
			t.Errorf("%s: got %q and %v, want %q", name, got.Provider, err, c.wantProvider)
		}
		if again, err := c.set.Authenticate(t.Context(), c.raw); err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("%s: got %+v, and then %+v and %v", name, got, again, err)
		}
		if got.Claims.Get("login") != false || got.Claims.Get("access") != c.wantAccess || got.Claims.Get("id") != c.wantID {
			t.Errorf("%s: the provider was shown %v", name, got.Claims)
		}
	}
	for name, raw := range map[string]string{
		"opaque":           "opaque",
		"empty":            "",
		"another audience": issuer.AccessToken("ada", providertest.Claim("aud", "other")),
		"another issuer":   issuer.AccessToken("ada", providertest.Claim("iss", "https://id.example.org")),
	} {
		if got, err := setOf(cotter, google).Authenticate(t.Context(), raw); autherr.CodeOf(err) != autherr.InvalidToken {
			t.Errorf("%s: got %q and %v, want %s", name, got.Provider, err, autherr.InvalidToken)
		}
	}
}

func TestRefresherIsTheOnlyOneOrTheNamedOne(t *testing.T) {
	t.Parallel()
	cotter := provider.Named{Name: "cotter", Provider: refreshing{accessFrom("a")}}
	second := provider.Named{Name: "second", Provider: refreshing{idFrom("b")}}
	google := provider.Named{Name: "google", Provider: idFrom("c")}

	for name, c := range map[string]struct {
		set      *provider.Set
		name     string
		want     string
		wantCode autherr.Code
	}{
		"the only one that can":    {set: setOf(google, cotter), want: "cotter"},
		"named":                    {set: setOf(cotter, second), name: "second", want: "second"},
		"several and none named":   {set: setOf(cotter, second), wantCode: autherr.InvalidRequest},
		"unknown name":             {set: setOf(cotter), name: "nobody", wantCode: autherr.InvalidRequest},
		"named one cannot":         {set: setOf(cotter, google), name: "google", wantCode: autherr.InvalidRequest},
		"none can":                 {set: setOf(google), wantCode: autherr.NotFound},
		"none can, the named also": {set: setOf(google), name: "google", wantCode: autherr.NotFound},
	} {
		got, refresher, err := c.set.Refresher(c.name)
		switch {
		case c.wantCode != "":
			if err == nil || autherr.CodeOf(err) != c.wantCode {
				t.Errorf("%s: got %q and %v, want %s", name, got.Name, err, c.wantCode)
			}
		case err != nil || got.Name != c.want || refresher == nil:
			t.Errorf("%s: got %q and %v, want %q", name, got.Name, err, c.want)
		}
	}
}

func TestTheSetKeepsTheOrderOfTheFile(t *testing.T) {
	t.Parallel()
	given := []provider.Named{{Name: "b", Provider: silent{}}, {Name: "a", Provider: silent{}}}
	set := provider.NewSet(given)
	given[0].Name = "changed afterwards"
	if all := set.All(); len(all) != 2 || all[0].Name != "b" || all[1].Name != "a" {
		t.Errorf("All returns %v, want b and a", all)
	}
}

// constant accepts everything and allocates nothing.
type constant struct{ addressed }

func (constant) Verify(context.Context, provider.Credential) (identity.Identity, error) {
	return identity.Identity{}, nil
}

func TestATokenThatComesAgainIsNotReadForItsWay(t *testing.T) { //nolint:paralleltest // allocations are everybody's
	issuer := providertest.NewIssuer(t)
	set := setOf(
		provider.Named{Name: "google", Provider: constant{idFrom(issuer.URL())}},
		provider.Named{Name: "cotter", Provider: constant{accessFrom(providertest.CotterIssuer)}},
	)
	access, ctx := issuer.AccessToken("ada"), t.Context()
	if allocations := testing.AllocsPerRun(100, func() {
		if id, err := set.Authenticate(ctx, access); err != nil || id.Provider != "cotter" {
			t.Errorf("got %q and %v", id.Provider, err)
		}
	}); allocations > 0 {
		t.Errorf("%v allocations", allocations)
	}
}
