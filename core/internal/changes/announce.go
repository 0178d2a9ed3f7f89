package changes

import (
	"context"
	"time"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

// Announce returns db such that each write that may end a session of a user, or
// change whether the user may sign in, is published after it: also if it failed,
// because its outcome is unknown then. Deleting ended sessions changes nothing.
func Announce(db database.Database, f *Feed) database.Database {
	return announced{
		Database: db,
		feed:     f,
		accounts: accounts{db.Accounts(), f},
		sessions: sessions{db.Sessions(), f},
	}
}

type announced struct {
	database.Database
	feed     *Feed
	accounts accounts
	sessions sessions
}

func (a announced) Accounts() account.Store { return a.accounts }
func (a announced) Sessions() session.Store { return a.sessions }

// SignIn publishes the user only if the login begins a session: that one may
// replace another, or revoke the oldest.
func (a announced) SignIn(ctx context.Context, s database.SignIn) error {
	if s.Session != nil {
		defer a.feed.Publish(s.User.ID)
	}
	if within := s.Within; within != nil {
		changed := newChanged()
		defer changed.publish(a.feed)
		s.Within = func(ctx context.Context, inner account.Tx) error { return within(ctx, tx{inner, changed}) }
	}
	return a.Database.SignIn(ctx, s)
}

type accounts struct {
	account.Store
	feed *Feed
}

// Transact publishes each user that the transaction changes.
func (a accounts) Transact(ctx context.Context, locks []string, do func(context.Context, account.Tx) error) error {
	changed := newChanged()
	defer changed.publish(a.feed)
	return a.Store.Transact(ctx, locks, func(ctx context.Context, inner account.Tx) error {
		return do(ctx, tx{inner, changed})
	})
}

func (a accounts) Disable(ctx context.Context, user identity.UserID, notBefore time.Time) error {
	defer a.feed.Publish(user)
	return a.Store.Disable(ctx, user, notBefore)
}

func (a accounts) Enable(ctx context.Context, user identity.UserID) error {
	defer a.feed.Publish(user)
	return a.Store.Enable(ctx, user)
}

func (a accounts) SetNotBefore(ctx context.Context, user identity.UserID, at time.Time) error {
	defer a.feed.Publish(user)
	return a.Store.SetNotBefore(ctx, user, at)
}

func (a accounts) Delete(ctx context.Context, user identity.UserID) error {
	defer a.feed.Publish(user)
	return a.Store.Delete(ctx, user)
}

type sessions struct {
	session.Store
	feed *Feed
}

func (s sessions) Rotate(ctx context.Context, user identity.UserID, old, next session.Lookup, hash [32]byte) error {
	defer s.feed.Publish(user)
	return s.Store.Rotate(ctx, user, old, next, hash)
}

func (s sessions) Revoke(ctx context.Context, user identity.UserID, id, reason string, at time.Time) error {
	defer s.feed.Publish(user)
	return s.Store.Revoke(ctx, user, id, reason, at)
}

func (s sessions) RevokeAll(ctx context.Context, user identity.UserID, except, reason string, at time.Time) (int, error) {
	defer s.feed.Publish(user)
	return s.Store.RevokeAll(ctx, user, except, reason, at)
}
