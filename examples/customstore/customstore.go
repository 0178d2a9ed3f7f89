// Package customstore is a custom database: three maps and a mutex that keep users,
// sessions and server keys until the process ends. A program sets
// database.Existing(customstore.New()) in core.Settings; database.Define would
// make it a block of the configuration file.
//
// One call tests each custom part:
//
//	accounttest.Run(t, func(t *testing.T) database.Database { … })                     // users
//	sessiontest.Run(t, func(t *testing.T) database.Database { … })                     // sessions
//	providertest.Run(t, providertest.Subject{…})               // a provider
//	adaptertest.Run(t, func(*testing.T, *core.Kit, net.Listener, []adaptertest.Route) { … })  // an adapter
package customstore

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

// DB is the database.
type DB struct {
	registering sync.Mutex // one registration at a time, its hook included

	mu       sync.Mutex // guards what follows
	users    map[identity.UserID]identity.User
	sessions map[session.Lookup]session.Session
	keys     map[string]session.Key
}

// New returns an empty database.
func New() *DB {
	return &DB{
		users:    make(map[identity.UserID]identity.User),
		sessions: make(map[session.Lookup]session.Session),
		keys:     make(map[string]session.Key),
	}
}

// Accounts returns the users.
func (db *DB) Accounts() account.Store { return accounts{db} }

// Sessions returns the sessions.
func (db *DB) Sessions() session.Store { return sessions{db} }

// Keys returns the server keys.
func (db *DB) Keys() session.KeyStore { return keys{db} }

// Ready returns nil.
func (db *DB) Ready(context.Context) error { return nil }

// Close does nothing.
func (db *DB) Close() error { return nil }

// atomically is the transaction of this database. fn must return its error before
// it changes anything.
func (db *DB) atomically(ctx context.Context, fn func() error) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	return fn()
}

// SignIn implements database.Database.
func (db *DB) SignIn(ctx context.Context, in database.SignIn) error {
	return db.atomically(ctx, func() error {
		if !db.isCurrent(in.User) {
			return account.ErrOvertaken
		}
		if in.Session != nil {
			if _, ok := db.sessions[in.Session.Lookup]; ok {
				return errors.New("customstore: a session with this lookup exists")
			}
			if in.Continues != (session.Lookup{}) && !db.remove(in.Continues, *in.Session) {
				return account.ErrOvertaken
			}
			db.begin(*in.Session, in.MaxSessions)
		}
		db.recordLogin(in.User)
		return nil
	})
}

// remove removes the session that next continues, unless it is no longer active.
func (db *DB) remove(continued session.Lookup, next session.Session) bool {
	old, ok := db.sessions[continued]
	if !ok || old.ID != next.ID || old.UserID != next.UserID || old.IdentityID != next.IdentityID ||
		old.Transport != next.Transport || !old.ActiveAt(next.CreatedAt) {
		return false
	}
	delete(db.sessions, continued)
	return true
}

// isCurrent reports whether the user is still as the login has read it.
func (db *DB) isCurrent(login identity.User) bool {
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

// begin adds a session and revokes the user's oldest ones over the limit.
func (db *DB) begin(s session.Session, limit int) {
	others := db.active(s.UserID, s.CreatedAt)
	for _, oldest := range others[min(len(others), limit-1):] {
		db.revoke(oldest, "max_per_user", s.CreatedAt)
	}
	toMillis(&s.CreatedAt, &s.AuthenticatedAt, &s.LastSeenAt, &s.IdleExpiresAt, &s.ExpiresAt, &s.RevokedAt, &s.RefreshedAt)
	db.sessions[s.Lookup] = s
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

// Register does not lock the database while within runs: a hook may read it.
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
		maps.DeleteFunc(a.sessions, func(_ session.Lookup, r session.Session) bool { return r.UserID == id })
		return nil
	})
}

type sessions struct{ *DB }

func (s sessions) Find(ctx context.Context, l session.Lookup) (session.Session, error) {
	found, err := s.FindRefresh(ctx, l)
	return withoutRefresh(found), err
}

// withoutRefresh returns the session without the fields of its refresh token.
func withoutRefresh(s session.Session) session.Session {
	s.Generation, s.PreviousHash, s.RefreshedAt = 0, [32]byte{}, time.Time{}
	return s
}

func (s sessions) FindRefresh(ctx context.Context, l session.Lookup) (found session.Session, err error) {
	err = s.atomically(ctx, func() error {
		stored, ok := s.sessions[l]
		if !ok {
			return session.ErrNotFound
		}
		found = s.withUser(stored)
		return nil
	})
	return found, err
}

func (s sessions) FindByID(ctx context.Context, user identity.UserID, id string) (found session.Session, err error) {
	err = s.atomically(ctx, func() error {
		for _, stored := range s.sessions {
			if stored.UserID == user && stored.ID == id {
				found = s.withUser(stored)
				return nil
			}
		}
		return session.ErrNotFound
	})
	return found, err
}

