package core_test

import (
	"context"
	"errors"
	"net/http"
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
	"github.com/cotterpin/cotterpin/core/session"
)

// failing is a database of which one method fails if err is set. Those that
// disable, enable or revoke all fail after they have done so.
type failing struct {
	database.Database
	method string
	err    error
}

func (f *failing) Accounts() account.Store { return failingAccounts{f.Database.Accounts(), f} }
func (f *failing) Sessions() session.Store { return failingSessions{f.Database.Sessions(), f} }

func (f *failing) fail(method string) error {
	if f.method != method {
		return nil
	}
	return f.err
}

type failingAccounts struct {
	account.Store
	*failing
}

func (f failingAccounts) Get(ctx context.Context, id identity.UserID) (identity.User, error) {
	if err := f.fail("Get"); err != nil {
		return identity.User{}, err
	}
	return f.Store.Get(ctx, id)
}

func (f failingAccounts) Identities(ctx context.Context, id identity.UserID) ([]identity.Stored, error) {
	if err := f.fail("Identities"); err != nil {
		return nil, err
	}
	return f.Store.Identities(ctx, id)
}

func (f failingAccounts) List(ctx context.Context, q account.Query) ([]identity.User, error) {
	if err := f.fail("List"); err != nil {
		return nil, err
	}
	return f.Store.List(ctx, q)
}

func (f failingAccounts) Transact(ctx context.Context, locks []string, do func(context.Context, account.Tx) error) error {
	if err := f.fail("Transact"); err != nil {
		return err
	}
	return f.Store.Transact(ctx, locks, do)
}

func (f failingAccounts) Disable(ctx context.Context, id identity.UserID, at time.Time) error {
	return errors.Join(f.fail("Disable"), f.Store.Disable(ctx, id, at))
}

func (f failingAccounts) Enable(ctx context.Context, id identity.UserID) error {
	return errors.Join(f.fail("Enable"), f.Store.Enable(ctx, id))
}

func (f failingAccounts) SetNotBefore(ctx context.Context, id identity.UserID, at time.Time) error {
	return errors.Join(f.fail("SetNotBefore"), f.Store.SetNotBefore(ctx, id, at))
}

func (f failingAccounts) Delete(ctx context.Context, id identity.UserID) error {
	if err := f.fail("Delete"); err != nil {
		return err
	}
	return f.Store.Delete(ctx, id)
}

type failingSessions struct {
	session.Store
	*failing
}

func (f failingSessions) List(ctx context.Context, user identity.UserID, now time.Time) ([]session.Session, error) {
	if err := f.fail("List"); err != nil {
		return nil, err
	}
	return f.Store.List(ctx, user, now)
}

func (f failingSessions) Revoke(ctx context.Context, user identity.UserID, id, reason string, at time.Time) error {
	if err := f.fail("Revoke"); err != nil {
		return err
	}
	return f.Store.Revoke(ctx, user, id, reason, at)
}

func (f failingSessions) RevokeAll(ctx context.Context, user identity.UserID, except, reason string, at time.Time) (int, error) {
	n, err := f.Store.RevokeAll(ctx, user, except, reason, at)
	return n, errors.Join(f.fail("RevokeAll"), err)
}

// newFailing returns a kit whose database can fail, and the caller of a session
// in it.
func newFailing(t *testing.T, edit func(*core.Settings)) (*harness, *failing, identity.Principal, string) {
	t.Helper()
	db := &failing{Database: memstore.New()}
	h := newHarness(t, func(s *core.Settings) {
		if edit != nil {
			edit(s)
		}
		s.Database = database.Existing(db)
	})
	token := h.signIn(t, ada)
	return h, db, h.caller(t, token), token
}

// caller returns the caller that the token belongs to.
func (h *harness) caller(t *testing.T, token string) identity.Principal {
	t.Helper()
	r := newRequest("GET", "/", "", "Authorization", "Bearer "+token)
	ctx, rejection := h.kit.Adapter().Authorize(t.Context(), r, http.Header{}, core.Guard{})
	if rejection != nil {
		t.Fatalf("Authorize: %d %s", rejection.Status, rejection.Body)
	}
	caller, _ := core.PrincipalFromContext(ctx)
	return caller
}

func wantError(t *testing.T, what string, err error, code autherr.Code, reason string) {
	t.Helper()
	if err == nil || autherr.CodeOf(err) != code || autherr.ReasonOf(err) != reason {
		t.Errorf("%s: got %v, want %s (%s)", what, err, code, reason)
	}
}

