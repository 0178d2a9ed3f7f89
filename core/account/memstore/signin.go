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
	return db.transact(ctx, func(tx *transaction) error {
		if !db.isCurrent(s.User) {
			return account.ErrOvertaken
		}
		if s.Session != nil {
			if err := tx.beginSession(s); err != nil {
				return err
			}
		}
		tx.recordLogin(s.User)
		if s.Within == nil {
			return nil
		}
		return s.Within(ctx, tx)
	})
}

// beginSession adds the session, and removes the one that it continues.
func (tx *transaction) beginSession(s database.SignIn) error {
	if _, exists := tx.db.sessions[s.Session.Lookup]; exists {
		return errExists
	}
	if tx.db.isRecorded(s.Session.ProviderSession, s.Session.CreatedAt) {
		return account.ErrOvertaken
	}
	if s.Continues != (session.Lookup{}) && !tx.removeContinued(s) {
		return account.ErrOvertaken
	}
	tx.evictOldest(s.User.ID, s.Session.CreatedAt, s.MaxSessions)
	tx.addSession(*s.Session)
	return nil
}

// removeContinued removes the session that a login continues, unless it is no
// longer active.
func (tx *transaction) removeContinued(s database.SignIn) bool {
	old, next := tx.db.sessions[s.Continues], s.Session
	if old == nil || old.ID != next.ID || old.UserID != next.UserID || old.IdentityID != next.IdentityID ||
		old.Transport != next.Transport || !old.ActiveAt(next.CreatedAt) {
		return false
	}
	tx.removeSession(old)
	return true
}

// isCurrent reports whether the user is still as the login has read it.
func (db *DB) isCurrent(login identity.User) bool {
	user, ok := db.users[login.ID]
	return ok && db.identityOf(login) >= 0 && !user.Disabled && user.NotBefore.Equal(millis(login.NotBefore))
}

// identityOf returns the index of the identity that signs in; -1 if the user has
// lost it.
func (db *DB) identityOf(login identity.User) int {
	return slices.IndexFunc(db.identities[login.ID], func(i identity.Stored) bool { return i.ID == login.IdentityID })
}

func (tx *transaction) recordLogin(login identity.User) {
	identities, i := slices.Clone(tx.db.identities[login.ID]), tx.db.identityOf(login)
	recorded := login.Stored()
	recorded.Key, recorded.CreatedAt = identities[i].Key, identities[i].CreatedAt
	recorded.LastLoginAt = millis(login.LastLoginAt)
	identities[i] = recorded
	set(tx, tx.db.identities, login.ID, identities)
}

// evictOldest revokes the user's oldest sessions, so that one more makes limit.
func (tx *transaction) evictOldest(user identity.UserID, now time.Time, limit int) {
	for i, s := range tx.db.active(user, now) {
		if i >= limit-1 {
			tx.revoke(s, "max_per_user", now)
		}
	}
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
