package account

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
)

// Sessions ends a user's sessions. A session.Store is one.
type Sessions interface {
	RevokeAll(ctx context.Context, user identity.UserID, except, reason string, at time.Time) (int, error)
}

// Users administers users.
//
// Errors by code, of all methods: NotFound if there is no such user;
// TemporarilyUnavailable if the store failed. After the latter a change may or
// may not have happened, and may be asked for again.
type Users struct {
	store    Store
	sessions Sessions
	forget   func(identity.UserID)
	now      func() time.Time
	log      *slog.Logger
}

// NewUsers returns the administration of the users in the store, which logs each
// change. forget is told of each user that may have changed, so that what is
// remembered of it is dropped; nil if nothing is.
func NewUsers(store Store, sessions Sessions, forget func(identity.UserID), now func() time.Time, log *slog.Logger) *Users {
	if forget == nil {
		forget = func(identity.UserID) {}
	}
	return &Users{store: store, sessions: sessions, forget: forget, now: now, log: log}
}

// Get returns a user, seen through the identity that signed in last.
func (u *Users) Get(ctx context.Context, id identity.UserID) (identity.User, error) {
	user, err := u.store.Get(ctx, id)
	return user, coded(err)
}

// Disable shuts a user out: no login, and none of the credentials given until
// now counts any more, not even after [Users.Enable].
func (u *Users) Disable(ctx context.Context, id identity.UserID) error {
	defer u.forget(id)
	at := u.now()
	if err := u.store.Disable(ctx, id, at); err != nil {
		return coded(err)
	}
	_, err := u.sessions.RevokeAll(ctx, id, "", "account_disabled", at)
	return u.changed(ctx, "user_disabled", id, err)
}

// Enable lets a disabled user sign in again.
func (u *Users) Enable(ctx context.Context, id identity.UserID) error {
	defer u.forget(id)
	return u.changed(ctx, "user_enabled", id, u.store.Enable(ctx, id))
}

// Delete removes a user with its identities and sessions. The identity may
// register again, as another user.
func (u *Users) Delete(ctx context.Context, id identity.UserID) error {
	defer u.forget(id)
	return u.changed(ctx, "user_deleted", id, u.store.Delete(ctx, id))
}

// changed logs a change, unless it failed.
func (u *Users) changed(ctx context.Context, event string, id identity.UserID, err error) error {
	if err == nil {
		u.log.InfoContext(ctx, "user changed", "event", event, "user_id", id.String())
	}
	return coded(err)
}

func coded(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrNotFound):
		return autherr.New(autherr.NotFound, "unknown_user")
	default:
		return autherr.StoreFailed(err)
	}
}
