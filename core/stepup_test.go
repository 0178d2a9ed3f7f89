package core_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// stepUp is the response to a login that presents a session.
type stepUp struct {
	Session struct {
		ID         string    `json:"id"`
		AuthMethod string    `json:"auth_method"`
		CreatedAt  time.Time `json:"created_at"`
		ExpiresAt  time.Time `json:"expires_at"`
	}
	Token struct {
		AccessToken string `json:"access_token"`
	}
}

// signInWith logs a user in by bearer, with the header lines.
func (h *harness) signInWith(t *testing.T, identifier string, edits []providertest.Edit, lines ...string) (s stepUp) {
	t.Helper()
	payload := map[string]any{
		"oauth_token": map[string]any{"id_token": h.issuer.OIDCToken(identifier, edits...)},
		"transport":   config.TransportBearer,
	}
	r := h.call(t, "POST", "/auth/login", text(t, payload), lines...)
	decode(t, r, &s)
	if s.Token.AccessToken == "" {
		t.Fatalf("no token: %d %s", r.Status, r.Body)
	}
	return s
}

func presenting(s stepUp) []string {
	return []string{"Authorization", "Bearer " + s.Token.AccessToken}
}

// withOtherSecret returns the token with the first character of its secret changed.
func withOtherSecret(token string) string {
	lookup, secret, _ := strings.Cut(token, ".")
	if secret[0] == 'A' {
		return lookup + ".B" + secret[1:]
	}
	return lookup + ".A" + secret[1:]
}

// Cases: T25.
func TestLogin_StepUp(t *testing.T) {
	t.Parallel()
	h := newOIDCHarness(t, config.StrategyOwn, []string{"role"}, nil)
	weak := h.signInWith(t, ada, []providertest.Edit{providertest.Claim("amr", []string{"pwd"}), providertest.Claim("role", "user")})
	transfer := core.Guard{ACR: []string{"gold"}, MaxAge: time.Minute, RequireAuthTime: true, Claims: map[string]string{"role": "user"}}
	h.admits(t, core.Guard{}, weak.Token.AccessToken, "")
	h.admits(t, transfer, weak.Token.AccessToken, "reauthentication_required")

	h.clock.Advance(time.Hour)
	strong := h.signInWith(t, ada, []providertest.Edit{
		providertest.Claim("amr", []string{"pwd", "hwk"}), providertest.Claim("acr", "gold"), providertest.Claim("role", "user"),
	}, presenting(weak)...)
	if strong.Session.ID != weak.Session.ID || strong.Token.AccessToken == weak.Token.AccessToken {
		t.Errorf("the session is %+v, after %+v", strong, weak)
	}
	isNew := strong.Session.CreatedAt.Equal(h.clock.Now()) && strong.Session.ExpiresAt.Sub(weak.Session.ExpiresAt) == time.Hour
	if strong.Session.AuthMethod != "pwd hwk" || !isNew {
		t.Errorf("the session is %+v", strong.Session)
	}
	h.admits(t, core.Guard{}, weak.Token.AccessToken, "invalid_token")
	h.admits(t, transfer, strong.Token.AccessToken, "")

	again := h.signInWith(t, ada, nil, presenting(strong)...)
	if again.Session.ID != weak.Session.ID {
		t.Errorf("the session is %+v", again)
	}
	h.admits(t, core.Guard{Claims: map[string]string{"role": "user"}}, again.Token.AccessToken, "insufficient_scope")
	h.admits(t, core.Guard{ACR: []string{"gold"}}, again.Token.AccessToken, "reauthentication_required")
}

