package account_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
)

var quiet = slog.New(slog.DiscardHandler)

// administration are the methods of Users, by the method of the store that
// each calls.
var administration = map[string]func(context.Context, *account.Users, identity.UserID) error{
	"Get": func(ctx context.Context, u *account.Users, id identity.UserID) error {
		_, err := u.Get(ctx, id)
		return err
	},
	"Disable": func(ctx context.Context, u *account.Users, id identity.UserID) error { return u.Disable(ctx, id) },
	"Enable":  func(ctx context.Context, u *account.Users, id identity.UserID) error { return u.Enable(ctx, id) },
	"Delete":  func(ctx context.Context, u *account.Users, id identity.UserID) error { return u.Delete(ctx, id) },
}

func TestUsersAreAdministeredByCode(t *testing.T) {
	t.Parallel()
	for name, call := range administration {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := memstore.New()
			user := register(t, db.Accounts())
			users := account.NewUsers(db.Accounts(), db.Sessions(), nil, now, quiet)
			wantError(t, call(t.Context(), users, uuid.Must(uuid.NewV7())), autherr.NotFound, "unknown_user")

			down := account.NewUsers(&broken{Store: db.Accounts(), method: name, err: errDown}, db.Sessions(), nil, now, quiet)
			err := call(t.Context(), down, user.ID)
			wantError(t, err, autherr.TemporarilyUnavailable, "store_failed")
			if !errors.Is(err, errDown) {
				t.Errorf("%v does not tell its cause", err)
			}
			wantStored(t, db.Accounts(), user)
			if err := call(t.Context(), users, user.ID); err != nil {
				t.Errorf("the store is up: %v", err)
			}
		})
	}
}

func TestEveryChangeOfAUserIsForgottenEvenIfItFails(t *testing.T) {
	t.Parallel()
	for name, call := range administration {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, err := range []error{nil, errDown} {
				db := memstore.New()
				user := register(t, db.Accounts())
				var forgotten []identity.UserID
				users := account.NewUsers(&broken{Store: db.Accounts(), method: name, err: err}, db.Sessions(),
					func(id identity.UserID) { forgotten = append(forgotten, id) }, now, quiet)
				if got := call(t.Context(), users, user.ID); (got == nil) != (err == nil) {
					t.Fatalf("got %v, want %v", got, err)
				}
				changes := name != "Get"
				if (len(forgotten) == 1) != changes || changes && forgotten[0] != user.ID {
					t.Errorf("forgotten are %v after %v", forgotten, err)
				}
			}
		})
	}
}

func TestEveryChangeOfAUserIsLoggedUnlessItFails(t *testing.T) {
	t.Parallel()
	for name, event := range map[string]string{"Get": "", "Disable": "user_disabled", "Enable": "user_enabled", "Delete": "user_deleted"} {
		db := memstore.New()
		user := register(t, db.Accounts())
		var log strings.Builder
		logger := slog.New(slog.NewJSONHandler(&log, nil))
		down := account.NewUsers(&broken{Store: db.Accounts(), method: name, err: errDown}, db.Sessions(), nil, now, logger)
		if err := administration[name](t.Context(), down, user.ID); err == nil || log.Len() > 0 {
			t.Errorf("%s failed with %v, and the log says %s", name, err, &log)
		}
		if err := administration[name](t.Context(), account.NewUsers(db.Accounts(), db.Sessions(), nil, now, logger), user.ID); err != nil {
			t.Fatal(err)
		}
		var logged struct {
			Event  string `json:"event"`
			UserID string `json:"user_id"`
		}
		if event == "" && log.Len() == 0 {
			continue
		}
		if err := json.Unmarshal([]byte(log.String()), &logged); err != nil || logged.Event != event || logged.UserID != user.ID.String() {
			t.Errorf("%s: %v, the log says %s", name, err, &log)
		}
	}
}

func TestADisabledUserHasNoSessions(t *testing.T) {
	t.Parallel()
	store := newStore()
	user := register(t, store)
	sessions := &endedSessions{}
	users := account.NewUsers(store, sessions, nil, now, quiet)
	if err := users.Disable(t.Context(), user.ID); err != nil {
		t.Fatalf("Disable: %v", err)
	}
	if want := (endedSessions{user: user.ID, reason: "account_disabled", at: start}); *sessions != want {
		t.Errorf("ended %+v, want %+v", *sessions, want)
	}
	got, err := users.Get(t.Context(), user.ID)
	if err != nil || !got.Disabled || !got.NotBefore.Equal(start) {
		t.Errorf("got %+v and %v, want a disabled user", got, err)
	}

	sessions.err = errDown
	wantError(t, users.Disable(t.Context(), user.ID), autherr.TemporarilyUnavailable, "store_failed")
}

// endedSessions notes what was to end.
type endedSessions struct {
	user           identity.UserID
	except, reason string
	at             time.Time
	err            error
}

func (e *endedSessions) RevokeAll(_ context.Context, user identity.UserID, except, reason string, at time.Time) (int, error) {
	e.user, e.except, e.reason, e.at = user, except, reason, at
	return 1, e.err
}
