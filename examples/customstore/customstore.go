// Package customstore is a database of one's own: two maps and a mutex that
// keep users and sessions until the process ends. A program puts
// database.Existing(customstore.New()) into core.Settings; database.Define
// would make it a block of the configuration file.
//
// What one writes oneself is tested by one call:
//
//	accounttest.Run(t, func(t *testing.T) account.Store { … })                            // users
//	sessiontest.Run(t, func(t *testing.T) (account.Store, session.Store) { … })           // sessions
//	providertest.Run(t, providertest.Subject{Slot: …, Mint: …, Open: …})                  // a provider
//	adaptertest.Run(t, func(*testing.T, *core.Kit, []adaptertest.Route) string { … })     // an adapter
package customstore

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

// DB is the database.
type DB struct {
	registering sync.Mutex // one registration at a time, its hook included

	mu       sync.Mutex // guards what follows
	users    map[identity.UserID]identity.User
	sessions map[session.Lookup]session.Record
}

// New returns an empty database.
func New() *DB {
	return &DB{
		users:    make(map[identity.UserID]identity.User),
		sessions: make(map[session.Lookup]session.Record),
	}
}

// Accounts returns the users.
func (db *DB) Accounts() account.Store { return accounts{db} }

// Sessions returns the sessions.
func (db *DB) Sessions() session.Store { return sessions{db} }

// Ready returns nil: a map always answers.
func (db *DB) Ready(context.Context) error { return nil }

// Close does nothing.
func (db *DB) Close() error { return nil }

// atomically is the transaction of this database: do must change nothing
// before it is sure to return nil.
func (db *DB) atomically(ctx context.Context, do func() error) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	return do()
}

type accounts struct{ *DB }

func (a accounts) Find(ctx context.Context, key identity.Key) (found identity.User, err error) {
	err = a.atomically(ctx, func() error {
		for _, user := range a.users {
			if user.Key == key {
				found = user
				return nil
			}
		}
		return account.ErrNotFound
	})
	return found, err
}

// Register does not hold the database while within runs: a hook may ask it.
func (a accounts) Register(ctx context.Context, user identity.User, within account.Within) error {
	a.registering.Lock()
	defer a.registering.Unlock()
	switch _, err := a.Find(ctx, user.Key); {
	case err == nil:
		return account.ErrConflict
	case !errors.Is(err, account.ErrNotFound):
		return err
	}
	if within != nil {
		if err := within(ctx, nil); err != nil {
			return err
		}
	}
	return a.atomically(ctx, func() error {
		toMillis(&user.CreatedAt, &user.LastLoginAt, &user.NotBefore)
		a.users[user.ID] = user
		return nil
	})
}

func (a accounts) RecordLogin(ctx context.Context, login identity.User) error {
	return a.atomically(ctx, func() error {
		if !a.isAsSeenBy(login) {
			return account.ErrNotFound
		}
		a.recordLogin(login)
		return nil
	})
}

// isAsSeenBy reports whether nobody has deleted, disabled or revoked the user
// since the login read it.
func (db *DB) isAsSeenBy(login identity.User) bool {
	toMillis(&login.NotBefore)
	user, ok := db.users[login.ID]
	return ok && user.IdentityID == login.IdentityID && !user.Disabled && user.NotBefore.Equal(login.NotBefore)
}

func (db *DB) recordLogin(login identity.User) {
	user := db.users[login.ID]
	user.Provider, user.Identifier = login.Provider, login.Identifier
	user.Email, user.EmailVerified = login.Email, login.EmailVerified
	user.Phone, user.PhoneVerified = login.Phone, login.PhoneVerified
	user.LastLoginAt = login.LastLoginAt
	toMillis(&user.LastLoginAt)
	db.users[user.ID] = user
}

func (a accounts) Get(ctx context.Context, id identity.UserID) (user identity.User, err error) {
	err = a.change(ctx, id, func(stored *identity.User) { user = *stored })
	return user, err
}

func (a accounts) Disable(ctx context.Context, id identity.UserID, at time.Time) error {
	return a.change(ctx, id, func(user *identity.User) {
		user.Disabled = true
		moveNotBefore(user, at)
	})
}

func (a accounts) Enable(ctx context.Context, id identity.UserID) error {
	return a.change(ctx, id, func(user *identity.User) { user.Disabled = false })
}

func (a accounts) SetNotBefore(ctx context.Context, id identity.UserID, at time.Time) error {
	return a.change(ctx, id, func(user *identity.User) { moveNotBefore(user, at) })
}

func moveNotBefore(user *identity.User, at time.Time) {
	toMillis(&at)
	if at.After(user.NotBefore) {
		user.NotBefore = at
	}
}

func (a accounts) change(ctx context.Context, id identity.UserID, change func(*identity.User)) error {
	return a.atomically(ctx, func() error {
		user, ok := a.users[id]
		if !ok {
			return account.ErrNotFound
		}
		change(&user)
		a.users[id] = user
		return nil
	})
}

