package memstore

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

var errExists = errors.New("memstore: a session with this lookup exists")

var _ database.Database = (*DB)(nil)

// SignIn implements database.Database.
func (db *DB) SignIn(ctx context.Context, s database.SignIn) error {
	end, err := db.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if !db.isCurrent(s.User) {
		return account.ErrOvertaken
	}
	if s.Session != nil {
		if err := db.beginSession(s); err != nil {
			return err
		}
	}
	db.recordLogin(s.User)
	return nil
}

// beginSession adds the session, and removes the one that it continues.
func (db *DB) beginSession(s database.SignIn) error {
	if _, exists := db.sessions[s.Session.Lookup]; exists {
		return errExists
	}
	if s.Continues != (session.Lookup{}) && !db.removeContinued(s) {
		return account.ErrOvertaken
	}
	db.evictOldest(s.User.ID, s.Session.CreatedAt, s.MaxSessions)
	db.insert(*s.Session)
	return nil
}

// removeContinued removes the session that a login continues, unless it is no
// longer active.
func (db *DB) removeContinued(s database.SignIn) bool {
	old, next := db.sessions[s.Continues], s.Session
	if old == nil || old.ID != next.ID || old.UserID != next.UserID || old.IdentityID != next.IdentityID ||
		old.Transport != next.Transport || !old.ActiveAt(next.CreatedAt) {
		return false
	}
	delete(db.sessions, old.Lookup)
	db.byUser[old.UserID] = slices.DeleteFunc(db.byUser[old.UserID], func(other *session.Session) bool { return other == old })
	return true
}

// isCurrent reports whether the user is still as the login has read it.
func (db *DB) isCurrent(login identity.User) bool {
	user, ok := db.users[login.ID]
	return ok && user.IdentityID == login.IdentityID && !user.Disabled && user.NotBefore.Equal(millis(login.NotBefore))
}

func (db *DB) recordLogin(login identity.User) {
	user := db.users[login.ID]
	user.Provider = login.Provider
	user.Identifier = login.Identifier
	user.Email, user.EmailVerified = login.Email, login.EmailVerified
	user.Phone, user.PhoneVerified = login.Phone, login.PhoneVerified
	user.LastLoginAt = millis(login.LastLoginAt)
	db.users[login.ID] = user
}

// evictOldest revokes the user's oldest sessions, so that one more makes limit.
func (db *DB) evictOldest(user identity.UserID, now time.Time, limit int) {
	for i, s := range db.active(user, now) {
		if i >= limit-1 {
			revoke(s, "max_per_user", now)
		}
	}
}

func (db *DB) insert(s session.Session) {
	for _, t := range []*time.Time{
		&s.CreatedAt, &s.AuthenticatedAt, &s.LastSeenAt, &s.IdleExpiresAt, &s.ExpiresAt, &s.RevokedAt, &s.RefreshedAt,
	} {
		*t = millis(*t)
	}
	db.sessions[s.Lookup] = &s
	db.byUser[s.UserID] = append(db.byUser[s.UserID], &s)
}

// active returns the stored sessions of the user that are active at now, newest
// first.
func (db *DB) active(user identity.UserID, now time.Time) []*session.Session {
	var active []*session.Session
	for _, s := range db.byUser[user] {
		if s.ActiveAt(now) {
			active = append(active, s)
		}
	}
	slices.Reverse(active) // of two that were created at the same time, the later one is newer
	slices.SortStableFunc(active, func(a, b *session.Session) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return active
}

func revoke(s *session.Session, reason string, at time.Time) {
	s.RevokedAt, s.RevokeReason = millis(at), reason
}

func endedBefore(s *session.Session, at time.Time) bool {
	before := func(end time.Time) bool { return !end.IsZero() && end.Before(at) }
	return before(s.ExpiresAt) || before(s.IdleExpiresAt) || before(s.RevokedAt)
}
