package core_test

import (
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// deployments are harnesses with one issuer, clock and database, and the states of
// the provider block.
type deployments struct{ active, draining, disabled, again *harness }

func newDeployments(t *testing.T, edit func(*core.Settings)) deployments {
	t.Helper()
	first := newHarness(t, edit)
	s := first.settings()
	if edit != nil {
		edit(&s)
	}
	var stored *database.Instance
	open := func(state string) *harness {
		next := s
		next.Database = stored
		next.Providers = []provider.Instance{s.Providers[0]}
		next.Providers[0].Common.State = state
		h := &harness{issuer: first.issuer, clock: first.clock, log: &record{}}
		h.open(t, next)
		return h
	}
	stored = s.Database
	return deployments{open(config.StateActive), open(config.StateDraining), open(config.StateDisabled), open("")}
}

// A disabled block ends nothing: what is rejected is valid again afterward.
func TestKit_DisabledBlock(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*core.Settings){
		"opaque":         nil,
		"cached":         func(s *core.Settings) { s.Own.CacheTTL = config.Duration(time.Minute) },
		"JWT":            jwtSessions,
		"provider_token": providerToken(nil),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeployments(t, edit)
			var session issued
			decode(t, d.active.login(t, ada, config.TransportBearer), &session)
			access, refresh := session.Token.AccessToken, session.Token.RefreshToken

			for _, h := range []*harness{d.active, d.draining, d.again} {
				is(t, h.login(t, ada, config.TransportBearer), 200, "")
				h.admits(t, core.Guard{}, access, "")
				is(t, h.sessionBy(t, "Authorization", "Bearer "+access), 200, "")
			}
			is(t, d.disabled.login(t, ada, config.TransportBearer), 401, "invalid_token")
			is(t, d.disabled.login(t, bob, config.TransportBearer), 401, "invalid_token")
			d.disabled.admits(t, core.Guard{}, access, "invalid_token")
			d.disabled.admits(t, core.Guard{Fresh: true}, access, "invalid_token")
			is(t, d.disabled.sessionBy(t, "Authorization", "Bearer "+access), 401, "invalid_token")
			is(t, d.disabled.call(t, "GET", "/auth/ready", ""), 200, "")
			if refresh != "" {
				is(t, d.disabled.refresh(t, refresh), 401, "invalid_token")
				is(t, d.again.refresh(t, refresh), 200, "")
			}
			d.again.admits(t, core.Guard{}, access, "")
		})
	}
}

// The issuer of a disabled block need not be reachable.
func TestReady_DisabledBlock(t *testing.T) {
	t.Parallel()
	for _, edit := range []func(*core.Settings){nil, providerToken(nil)} {
		d := newDeployments(t, edit)
		d.active.issuer.SetJWKS(providertest.Failing)
		const ok, degraded = `{"status":"ok"}`, `{"status":"degraded"}`
		if r := d.active.call(t, "GET", "/auth/ready", ""); string(r.Body) == ok+"\n" || string(r.Body) == ok {
			t.Errorf("with unreachable keys: %d %s", r.Status, r.Body)
		}
		before := d.active.issuer.Requests(providertest.CotterKeysPath)
		r := d.disabled.call(t, "GET", "/auth/ready", "")
		is(t, r, 200, "")
		if got := string(r.Body); got == degraded || got == degraded+"\n" {
			t.Errorf("disabled: %s", got)
		}
		if after := d.active.issuer.Requests(providertest.CotterKeysPath); after != before {
			t.Errorf("%d requests for keys of a disabled block", after-before)
		}
	}
}

func TestRefresh_DisabledBlock(t *testing.T) {
	t.Parallel()
	d := newDeployments(t, providerToken(nil))
	login := d.active.issuer.Login(ada)
	is(t, d.active.call(t, "POST", "/auth/login", text(t, login.Payload())), 201, "")
	token, _ := login.OAuthToken()["refresh_token"].(string)
	is(t, d.disabled.refresh(t, token), 401, "invalid_token")
	is(t, d.active.refresh(t, token), 200, "")
}