func TestLogin_StepUpOfAnother(t *testing.T) {
	t.Parallel()
	h := newOIDCHarness(t, config.StrategyOwn, nil, nil)
	begin := func() stepUp { return h.signInWith(t, ada, nil) }
	end := func(s stepUp) { is(t, h.call(t, "POST", "/auth/logout", "", presenting(s)...), 204, "") }
	revokeAll := func(s stepUp) {
		is(t, h.call(t, "POST", "/auth/sessions/revoke", `{"all":true}`, presenting(s)...), 204, "")
		h.clock.Advance(time.Second)
	}
	for name, c := range map[string]struct {
		before     func(stepUp)
		identifier string
		lines      func(stepUp) []string
	}{
		"another user": {identifier: bob, lines: presenting},
		"logged out":   {before: end, identifier: ada, lines: presenting},
		"all revoked":  {before: revokeAll, identifier: ada, lines: presenting},
		"expired":      {before: func(stepUp) { h.clock.Advance(31 * 24 * time.Hour) }, identifier: ada, lines: presenting},
		"as a cookie":  {identifier: ada, lines: func(s stepUp) []string { return []string{"Cookie", cookieName + "=" + s.Token.AccessToken} }},
		"with wrong secret": {identifier: ada, lines: func(s stepUp) []string {
			return []string{"Authorization", "Bearer " + withOtherSecret(s.Token.AccessToken)}
		}},
	} {
		old := begin()
		if c.before != nil {
			c.before(old)
		}
		next := h.signInWith(t, c.identifier, nil, c.lines(old)...)
		if next.Session.ID == old.Session.ID {
			t.Errorf("%s: the session continues", name)
		}
		h.admits(t, core.Guard{}, next.Token.AccessToken, "")
		if slices.Contains([]string{"as a cookie", "with wrong secret"}, name) {
			h.admits(t, core.Guard{}, old.Token.AccessToken, "")
		} else {
			h.admits(t, core.Guard{}, old.Token.AccessToken, "invalid_token")
		}
	}
}

// TestLogin_StepUpOvertaken revokes the presented session after the login has
// found it.
func TestLogin_StepUpOvertaken(t *testing.T) {
	t.Parallel()
	db := &interrupted{Database: memstore.New(), before: func(identity.UserID) {}}
	h := &harness{issuer: providertest.NewIssuer(t), clock: &clock{now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}, log: &record{}}
	h.issuer.Now = h.clock.Now
	s := h.settings()
	h.useOIDC(&s, nil)
	s.Database = database.Existing(db)
	h.open(t, s)

	old := h.signInWith(t, ada, nil)
	if kept := h.signInWith(t, ada, nil, presenting(old)...); kept.Session.ID != old.Session.ID {
		t.Fatalf("the session does not continue: %+v", kept)
	} else {
		old = kept
	}
	interruptions := 0
	db.before = func(user identity.UserID) {
		if interruptions++; interruptions == 1 {
			if err := h.kit.Sessions().Revoke(context.WithoutCancel(t.Context()), user, old.Session.ID); err != nil {
				t.Error(err)
			}
		}
	}
	next := h.signInWith(t, ada, nil, presenting(old)...)
	if next.Session.ID == old.Session.ID || interruptions != 2 {
		t.Errorf("the revoked session continues: %+v, in %d attempts", next, interruptions)
	}
	h.admits(t, core.Guard{}, old.Token.AccessToken, "invalid_token")
	h.admits(t, core.Guard{}, next.Token.AccessToken, "")
}

func TestLogin_StepUpRace(t *testing.T) {
	t.Parallel()
	h := newOIDCHarness(t, config.StrategyOwn, nil, nil)
	old := h.signInWith(t, ada, nil)
	const racers = 8
	next := make([]stepUp, racers)
	var all sync.WaitGroup
	for i := range racers {
		all.Go(func() { next[i] = h.signInWith(t, ada, nil, presenting(old)...) })
	}
	all.Wait()
	ids := map[string]bool{}
	for _, s := range next {
		ids[s.Session.ID] = true
		h.admits(t, core.Guard{}, s.Token.AccessToken, "")
	}
	if len(ids) != racers || !ids[old.Session.ID] {
		t.Errorf("the sessions are %v, want %d and one of them %s", ids, racers, old.Session.ID)
	}
	h.admits(t, core.Guard{}, old.Token.AccessToken, "invalid_token")
}
