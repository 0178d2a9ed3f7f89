package core_test

import (
	"context"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

// slow is a database in which something happens each time before a session is
// created.
type slow struct {
	database.Database
	before func(identity.UserID)
}

func (s *slow) Sessions() session.Store { return slowSessions{s.Database.Sessions(), s} }

type slowSessions struct {
	session.Store
	*slow
}

func (s slowSessions) Create(ctx context.Context, r session.Record, login identity.User, limit int) error {
	s.before(r.UserID)
	return s.Store.Create(ctx, r, login, limit)
}

// TestALoginThatAnAdministratorOvertakesStartsAgain changes the user when a
// login has found it and its session is not there yet.
func TestALoginThatAnAdministratorOvertakesStartsAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(context.Context, *core.Kit, identity.UserID) error
		always bool
		status int
		code   string
	}{
		"Nothing": {func(context.Context, *core.Kit, identity.UserID) error { return nil }, true, 200, ""},
		"Disable": {func(ctx context.Context, k *core.Kit, user identity.UserID) error {
			return k.Users().Disable(ctx, user)
		}, false, 403, "account_disabled"},
		"RevokeAll": {func(ctx context.Context, k *core.Kit, user identity.UserID) error {
			return k.Sessions().RevokeAll(ctx, user)
		}, false, 401, "invalid_token"},
		"Delete": {func(ctx context.Context, k *core.Kit, user identity.UserID) error {
			return k.Users().Delete(ctx, user)
		}, false, 201, ""},
		"DeleteAgainAndAgain": {func(ctx context.Context, k *core.Kit, user identity.UserID) error {
			return k.Users().Delete(ctx, user)
		}, true, 503, "temporarily_unavailable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := &slow{Database: memstore.New(), before: func(identity.UserID) {}}
			h := newHarness(t, func(s *core.Settings) { s.Database = database.Existing(db) })
			h.login(t, ada, "")
			login := string(h.issuer.Login(ada).Body())
			h.clock.Advance(time.Second) // what was issued in the second of a revocation outlives it
			happened := false
			db.before = func(user identity.UserID) {
				if happened && !c.always {
					return
				}
				happened = true
				if err := c.change(t.Context(), h.kit, user); err != nil {
					t.Error(err)
				}
			}
			is(t, h.call(t, "POST", "/auth/login", login), c.status, c.code)
			if !happened {
				t.Error("no session was about to be created")
			}
		})
	}
}