// administration is every method that administers a user, with the methods of
// the stores that it calls and the event that it logs.
var administration = map[string]struct {
	call    func(context.Context, *core.Kit, identity.UserID) error
	methods []string
	event   string // "": none
}{
	"Get": {func(ctx context.Context, k *core.Kit, id identity.UserID) error {
		_, err := k.Users().Get(ctx, id)
		return err
	}, []string{"Get"}, ""},
	"Disable": {func(ctx context.Context, k *core.Kit, id identity.UserID) error {
		return k.Users().Disable(ctx, id)
	}, []string{"Disable", "RevokeAll"}, "user_disabled"},
	"Enable": {func(ctx context.Context, k *core.Kit, id identity.UserID) error {
		return k.Users().Enable(ctx, id)
	}, []string{"Enable"}, "user_enabled"},
	"Delete": {func(ctx context.Context, k *core.Kit, id identity.UserID) error {
		return k.Users().Delete(ctx, id)
	}, []string{"Delete"}, "user_deleted"},
	"Identities": {func(ctx context.Context, k *core.Kit, id identity.UserID) error {
		_, err := k.Users().Identities(ctx, id)
		return err
	}, []string{"Identities"}, ""},
	"SetExternalID": {func(ctx context.Context, k *core.Kit, id identity.UserID) error {
		return k.Users().SetExternalID(ctx, id, "7")
	}, []string{"Transact"}, "external_id_set"},
	"Link": {func(ctx context.Context, k *core.Kit, id identity.UserID) error {
		_, err := k.Users().Link(ctx, id, core.NewIdentity{Provider: "cotter", Subject: uuid.NewString()})
		return err
	}, []string{"Transact"}, "identity_linked"},
	"Unlink": {func(ctx context.Context, k *core.Kit, id identity.UserID) error {
		added, err := k.Users().Link(ctx, id, core.NewIdentity{Provider: "cotter", Subject: uuid.NewString()})
		if err != nil {
			return err
		}
		return k.Users().Unlink(ctx, id, added.ID)
	}, []string{"Transact"}, "identity_unlinked"},
	"RevokeAll": {func(ctx context.Context, k *core.Kit, id identity.UserID) error {
		return k.Sessions().RevokeAll(ctx, id)
	}, []string{"SetNotBefore", "RevokeAll"}, "session_revoked"},
}

func TestUsers_Errors(t *testing.T) {
	t.Parallel()
	for name, c := range administration {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, db, caller, _ := newFailing(t, nil)
			wantError(t, "unknown user", c.call(t.Context(), h.kit, uuid.Must(uuid.NewV7())), autherr.NotFound, "unknown_user")
			db.err = errDown
			h.log.Reset()
			for _, db.method = range c.methods {
				err := c.call(t.Context(), h.kit, caller.UserID)
				wantError(t, db.method, err, autherr.TemporarilyUnavailable, "store_failed")
				if !errors.Is(err, errDown) {
					t.Errorf("%s: %v does not wrap its cause", db.method, err)
				}
			}
			if c.event != "" && strings.Contains(h.log.String(), c.event) {
				t.Errorf("the failure is logged as %s: %s", c.event, h.log)
			}
			db.err = nil
			if err := c.call(t.Context(), h.kit, caller.UserID); err != nil {
				t.Errorf("after the failure: %v", err)
			}
		})
	}
}

// A10: the log names the acting user and the changed user.
func TestUsers_LogNamesActor(t *testing.T) {
	t.Parallel()
	for name, c := range administration {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, _, caller, _ := newFailing(t, nil)
			admin := h.signIn(t, bob)
			byAdmin, refusal := h.authorize(t, core.Guard{}, admin)
			if refusal != nil {
				t.Fatalf("%s", refusal.Body)
			}
			actors := map[string]context.Context{h.caller(t, admin).UserID.String(): byAdmin}
			if name != "Delete" {
				actors[""] = t.Context() // the application itself
			}
			for actor, ctx := range actors {
				h.log.Reset()
				if err := c.call(ctx, h.kit, caller.UserID); err != nil {
					t.Fatal(err)
				}
				if c.event == "" {
					if h.log.String() != "" {
						t.Errorf("logged %s", h.log)
					}
					continue
				}
				for _, part := range []string{
					`"event":"` + c.event + `"`, `"user_id":"` + caller.UserID.String() + `"`, `"actor_user_id":"` + actor + `"`,
				} {
					if !strings.Contains(h.log.String(), part) {
						t.Errorf("%s is not in %s", part, h.log)
					}
				}
			}
		})
	}
}