// withUser returns the session as FindRefresh reads it.
func (db *DB) withUser(s session.Session) session.Session {
	user := db.users[s.UserID]
	s.IdentityID, s.UserAgent, s.Address = uuid.Nil, "", ""
	s.UserDisabled, s.UserNotBefore = user.Disabled, user.NotBefore
	return s
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

func (s sessions) Rotate(ctx context.Context, user identity.UserID, old, next session.Lookup, hash [32]byte) error {
	return s.atomically(ctx, func() error {
		r, ok := s.sessions[old]
		if !ok || r.UserID != user || !r.RevokedAt.IsZero() {
			return session.ErrNotFound
		}
		delete(s.sessions, old)
		r.Lookup, r.SecretHash = next, hash
		s.sessions[next] = r
		return nil
	})
}

func (s sessions) Advance(ctx context.Context, e session.Exchange) error {
	return s.atomically(ctx, func() error {
		r, ok := s.sessions[e.Lookup]
		if !ok || r.SecretHash != e.Presented || !r.ActiveAt(e.At) {
			return session.ErrNotFound
		}
		toMillis(&e.At, &e.IdleExpires)
		r.Generation++
		r.PreviousHash, r.SecretHash = e.Presented, e.Next
		r.RefreshedAt, r.LastSeenAt, r.IdleExpiresAt = e.At, e.At, e.IdleExpires
		s.sessions[e.Lookup] = r
		return nil
	})
}

func (s sessions) List(ctx context.Context, user identity.UserID, now time.Time) (list []session.Session, err error) {
	err = s.atomically(ctx, func() error {
		list = s.active(user, now)
		for i, r := range list {
			list[i] = withoutRefresh(r)
			list[i].Lookup, list[i].SecretHash = session.Lookup{}, [32]byte{}
		}
		return nil
	})
	return list, err
}

func (s sessions) Revoke(ctx context.Context, user identity.UserID, id, reason string, at time.Time) error {
	return s.atomically(ctx, func() error {
		for _, r := range s.active(user, at) {
			if r.ID == id {
				s.revoke(r, reason, at)
				return nil
			}
		}
		return session.ErrNotFound
	})
}

func (s sessions) RevokeAll(ctx context.Context, user identity.UserID, except, reason string, at time.Time) (revoked int, err error) {
	err = s.atomically(ctx, func() error {
		for _, r := range s.active(user, at) {
			if r.ID != except {
				s.revoke(r, reason, at)
				revoked++
			}
		}
		return nil
	})
	return revoked, err
}

func (s sessions) Sweep(ctx context.Context, before time.Time, limit int) (swept int, err error) {
	past := func(end time.Time) bool { return !end.IsZero() && end.Before(before) }
	err = s.atomically(ctx, func() error {
		maps.DeleteFunc(s.sessions, func(_ session.Lookup, r session.Session) bool {
			ended := swept < limit && (past(r.ExpiresAt) || past(r.IdleExpiresAt) || past(r.RevokedAt))
			if ended {
				swept++
			}
			return ended
		})
		return nil
	})
	return swept, err
}

type keys struct{ *DB }

func (k keys) List(ctx context.Context) (list []session.Key, err error) {
	err = k.atomically(ctx, func() error {
		list = slices.SortedFunc(maps.Values(k.keys), func(a, b session.Key) int {
			return cmp.Or(cmp.Compare(a.Purpose, b.Purpose), cmp.Compare(a.Serial, b.Serial))
		})
		return nil
	})
	return list, err
}

func (k keys) Add(ctx context.Context, key session.Key) error {
	return k.atomically(ctx, func() error {
		for _, other := range k.keys {
			if other.ID == key.ID || other.Purpose == key.Purpose && other.Serial == key.Serial {
				return session.ErrKeyExists
			}
		}
		toMillis(&key.CreatedAt, &key.ActiveAt, &key.RevokedAt)
		k.keys[key.ID] = key
		return nil
	})
}

func (k keys) Revoke(ctx context.Context, id string, at time.Time) error {
	return k.atomically(ctx, func() error {
		key, ok := k.keys[id]
		if !ok {
			return session.ErrNotFound
		}
		if key.RevokedAt.IsZero() {
			toMillis(&at)
			key.RevokedAt = at
			k.keys[id] = key
		}
		return nil
	})
}

func (k keys) Delete(ctx context.Context, id string) error {
	return k.atomically(ctx, func() error {
		delete(k.keys, id)
		return nil
	})
}

// active returns the user's sessions that are active at now, newest first.
func (db *DB) active(user identity.UserID, now time.Time) []session.Session {
	var active []session.Session
	for _, s := range db.sessions {
		if s.UserID == user && s.ActiveAt(now) {
			active = append(active, s)
		}
	}
	slices.SortFunc(active, func(a, b session.Session) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return active
}

func (db *DB) revoke(s session.Session, reason string, at time.Time) {
	s.RevokedAt, s.RevokeReason = at, reason
	toMillis(&s.RevokedAt)
	db.sessions[s.Lookup] = s
}

// toMillis converts times to those that every store keeps.
func toMillis(times ...*time.Time) {
	for _, t := range times {
		if !t.IsZero() {
			*t = time.UnixMilli(t.UnixMilli()).UTC()
		}
	}
}
