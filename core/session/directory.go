package session

import (
	"context"
	"errors"
	"time"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
)

// Directory lists and ends the sessions of users, for themselves and for
// administrators.
type Directory struct {
	users    account.Store
	sessions Store
	forget   func(identity.UserID)
	now      func() time.Time
}

// Entry is a session in a user's list.
type Entry struct {
	View
	Current    bool // the session of the caller who asked
	LastSeenAt time.Time
	UserAgent  string // at login
	Address    string // at login
}

// NewDirectory returns the directory of the sessions in the store. forget is
// told of each user whose credentials are revoked, so that what is remembered
// of it is dropped; nil if nothing is.
func NewDirectory(users account.Store, sessions Store, forget func(identity.UserID), now func() time.Time) *Directory {
	if forget == nil {
		forget = func(identity.UserID) {}
	}
	return &Directory{users: users, sessions: sessions, forget: forget, now: now}
}

// List returns the user's live sessions, newest first. current is the public
// id of the caller's own session, "" if there is none.
//
// Errors by code: TemporarilyUnavailable.
func (d *Directory) List(ctx context.Context, user identity.UserID, current string) ([]Entry, error) {
	records, err := d.sessions.List(ctx, user, d.now())
	if err != nil {
		return nil, autherr.StoreFailed(err)
	}
	entries := make([]Entry, len(records))
	for i, r := range records {
		entries[i] = Entry{
			View:       r.view(),
			Current:    current != "" && r.ID == current,
			LastSeenAt: r.LastSeenAt,
			UserAgent:  r.UserAgent,
			Address:    r.Address,
		}
	}
	return entries, nil
}

// Revoke ends one session of the user, by its public id.
//
// Errors by code: NotFound if the user has no such live session, whoever else
// has one; TemporarilyUnavailable, and then it may still be live.
func (d *Directory) Revoke(ctx context.Context, user identity.UserID, id string) error {
	err := d.sessions.Revoke(ctx, user, id, "revoked", d.now())
	switch {
	case errors.Is(err, ErrNotFound):
		return autherr.New(autherr.NotFound, "unknown_session")
	case err != nil:
		return autherr.StoreFailed(err)
	}
	return nil
}

// RevokeOthers ends all sessions of the user but the one with the public id
// current. A provider's token that was issued before may still sign in again.
//
// Errors by code: TemporarilyUnavailable, and then some may still be live.
func (d *Directory) RevokeOthers(ctx context.Context, user identity.UserID, current string) error {
	if _, err := d.sessions.RevokeAll(ctx, user, current, "revoked_others", d.now()); err != nil {
		return autherr.StoreFailed(err)
	}
	return nil
}

// RevokeAll ends all sessions of the user, and with them every provider's
// token that was issued until now: it neither recognises the user nor signs in
// again. The user stays enabled.
//
// Errors by code: NotFound if there is no such user; TemporarilyUnavailable,
// and then some may still be live.
func (d *Directory) RevokeAll(ctx context.Context, user identity.UserID) error {
	defer d.forget(user)
	at := d.now()
	// Not-before comes first: a login that is under way either sees it or has
	// its session ended by what follows.
	err := d.users.SetNotBefore(ctx, user, at)
	switch {
	case errors.Is(err, account.ErrNotFound):
		return autherr.New(autherr.NotFound, "unknown_user")
	case err != nil:
		return autherr.StoreFailed(err)
	}
	if _, err := d.sessions.RevokeAll(ctx, user, "", "revoked_all", at); err != nil {
		return autherr.StoreFailed(err)
	}
	return nil
}