// Every change takes effect at once on this node, even if it was reported as
// failed.
func TestUsers_ChangesAreNotCached(t *testing.T) {
	t.Parallel()
	for name, code := range map[string]string{"Disable": "account_disabled", "Delete": "not_registered", "RevokeAll": "invalid_token"} {
		for _, failure := range []error{nil, errDown} {
			if name == "Delete" && failure != nil {
				continue // it revokes nothing
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				h, db, caller, token := newFailing(t, providerToken(nil))
				h.admits(t, core.Guard{}, token, "")
				h.clock.Advance(time.Second)
				c := administration[name]
				db.method, db.err = "RevokeAll", failure
				if err := c.call(t.Context(), h.kit, caller.UserID); (err == nil) != (failure == nil) {
					t.Fatalf("got %v, want %v", err, failure)
				}
				h.admits(t, core.Guard{}, token, code)
			})
		}
	}
}

func TestUsers_Disable(t *testing.T) {
	t.Parallel()
	h, _, caller, token := newFailing(t, nil)
	h.admits(t, core.Guard{}, token, "")
	if err := h.kit.Users().Disable(t.Context(), caller.UserID); err != nil {
		t.Fatalf("Disable: %v", err)
	}
	h.admits(t, core.Guard{}, token, "invalid_token")
	is(t, h.login(t, ada, ""), 403, "account_disabled")
	user, err := h.kit.Users().Get(t.Context(), caller.UserID)
	if err != nil || !user.Disabled || !user.NotBefore.Equal(h.clock.Now()) {
		t.Errorf("the user is %+v (error %v), want disabled", user, err)
	}
	if err := h.kit.Users().Enable(t.Context(), caller.UserID); err != nil {
		t.Fatalf("Enable: %v", err)
	}
	h.admits(t, core.Guard{}, token, "invalid_token")
	is(t, h.login(t, ada, ""), 200, "")
}

func TestUsers_Enable_NotCached(t *testing.T) {
	t.Parallel()
	h, _, caller, _ := newFailing(t, providerToken(nil))
	if err := h.kit.Users().Disable(t.Context(), caller.UserID); err != nil {
		t.Fatalf("Disable: %v", err)
	}
	h.clock.Advance(time.Second)
	token := h.issuer.Login(ada).AccessToken
	h.admits(t, core.Guard{}, token, "account_disabled")
	if err := h.kit.Users().Enable(t.Context(), caller.UserID); err != nil {
		t.Fatalf("Enable: %v", err)
	}
	h.admits(t, core.Guard{}, token, "")
}

// A05: a user that rows of the application reference keeps no session.
func TestUsers_Delete_Referenced(t *testing.T) {
	t.Parallel()
	h, db, caller, token := newFailing(t, nil)
	db.method, db.err = "Delete", errors.Join(errors.New("table notes"), account.ErrReferenced)
	err := h.kit.Users().Delete(t.Context(), caller.UserID)
	wantError(t, "Delete", err, autherr.UserInUse, "user_referenced")
	is(t, h.kit.Adapter().Render(t.Context(), newRequest("GET", "/", ""), err), 409, "user_in_use")
	if !strings.Contains(err.Error(), "table notes") {
		t.Errorf("the table is not in %v", err)
	}
	h.admits(t, core.Guard{}, token, "invalid_token")
	if _, err := h.kit.Users().Get(t.Context(), caller.UserID); err != nil {
		t.Errorf("Get: %v", err)
	}
	db.err = nil
	if err := h.kit.Users().Delete(t.Context(), caller.UserID); err != nil {
		t.Errorf("Delete of the unreferenced user: %v", err)
	}
}

// A04: where nothing is stored, administration fails with an error that explains
// it.
func TestUsers_NothingStored(t *testing.T) {
	t.Parallel()
	stored, _, caller, _ := newFailing(t, nil)
	h := newHarness(t, func(s *core.Settings) {
		providerToken(func(p *config.ProviderTokenSession) { p.User = config.UserNone })(s)
		s.Database = nil
	})
	calls := map[string]func(*core.Kit) error{
		"List":         func(k *core.Kit) error { _, err := k.Sessions().List(t.Context(), caller.UserID); return err },
		"RevokeOthers": func(k *core.Kit) error { return k.Sessions().RevokeOthers(t.Context(), caller.UserID, "") },
		"Revoke": func(k *core.Kit) error {
			err := k.Sessions().Revoke(t.Context(), caller.UserID, "unknown")
			if autherr.ReasonOf(err) == "unknown_session" {
				return nil
			}
			return err
		},
	}
	for name, c := range administration {
		if name != "Delete" { // which would be the end of the other calls' user
			calls[name] = func(k *core.Kit) error { return c.call(t.Context(), k, caller.UserID) }
		}
	}
	for name, call := range calls {
		if err := call(stored.kit); err != nil {
			t.Fatalf("%s where users are stored: %v", name, err)
		}
		err := call(h.kit)
		wantError(t, name, err, autherr.NotFound, "no_users_kept")
		if !strings.Contains(err.Error(), "stores no users") {
			t.Errorf("%s: %v does not explain it", name, err)
		}
	}
}
