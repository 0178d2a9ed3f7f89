package core_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// loginWith posts a new sign-in with the member "extra".
func (h *harness) loginWith(t *testing.T, extra string) core.Response {
	t.Helper()
	body := text(t, h.issuer.Login(ada).Payload())
	if extra != "" {
		body = strings.TrimSuffix(body, "}") + `,"extra":` + extra + "}"
	}
	return h.call(t, "POST", "/auth/login", body)
}

// Cases: A17.
func TestHooks_Extra(t *testing.T) {
	t.Parallel()
	var got []string
	h := newHarness(
		t, nil,
		core.WithOnRegister(func(_ context.Context, r core.Registration) error {
			got = append(got, "register "+string(r.Extra))
			return nil
		}),
		core.WithOnLogin(func(_ context.Context, l core.Login) error {
			got = append(got, "login "+string(l.Extra))
			return nil
		}),
	)
	largest := `{"a":"` + strings.Repeat("x", 4096-len(`{"a":""}`)) + `"}`
	for _, c := range []struct {
		extra  string
		status int
		want   string
	}{
		{`{"invite":"7KQ2"}`, 201, `register {"invite":"7KQ2"}, login {"invite":"7KQ2"}`},
		{``, 200, `login `},
		{`null`, 200, `login `},
		{`{}`, 200, `login {}`},
		{largest, 200, `login ` + largest},
		{strings.Replace(largest, "x", "xx", 1), 400, ``},
		{`"7KQ2"`, 400, ``},
		{`["7KQ2"]`, 400, ``},
		{`{"a":1,"a":2}`, 400, ``},
		{`{"Email":1}`, 400, ``},
	} {
		got = nil
		r := h.loginWith(t, c.extra)
		if r.Status != c.status || strings.Join(got, ", ") != c.want {
			t.Errorf("%.40s: %d, hooks %.100q, want %d and %.100q", c.extra, r.Status, got, c.status, c.want)
		}
	}
	if log := h.log.String(); strings.Contains(log, "7KQ2") {
		t.Error("the log contains what the client chose")
	}
}

func TestOnLogin_Fields(t *testing.T) {
	t.Parallel()
	var got core.Login
	h := newHarness(t, nil,
		core.WithOnRegister(func(_ context.Context, r core.Registration) error {
			r.SetExternalID("7")
			return nil
		}),
		core.WithOnLogin(func(_ context.Context, l core.Login) error {
			got = l
			return nil
		}))
	for _, status := range []int{201, 200} {
		r := h.login(t, ada, config.TransportBearer)
		is(t, r, status, "")
		var body struct {
			User    struct{ ID string }
			Session struct{ ID string }
		}
		decode(t, r, &body)
		if got.UserID.String() != body.User.ID || got.Session.ID != body.Session.ID || got.Session.ID == "" ||
			got.Created != (status == 201) || got.Linked || got.ExternalID != "7" ||
			got.Provider != "cotter" || got.Issuer == "" || got.Subject == "" || got.Identifier != ada || got.AuthMethod != "OTP" ||
			got.Email != ada || !got.EmailVerified || got.Phone != "" || got.PhoneVerified || got.Tx != nil {
			t.Errorf("%d: the hook gets %+v, the response is %s", status, got, r.Body)
		}
	}
}

