package core_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
)

// interrupted is a database that calls before whenever a login is about to be
// recorded.
type interrupted struct {
	database.Database
	before func(identity.UserID)
}

func (i *interrupted) SignIn(ctx context.Context, s database.SignIn) error {
	i.before(s.User.ID)
	return i.Database.SignIn(ctx, s)
}

// TestLogin_Overtaken changes the user after a login has found it.
func TestLogin_Overtaken(t *testing.T) {
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
		"DeleteRepeatedly": {func(ctx context.Context, k *core.Kit, user identity.UserID) error {
			return k.Users().Delete(ctx, user)
		}, true, 503, "temporarily_unavailable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := &interrupted{Database: memstore.New(), before: func(identity.UserID) {}}
			h := newHarness(t, func(s *core.Settings) { s.Database = database.Existing(db) })
			h.login(t, ada, "")
			login := string(h.issuer.Login(ada).Body())
			h.clock.Advance(time.Second) // a token issued in the second of a revocation stays valid
			done := false
			db.before = func(user identity.UserID) {
				if done && !c.always {
					return
				}
				done = true
				if err := c.change(t.Context(), h.kit, user); err != nil {
					t.Error(err)
				}
			}
			is(t, h.call(t, "POST", "/auth/login", login), c.status, c.code)
			if !done {
				t.Error("the login was not about to be recorded")
			}
		})
	}
}

// A login that is overtaken each time ends after five attempts.
func TestLogin_Overtaken_Attempts(t *testing.T) {
	t.Parallel()
	db := &interrupted{Database: memstore.New(), before: func(identity.UserID) {}}
	h := newHarness(t, func(s *core.Settings) { s.Database = database.Existing(db) })
	is(t, h.login(t, ada, ""), 201, "")
	attempts := 0
	db.before = func(user identity.UserID) {
		attempts++
		if err := db.Accounts().Delete(t.Context(), user); err != nil {
			t.Error(err)
		}
	}
	is(t, h.login(t, ada, ""), 503, "temporarily_unavailable")
	if attempts != 5 || !strings.Contains(h.log.String(), `"reason":"login_overtaken"`) {
		t.Errorf("%d attempts, want 5 and their reason in %s", attempts, h.log)
	}
}

// overtaken is a database in which another transaction overtakes every login, and
// the client disconnects.
type overtaken struct {
	database.Database
	disconnect func()
	attempts   int
}

func (o *overtaken) SignIn(context.Context, database.SignIn) error {
	o.attempts++
	o.disconnect()
	return account.ErrOvertaken
}

func TestLogin_Overtaken_ContextEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	db := &overtaken{Database: memstore.New(), disconnect: cancel}
	h := newHarness(t, func(s *core.Settings) { s.Database = database.Existing(db) })
	r, _ := h.kit.Adapter().Serve(ctx, newRequest("POST", "/auth/login", string(h.issuer.Login(ada).Body()), "Content-Type", "application/json"))
	is(t, r, 503, "temporarily_unavailable")
	if db.attempts != 1 || !strings.Contains(h.log.String(), `"reason":"store_failed"`) {
		t.Errorf("%d attempts, want 1 and store_failed in %s", db.attempts, h.log)
	}
}