func (a accounts) Delete(ctx context.Context, id identity.UserID) error {
	return a.atomically(ctx, func() error {
		if _, ok := a.users[id]; !ok {
			return account.ErrNotFound
		}
		delete(a.users, id)
		maps.DeleteFunc(a.sessions, func(_ session.Lookup, r session.Record) bool { return r.UserID == id })
		return nil
	})
}

type sessions struct{ *DB }

func (s sessions) Create(ctx context.Context, r session.Record, login identity.User, limit int) error {
	return s.atomically(ctx, func() error {
		login.ID, login.IdentityID = r.UserID, r.IdentityID
		if !s.isAsSeenBy(login) {
			return session.ErrNotFound
		}
		if _, ok := s.sessions[r.Lookup]; ok {
			return errors.New("customstore: there is a session with this lookup")
		}
		s.recordLogin(login)
		others := s.live(r.UserID, r.CreatedAt)
		for _, oldest := range others[min(len(others), max(0, limit-1)):] {
			s.end(oldest, "max_per_user", r.CreatedAt)
		}
		toMillis(&r.CreatedAt, &r.AuthenticatedAt, &r.LastSeenAt, &r.IdleExpiresAt, &r.ExpiresAt, &r.RevokedAt)
		r.Claims = maps.Clone(r.Claims)
		s.sessions[r.Lookup] = r
		return nil
	})
}

func (s sessions) Find(ctx context.Context, l session.Lookup) (r session.Record, owner session.Owner, err error) {
	err = s.atomically(ctx, func() error {
		stored, ok := s.sessions[l]
		if !ok {
			return session.ErrNotFound
		}
		r = stored
		r.IdentityID, r.UserAgent, r.Address = uuid.Nil, "", ""
		user := s.users[r.UserID]
		owner = session.Owner{Disabled: user.Disabled, NotBefore: user.NotBefore}
		return nil
	})
	return r, owner, err
}

func (s sessions) Touch(ctx context.Context, l session.Lookup, lastSeen, idleExpires time.Time) error {
	return s.atomically(ctx, func() error {
		if r, ok := s.sessions[l]; ok && r.RevokedAt.IsZero() {
			toMillis(&lastSeen, &idleExpires)
			r.LastSeenAt, r.IdleExpiresAt = lastSeen, idleExpires
			s.sessions[l] = r
		}
		return nil
	})
}

func (s sessions) Rotate(ctx context.Context, old, next session.Lookup, hash [32]byte) error {
	return s.atomically(ctx, func() error {
		r, ok := s.sessions[old]
		if !ok || !r.RevokedAt.IsZero() {
			return session.ErrNotFound
		}
		delete(s.sessions, old)
		r.Lookup, r.SecretHash = next, hash
		s.sessions[next] = r
		return nil
	})
}

func (s sessions) List(ctx context.Context, user identity.UserID, now time.Time) (list []session.Record, err error) {
	err = s.atomically(ctx, func() error {
		list = s.live(user, now)
		for i := range list {
			list[i].Lookup, list[i].SecretHash = session.Lookup{}, [32]byte{}
		}
		return nil
	})
	return list, err
}

func (s sessions) Revoke(ctx context.Context, user identity.UserID, id, reason string, at time.Time) error {
	return s.atomically(ctx, func() error {
		for _, r := range s.live(user, at) {
			if r.ID == id {
				s.end(r, reason, at)
				return nil
			}
		}
		return session.ErrNotFound
	})
}

func (s sessions) RevokeAll(ctx context.Context, user identity.UserID, except, reason string, at time.Time) (ended int, err error) {
	err = s.atomically(ctx, func() error {
		for _, r := range s.live(user, at) {
			if r.ID != except {
				s.end(r, reason, at)
				ended++
			}
		}
		return nil
	})
	return ended, err
}

func (s sessions) Sweep(ctx context.Context, before time.Time, limit int) (swept int, err error) {
	over := func(end time.Time) bool { return !end.IsZero() && end.Before(before) }
	err = s.atomically(ctx, func() error {
		maps.DeleteFunc(s.sessions, func(_ session.Lookup, r session.Record) bool {
			ended := swept < limit && (over(r.ExpiresAt) || over(r.IdleExpiresAt) || over(r.RevokedAt))
			if ended {
				swept++
			}
			return ended
		})
		return nil
	})
	return swept, err
}

// live returns the user's sessions that are live at now, newest first.
func (s sessions) live(user identity.UserID, now time.Time) []session.Record {
	var live []session.Record
	for _, r := range s.sessions {
		if r.UserID == user && r.LiveAt(now, session.Owner{}) {
			live = append(live, r)
		}
	}
	slices.SortFunc(live, func(a, b session.Record) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return live
}

func (s sessions) end(r session.Record, reason string, at time.Time) {
	r.RevokedAt, r.RevokeReason = at, reason
	toMillis(&r.RevokedAt)
	s.sessions[r.Lookup] = r
}

// toMillis brings instants into the form in which every store keeps them.
func toMillis(instants ...*time.Time) {
	for _, t := range instants {
		if !t.IsZero() {
			*t = time.UnixMilli(t.UnixMilli()).UTC()
		}
	}
}