// A veto prevents the session and the record of the login, in each strategy.
func TestOnLogin_Veto(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*core.Settings){"opaque": nil, "JWT": jwtSessions, "provider_token": providerToken(nil)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var hook func() error
			db := memstore.New()
			h := newHarness(t, func(s *core.Settings) {
				s.Database = database.Existing(db)
				if edit != nil {
					edit(s)
				}
			}, core.WithOnLogin(func(context.Context, core.Login) error { return hook() }))
			hook = func() error { return nil }
			is(t, h.login(t, ada, config.TransportCookie), 201, "")
			key := identity.Key{Issuer: providertest.CotterIssuer, Subject: providertest.SubjectOf(ada)}
			before, err := db.Accounts().Find(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			h.clock.Advance(time.Second)
			for _, c := range []struct {
				hook   func() error
				status int
				code   string
			}{
				{func() error { return autherr.AccountExists }, 409, "account_exists"},
				{func() error { return autherr.New(autherr.RegistrationClosed, "closed") }, 403, "registration_closed"},
				{func() error { return autherr.New("undeclared", "") }, 500, "internal"},
				{func() error { return errors.New("boom") }, 500, "internal"},
				{func() error { panic("boom") }, 500, "internal"},
			} {
				hook = c.hook
				r := h.login(t, ada, config.TransportCookie)
				is(t, r, c.status, c.code)
				if len(r.Cookies) > 0 {
					t.Errorf("%s: a cookie is set: %q", c.code, r.Cookies)
				}
				if after, err := db.Accounts().Find(t.Context(), key); err != nil || after != before {
					t.Errorf("%s: the login is recorded: %+v, %v", c.code, after, err)
				}
				active, err := db.Sessions().List(t.Context(), before.ID, h.clock.Now())
				if want := 1; err != nil || name != "provider_token" && len(active) != want {
					t.Errorf("%s: %d sessions, %v, want %d", c.code, len(active), err, want)
				}
			}
			hook = func() error { return nil }
			is(t, h.login(t, ada, config.TransportCookie), 200, "")
		})
	}
}

// A hook that would never run is an error.
func TestOnLogin_NothingStored(t *testing.T) {
	t.Parallel()
	h := newHarness(t, nil)
	s := h.settings()
	providerToken(func(p *config.ProviderTokenSession) { p.User = config.UserNone })(&s)
	s.Database = nil
	kit, err := core.New(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if err := kit.Close(); err != nil {
		t.Error(err)
	}
	_, err = core.New(t.Context(), s, core.WithOnLogin(func(context.Context, core.Login) error { return nil }))
	if err == nil || !strings.Contains(err.Error(), "WithOnLogin") {
		t.Errorf("got %v, want an error that names the hook", err)
	}
}

// A hook joins a user: the response, and the principal of later requests.
func TestOnRegister_Join(t *testing.T) {
	t.Parallel()
	var existing identity.UserID
	var vetoes bool
	h := newHarness(t, nil, core.WithOnRegister(func(_ context.Context, r core.Registration) error {
		if r.Email == ada {
			existing = r.UserID
			return nil
		}
		r.Join(existing)
		r.SetExternalID("7")
		return nil
	}), core.WithOnLogin(func(_ context.Context, l core.Login) error {
		if !vetoes || !l.Linked {
			return nil
		}
		return autherr.AccountDisabled
	}))
	older := h.signIn(t, ada)
	h.admits(t, core.Guard{}, older, "")
	r := h.login(t, bob, config.TransportBearer)
	is(t, r, 200, "")
	var body struct {
		issued
		Created, Linked bool
		User            struct {
			ID         string
			ExternalID string `json:"external_id"`
		}
	}
	decode(t, r, &body)
	if body.Created || !body.Linked || body.User.ID != existing.String() || body.User.ExternalID != "7" {
		t.Errorf("got %s, want the user %s", r.Body, existing)
	}
	h.admits(t, core.Guard{}, older, "invalid_token")
	ctx, refusal := h.authorize(t, core.Guard{}, body.Token.AccessToken)
	if refusal != nil {
		t.Fatalf("%d %s", refusal.Status, refusal.Body)
	}
	if p, _ := core.PrincipalFromContext(ctx); p.UserID != existing || p.ExternalID != "7" {
		t.Errorf("the caller is %+v", p)
	}
	vetoes = true
	is(t, h.login(t, "carl@example.com", ""), 403, "account_disabled")
	is(t, h.login(t, "carl@example.com", ""), 200, "") // the identity was added
	if n := strings.Count(h.log.String(), `"event":"identity_linked"`); n != 2 {
		t.Errorf("%d events identity_linked, want 2", n)
	}
}
