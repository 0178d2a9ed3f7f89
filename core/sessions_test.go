package core_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

func TestSessions_List(t *testing.T) {
	t.Parallel()
	h := newHarness(t, nil)
	first := h.signIn(t, ada)
	h.clock.Advance(time.Second)
	second := h.signIn(t, ada)
	h.signIn(t, bob)
	ctx, rejection := h.authorize(t, core.Guard{}, first)
	if rejection != nil {
		t.Fatalf("%s", rejection.Body)
	}
	caller := h.caller(t, first)
	list, err := h.kit.Sessions().List(ctx, caller.UserID)
	if err != nil || len(list) != 2 || list[0].ID != h.caller(t, second).SessionID || list[1].ID != caller.SessionID {
		t.Fatalf("List: %+v, %v; want two sessions, newest first", list, err)
	}
	if list[0].Current || !list[1].Current || list[1].Address != "192.0.2.1" {
		t.Errorf("listed %+v, want the second as the caller's", list)
	}
	list, err = h.kit.Sessions().List(t.Context(), caller.UserID)
	if err != nil || len(list) != 2 || list[0].Current || list[1].Current {
		t.Errorf("List without a caller: %+v, %v; want no current session", list, err)
	}
}

func TestSessions_Revoke(t *testing.T) {
	t.Parallel()
	h, _, caller, token := newFailing(t, nil)
	other, bobsCaller := h.signIn(t, ada), h.caller(t, h.signIn(t, bob))
	sessions := h.kit.Sessions()
	wantError(t, "another user", sessions.Revoke(t.Context(), bobsCaller.UserID, caller.SessionID), autherr.NotFound, "unknown_session")
	h.admits(t, core.Guard{}, token, "")
	if err := sessions.Revoke(t.Context(), caller.UserID, caller.SessionID); err != nil {
		t.Fatalf("Revoke: %v", err)
	}
	h.admits(t, core.Guard{}, token, "invalid_token")
	h.admits(t, core.Guard{}, other, "")
	wantError(t, "again", sessions.Revoke(t.Context(), caller.UserID, caller.SessionID), autherr.NotFound, "unknown_session")
}

func TestSessions_RevokeOthers(t *testing.T) {
	t.Parallel()
	h, _, caller, token := newFailing(t, nil)
	other, bobsCaller := h.signIn(t, ada), h.signIn(t, bob)
	h.admits(t, core.Guard{}, other, "")
	if err := h.kit.Sessions().RevokeOthers(t.Context(), caller.UserID, caller.SessionID); err != nil {
		t.Fatalf("RevokeOthers: %v", err)
	}
	h.admits(t, core.Guard{}, token, "")
	h.admits(t, core.Guard{}, other, "invalid_token")
	h.admits(t, core.Guard{}, bobsCaller, "")
}

func TestSessions_StoreFailure(t *testing.T) {
	t.Parallel()
	h, db, caller, token := newFailing(t, nil)
	for method, call := range map[string]func(core.Sessions) error{
		"List":   func(s core.Sessions) error { _, err := s.List(t.Context(), caller.UserID); return err },
		"Revoke": func(s core.Sessions) error { return s.Revoke(t.Context(), caller.UserID, caller.SessionID) },
		"RevokeAll": func(s core.Sessions) error {
			return s.RevokeOthers(t.Context(), caller.UserID, caller.SessionID)
		},
	} {
		h.log.Reset()
		db.method, db.err = method, errDown
		wantError(t, method, call(h.kit.Sessions()), autherr.TemporarilyUnavailable, "store_failed")
		if strings.Contains(h.log.String(), "session_revoked") {
			t.Errorf("%s: the failure is logged as a revocation: %s", method, h.log)
		}
	}
	h.admits(t, core.Guard{}, token, "")
}

// A21: the session that revokes all others stays signed in.
func TestRevokeSessions_Cookie(t *testing.T) {
	t.Parallel()
	for body, clears := range map[string]bool{`{"others":true}`: false, `{"all":true}`: true} {
		h := newHarness(t, nil)
		line, _, _ := strings.Cut(h.login(t, ada, config.TransportCookie).Cookies[0], ";")
		r := h.call(t, "POST", "/auth/sessions/revoke", body, "Cookie", line)
		is(t, r, 204, "")
		if cleared := len(r.Cookies) > 0; cleared != clears {
			t.Errorf("%s sets %q, want a cleared cookie: %t", body, r.Cookies, clears)
		}
		status := 200
		if clears {
			status = 401
		}
		if r := h.call(t, "GET", "/auth/session", "", "Cookie", line); r.Status != status {
			t.Errorf("%s: the session then gets %d, want %d", body, r.Status, status)
		}
	}
}

// reregistered is a database in which the identity of every session belongs to a
// user that was registered after the session's user was deleted.
type reregistered struct {
	database.Database
	active bool
}

func (r *reregistered) Accounts() account.Store {
	return reregisteredAccounts{r.Database.Accounts(), r}
}

type reregisteredAccounts struct {
	account.Store
	*reregistered
}

func (r reregisteredAccounts) Find(ctx context.Context, key identity.Key) (identity.User, error) {
	user, err := r.Store.Find(ctx, key)
	if r.active {
		user.ID = uuid.Must(uuid.NewV7())
	}
	return user, err
}

// A21: a caller never gets the user that registered their identity later.
func TestShowSession_OtherUser(t *testing.T) {
	t.Parallel()
	db := &reregistered{Database: memstore.New()}
	h := newHarness(t, func(s *core.Settings) { s.Database = database.Existing(db) })
	bearer := []string{"Authorization", "Bearer " + h.signIn(t, ada)}
	is(t, h.call(t, "GET", "/auth/session", "", bearer...), 200, "")
	db.active = true
	is(t, h.call(t, "GET", "/auth/session", "", bearer...), 401, "invalid_token")
}

// TestRevokeAll_SameSecond revokes 700 ms after a full second. Tokens contain whole
// seconds, so every one of that second is revoked, and one of the next is valid.
func TestRevokeAll_SameSecond(t *testing.T) {
	t.Parallel()
	h := newHarness(t, providerToken(nil))
	h.clock.Advance(300 * time.Millisecond)
	login := h.issuer.Login(ada)
	is(t, h.call(t, "POST", "/auth/login", string(login.Body())), 201, "")
	ctx, _ := h.authorize(t, core.Guard{}, login.AccessToken)
	principal, _ := core.PrincipalFromContext(ctx)
	h.clock.Advance(400 * time.Millisecond)
	if err := h.kit.Sessions().RevokeAll(t.Context(), principal.UserID); err != nil {
		t.Fatal(err)
	}
	h.clock.Advance(299 * time.Millisecond)
	for _, old := range []providertest.Login{login, h.issuer.Login(ada)} {
		h.admits(t, core.Guard{}, old.AccessToken, "invalid_token")
		is(t, h.call(t, "POST", "/auth/login", string(old.Body())), 401, "invalid_token")
	}
	h.clock.Advance(time.Millisecond)
	h.admits(t, core.Guard{}, login.AccessToken, "invalid_token")
	fresh := h.issuer.Login(ada)
	is(t, h.call(t, "POST", "/auth/login", string(fresh.Body())), 200, "")
	h.admits(t, core.Guard{}, fresh.AccessToken, "")
}
