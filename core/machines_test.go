package core_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/oidc"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// newMachineHarness opens a kit whose callers are recognized by access tokens of an
// OpenID provider.
func newMachineHarness(t *testing.T) *harness {
	t.Helper()
	h := &harness{
		issuer: providertest.NewIssuer(t),
		clock:  &clock{now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)},
		log:    &record{},
	}
	h.issuer.Now = h.clock.Now
	s := h.settings()
	providerToken(nil)(&s)
	s.Providers = []provider.Instance{{Type: loopbackOIDC, Name: "corp", Settings: &oidc.Settings{
		Issuer:   h.issuer.URL(),
		Audience: []string{providertest.Audience},
		AccessToken: &oidc.AccessToken{
			Audience: []string{"api"},
			Typed:    new(false),
			Login:    true,
			Clients:  []string{"web", "svc", ""},
		},
		Machines: &oidc.Machines{Claims: map[string]string{"/realm/kind": "service", "scope": "batch"}},
	}}}
	h.open(t, s)
	return h
}

// access returns an access token of ada's, with changes given as names and values.
func (h *harness) access(namesAndValues ...any) string {
	edits := []providertest.Edit{providertest.Claim("aud", "api")}
	for i := 0; i < len(namesAndValues); i += 2 {
		edits = append(edits, providertest.Claim(namesAndValues[i].(string), namesAndValues[i+1]))
	}
	return h.issuer.OIDCToken(ada, edits...)
}

// Cases: T24.
func TestGuard_Machines(t *testing.T) {
	t.Parallel()
	h := newMachineHarness(t)
	realm := map[string]any{"kind": "service"}
	user := h.access("client_id", "web")
	is(t, h.call(t, "POST", "/auth/login", `{"oauth_token":{"access_token":"`+user+`"}}`), 201, "")
	for name, c := range map[string]struct {
		token   string
		machine bool
	}{
		"of a user":                   {user, false},
		"sub is another client":       {h.access("sub", "other", "client_id", "web"), false},
		"sub is client_id":            {h.access("sub", "svc", "client_id", "svc"), true},
		"sub is azp":                  {h.access("sub", "svc", "azp", "svc"), true},
		"sub is cid":                  {h.access("sub", "svc", "cid", "svc"), true},
		"Auth0":                       {h.access("sub", "svc@clients", "azp", "svc"), true},
		"another client's":            {h.access("sub", "svc@clients", "azp", "web"), false},
		"idtyp app":                   {h.access("idtyp", "app"), true},
		"idtyp user":                  {h.access("idtyp", "user"), false},
		"gty":                         {h.access("gty", "client-credentials"), true},
		"gty of words":                {h.access("gty", "other client-credentials"), true},
		"gty is a list":               {h.access("gty", []string{"other", "client-credentials"}), true},
		"gty of another grant":        {h.access("gty", "password"), false},
		"gty is a part":               {h.access("gty", "no-client-credentials"), false},
		"claims of the block":         {h.access("realm", realm, "scope", "read batch"), true},
		"some of the block's claims":  {h.access("realm", realm, "scope", "read"), false},
		"other claims of the block's": {h.access("scope", "batch"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !c.machine {
				code := ""
				if _, refused := h.authorize(t, core.Guard{}, c.token); refused != nil {
					code = "not_registered"
				}
				h.admits(t, core.Guard{Machines: true}, c.token, code)
				return
			}
			h.admits(t, core.Guard{}, c.token, "insufficient_scope")
			h.admits(t, core.Guard{Optional: true}, c.token, "insufficient_scope")
			ctx, refused := h.authorize(t, core.Guard{Machines: true, Providers: []string{"corp"}}, c.token)
			if refused != nil {
				t.Fatalf("a guard of machines: %d %s", refused.Status, refused.Body)
			}
			p, _ := core.PrincipalFromContext(ctx)
			if p.Kind != identity.KindMachine || p.UserID != uuid.Nil || p.Subject == "" {
				t.Errorf("the caller is %+v", p)
			}
			_, err := core.UserFromContext(ctx)
			wantError(t, "its user", err, autherr.NotFound, "no_user")
			is(t, h.call(t, "POST", "/auth/login", `{"oauth_token":{"access_token":"`+c.token+`"}}`), 403, "machine_caller")
			is(t, h.call(t, "GET", "/auth/session", "", "Authorization", "Bearer "+c.token), 403, "machine_caller")
			is(t, h.call(t, "POST", "/auth/sessions/revoke", `{"all":true}`, "Authorization", "Bearer "+c.token), 403, "machine_caller")
			is(t, h.call(t, "POST", "/auth/logout", "", "Authorization", "Bearer "+c.token), 204, "")
		})
	}
	h.admits(t, core.Guard{}, user, "")
	ctx, _ := h.authorize(t, core.Guard{}, user)
	if p, _ := core.PrincipalFromContext(ctx); p.Kind != identity.KindUser || p.UserID == uuid.Nil {
		t.Errorf("the user is %+v", p)
	}
}

// A machine's token is no user either where it is posted as an ID token.
func TestLogin_MachineIDToken(t *testing.T) {
	t.Parallel()
	h := newMachineHarness(t)
	idToken := func(edits ...providertest.Edit) string {
		return `{"oauth_token":{"id_token":"` + h.issuer.OIDCToken(ada, edits...) + `","access_token":"` + h.access("client_id", "web") + `"}}`
	}
	is(t, h.call(t, "POST", "/auth/login", idToken()), 201, "")
	is(t, h.call(t, "POST", "/auth/login", idToken(providertest.Claim("azp", providertest.Audience))), 200, "")
	is(t, h.call(t, "POST", "/auth/login", idToken(providertest.Claim("gty", "client-credentials"))), 401, "invalid_token")
	is(t, h.call(t, "POST", "/auth/login", idToken(providertest.Claim("client_id", providertest.SubjectOf(ada)))), 403, "machine_caller")
}
