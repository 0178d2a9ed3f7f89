// Package customstore is a custom database: five maps and a lock that keep users,
// identities, sessions and server keys until the process ends. A program sets
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
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

// DB is the database.
type DB struct {
	lock chan struct{} // holds a value while what follows is used

	users      map[identity.UserID]identity.User // with zero fields of an identity
	identities map[uuid.UUID]ownedIdentity
	sessions   map[session.Lookup]session.Session
	keys       map[string]session.Key
	marks      map[string]time.Time // expiry, by id
}

type ownedIdentity struct {
	identity.Stored
	user identity.UserID
}

// New returns an empty database.
func New() *DB {
	return &DB{
		lock:       make(chan struct{}, 1),
		users:      make(map[identity.UserID]identity.User),
		identities: make(map[uuid.UUID]ownedIdentity),
		sessions:   make(map[session.Lookup]session.Session),
		keys:       make(map[string]session.Key),
		marks:      make(map[string]time.Time),
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

// atomically is the transaction of this database: one at a time, rolled back on
// error and panic.
func (db *DB) atomically(ctx context.Context, fn func() error) error {
	select {
	case db.lock <- struct{}{}:
		defer func() { <-db.lock }()
	case <-ctx.Done():
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	before := DB{
		users: maps.Clone(db.users), identities: maps.Clone(db.identities),
		sessions: maps.Clone(db.sessions), keys: maps.Clone(db.keys), marks: maps.Clone(db.marks),
	}
	done := false
	defer func() {
		if !done {
			db.users, db.identities, db.sessions = before.users, before.identities, before.sessions
			db.keys, db.marks = before.keys, before.marks
		}
	}()
	err := fn()
	if err == nil {
		err = ctx.Err()
	}
	done = err == nil
	return err
}

// SignIn implements database.Database.
func (db *DB) SignIn(ctx context.Context, in database.SignIn) error {
	return db.transact(ctx, func(t tx) error {
		if !db.isCurrent(in.User) {
			return account.ErrOvertaken
		}
		if in.Session != nil {
			if _, ok := db.sessions[in.Session.Lookup]; ok {
				return errors.New("customstore: a session with this lookup exists")
			}
			if db.isRecorded(in.Session.ProviderSession, in.Session.CreatedAt) {
				return account.ErrOvertaken
			}
			if in.Continues != (session.Lookup{}) && !db.remove(in.Continues, *in.Session) {
				return account.ErrOvertaken
			}
			db.begin(*in.Session, in.MaxSessions)
		}
		db.recordLogin(in.User)
		if in.Within == nil {
			return nil
		}
		return in.Within(ctx, t)
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
	return ok && db.identities[login.IdentityID].user == login.ID && !user.Disabled && user.NotBefore.Equal(login.NotBefore)
}

func (db *DB) recordLogin(login identity.User) {
	recorded, old := login.Stored(), db.identities[login.IdentityID]
	recorded.Key, recorded.CreatedAt = old.Key, old.CreatedAt
	toMillis(&recorded.LastLoginAt)
	db.identities[recorded.ID] = ownedIdentity{recorded, login.ID}
}

// begin adds a session and revokes the user's oldest ones over the limit.
func (db *DB) begin(s session.Session, limit int) {
	others := db.active(s.UserID, s.CreatedAt)
	for _, oldest := range others[min(len(others), limit-1):] {
		db.revoke(oldest, "max_per_user", s.CreatedAt)
	}
	toMillis(&s.CreatedAt, &s.AuthenticatedAt, &s.LastSeenAt, &s.IdleExpiresAt, &s.ExpiresAt, &s.RevokedAt, &s.RefreshedAt)
	s.ExternalID, s.UserDisabled, s.UserNotBefore = "", false, time.Time{} // belong to the user
	db.sessions[s.Lookup] = s
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
