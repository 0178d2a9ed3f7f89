package core_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/cotter"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
	"github.com/cotterpin/cotterpin/core/session"
)

var errDown = errors.New("dial tcp 10.0.0.5:5432: connection refused")

// fragile is a database that can be down.
type fragile struct {
	database.Database
	down atomic.Bool
}

func newFragile() *fragile { return &fragile{Database: memstore.New()} }

func (f *fragile) Accounts() account.Store     { return fragileAccounts{f.Database.Accounts(), f} }
func (f *fragile) Sessions() session.Store     { return fragileSessions{f.Database.Sessions(), f} }
func (f *fragile) Ready(context.Context) error { return f.err() }

func (f *fragile) err() error {
	if f.down.Load() {
		return errDown
	}
	return nil
}

type fragileAccounts struct {
	account.Store
	*fragile
}

func (f fragileAccounts) Find(ctx context.Context, key identity.Key) (identity.User, error) {
	if err := f.err(); err != nil {
		return identity.User{}, err
	}
	return f.Store.Find(ctx, key)
}

type fragileSessions struct {
	session.Store
	*fragile
}

func (f fragileSessions) Find(ctx context.Context, l session.Lookup) (session.Session, error) {
	if err := f.err(); err != nil {
		return session.Session{}, err
	}
	return f.Store.Find(ctx, l)
}

func TestOutage_DatabaseIsNoBadCredential(t *testing.T) {
	t.Parallel()
	db := newFragile()
	h := newHarness(t, func(s *core.Settings) { s.Database = database.Existing(db) })
	token := h.signIn(t, ada)
	login := string(h.issuer.Login(ada).Body())
	bearer := []string{"Authorization", "Bearer " + token}
	h.admits(t, core.Guard{}, token, "")

	db.down.Store(true)
	for name, refused := range map[string]core.Response{
		"login":   h.call(t, "POST", "/auth/login", login),
		"session": h.call(t, "GET", "/auth/session", "", bearer...),
		"list":    h.call(t, "GET", "/auth/sessions", "", bearer...),
		"revoke":  h.call(t, "POST", "/auth/sessions/revoke", `{"all":true}`, bearer...),
		"logout":  h.call(t, "POST", "/auth/logout", "", bearer...),
		"ready":   h.call(t, "GET", "/auth/ready", ""),
	} {
		is(t, refused, 503, "temporarily_unavailable")
		if len(refused.Cookies) != 0 || field(refused, "Retry-After") == "" || strings.Contains(string(refused.Body), "10.0.0.5") {
			t.Errorf("%s: %v %q %s", name, refused.Header, refused.Cookies, refused.Body)
		}
	}
	h.admits(t, core.Guard{}, token, "temporarily_unavailable")
	h.admits(t, core.Guard{Optional: true}, token, "temporarily_unavailable")
	if ctx, refusal := h.kit.Adapter().Authorize(t.Context(), newRequest("GET", "/", ""), http.Header{}, core.Guard{Optional: true}); refusal != nil {
		t.Errorf("a request without a credential was rejected: %s", refusal.Body)
	} else if _, known := core.PrincipalFromContext(ctx); known {
		t.Error("a request without a credential has a caller")
	}
	is(t, h.call(t, "GET", "/auth/ok", ""), 200, "")

	db.down.Store(false)
	h.admits(t, core.Guard{}, token, "")
}

func TestServe_Panic(t *testing.T) {
	t.Parallel()
	broken := provider.Define(provider.Definition[cotter.Settings]{
		Type: "broken",
		Open: func(ctx context.Context, s cotter.Settings, env provider.Env) (provider.Driver, error) {
			env.Development = true
			driver, err := cotter.Type.Open(ctx, &s, env)
			return panics{driver}, err
		},
	})
	h := newHarness(t, func(s *core.Settings) { s.Providers[0].Type = broken })
	r := h.login(t, ada, config.TransportBearer)
	is(t, r, 500, "internal")
	if strings.Contains(string(r.Body), "secret inside") {
		t.Errorf("%s", r.Body)
	}
	is(t, h.call(t, "GET", "/auth/ok", ""), 200, "")
}

// panics is Cotter's driver with an Identify that panics.
type panics struct{ provider.Driver }

func (panics) Identify(provider.Verified) (identity.Identity, error) {
	panic("secret inside")
}

func TestRefresh_OutageKeepsToken(t *testing.T) {
	t.Parallel()
	db := newFragile()
	h := newHarness(t, func(s *core.Settings) {
		providerToken(nil)(s)
		s.Database = database.Existing(db)
	})
	login := h.issuer.Login(ada)
	is(t, h.call(t, "POST", "/auth/login", string(login.Body())), 201, "")
	body := `{"refresh_token":"` + login.RefreshToken + `"}`

	db.down.Store(true)
	is(t, h.call(t, "POST", "/auth/refresh", body), 503, "temporarily_unavailable")
	db.down.Store(false)
	h.issuer.SetJWKS(providertest.Failing)
	h.clock.Advance(25 * time.Hour)
	is(t, h.call(t, "POST", "/auth/refresh", body), 503, "temporarily_unavailable")
	h.issuer.SetJWKS(providertest.OK)
	h.clock.Advance(time.Minute)
	is(t, h.call(t, "POST", "/auth/refresh", body), 200, "")
}

func TestReady_OneOfTwoProviders(t *testing.T) {
	t.Parallel()
	down := providertest.NewIssuer(t)
	down.SetJWKS(providertest.Failing)
	for name, c := range map[string]struct {
		edit func(*core.Settings)
		both int
	}{
		"Own":           {func(*core.Settings) {}, 200},
		"ProviderToken": {providerToken(nil), 503},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, func(s *core.Settings) {
				c.edit(s)
				gone := s.Providers[0]
				gone.Name = "gone"
				gone.Settings = &cotter.Settings{APIKeyID: "other", BaseURL: down.CotterURL(), Issuer: "https://gone.example"}
				s.Providers = append(s.Providers, gone)
			})
			r := h.call(t, "GET", "/auth/ready", "")
			if r.Status != 200 || string(r.Body) != `{"status":"degraded"}` {
				t.Errorf("%d %s", r.Status, r.Body)
			}
			h.issuer.SetJWKS(providertest.Failing)
			h.clock.Advance(25 * time.Hour)
			if r := h.call(t, "GET", "/auth/ready", ""); r.Status != c.both {
				t.Errorf("both unreachable: %d %s", r.Status, r.Body)
			}
		})
	}
}
