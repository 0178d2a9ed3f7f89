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
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"iter"
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

type accounts struct{ *DB }

// Transact runs one transaction at a time, whatever its locks.
func (a accounts) Transact(ctx context.Context, _ []string, do func(context.Context, account.Tx) error) error {
	return a.transact(ctx, func(t tx) error { return do(ctx, t) })
}

// transact is atomically for the methods of a transaction, of which none may fail.
func (db *DB) transact(ctx context.Context, do func(tx) error) error {
	return db.atomically(ctx, func() error {
		t := tx{db, new(error)}
		return cmp.Or(do(t), *t.failed)
	})
}

func (a accounts) Find(ctx context.Context, key identity.Key) (user identity.User, err error) {
	err = a.transact(ctx, func(t tx) error {
		user, err = t.Find(ctx, key)
		return err
	})
	return user, err
}

func (a accounts) Get(ctx context.Context, id identity.UserID) (user identity.User, err error) {
	err = a.transact(ctx, func(t tx) error {
		user, err = t.Get(ctx, id)
		return err
	})
	return user, err
}

func (a accounts) Identities(ctx context.Context, id identity.UserID) (list []identity.Stored, err error) {
	err = a.transact(ctx, func(t tx) error {
		list, err = t.Identities(ctx, id)
		return err
	})
	return list, err
}

func (a accounts) List(ctx context.Context, q account.Query) (page []identity.User, err error) {
	err = a.atomically(ctx, func() error {
		for _, id := range sorted(maps.Keys(a.users)) {
			user, ok := a.selected(id, q)
			if ok && compare(id, q.After) > 0 && len(page) < q.Limit {
				page = append(page, user)
			}
		}
		return nil
	})
	return page, err
}

// selected returns the user with its identity that the query selects and that signed
// in last.
func (db *DB) selected(id identity.UserID, q account.Query) (identity.User, bool) {
	identities := db.having(func(i ownedIdentity) bool {
		return i.user == id && (q.Email == "" || identity.FoldEmail(i.Email) == identity.FoldEmail(q.Email)) &&
			(q.Phone == "" || i.Phone == q.Phone) && (q.Provider == "" || i.Provider == q.Provider)
	})
	user, anyIdentity := db.users[id], q.Email == "" && q.Phone == "" && q.Provider == ""
	return withLatest(user, identities), (q.ExternalID == "" || user.ExternalID == q.ExternalID) && (anyIdentity || len(identities) > 0)
}

func (a accounts) Disable(ctx context.Context, id identity.UserID, at time.Time) error {
	return a.transact(ctx, func(t tx) error { return t.Disable(ctx, id, at) })
}

func (a accounts) Enable(ctx context.Context, id identity.UserID) error {
	return a.transact(ctx, func(t tx) error { return t.change(id, func(user *identity.User) { user.Disabled = false }) })
}

func (a accounts) SetNotBefore(ctx context.Context, id identity.UserID, at time.Time) error {
	return a.transact(ctx, func(t tx) error { return t.SetNotBefore(ctx, id, at) })
}

func (a accounts) Delete(ctx context.Context, id identity.UserID) error {
	return a.transact(ctx, func(t tx) error { return t.Delete(ctx, id) })
}

func (a accounts) IsRecorded(ctx context.Context, mark string, at time.Time) (recorded bool, err error) {
	err = a.atomically(ctx, func() error {
		recorded = a.isRecorded(mark, at)
		return nil
	})
	return recorded, err
}

func (db *DB) isRecorded(mark string, at time.Time) bool { return db.marks[mark].After(at) }

func (a accounts) Sweep(ctx context.Context, before time.Time, limit int) (swept int, err error) {
	err = a.atomically(ctx, func() error {
		maps.DeleteFunc(a.marks, func(_ string, expires time.Time) bool {
			expired := swept < limit && expires.Before(before)
			if expired {
				swept++
			}
			return expired
		})
		return nil
	})
	return swept, err
}

// tx is a transaction, while the database is locked.
type tx struct {
	*DB
	failed *error // of the first write that failed
}

func (t tx) fail(err error) error {
	*t.failed = cmp.Or(*t.failed, err)
	return err
}

func (tx) SQL() *sql.Tx { return nil }

func (t tx) Find(_ context.Context, key identity.Key) (identity.User, error) {
	for _, i := range t.identities {
		if i.Key == key {
			return t.users[i.user].With(i.Stored), nil
		}
	}
	return identity.User{}, account.ErrNotFound
}

func (t tx) Get(_ context.Context, id identity.UserID) (identity.User, error) {
	user, ok := t.users[id]
	if !ok {
		return identity.User{}, account.ErrNotFound
	}
	return withLatest(user, t.having(func(i ownedIdentity) bool { return i.user == id })), nil
}

func (t tx) GetByExternalID(ctx context.Context, externalID string) (identity.User, error) {
	for id, user := range t.users {
		if externalID != "" && user.ExternalID == externalID {
			return t.Get(ctx, id)
		}
	}
	return identity.User{}, account.ErrNotFound
}

func (t tx) Identities(ctx context.Context, id identity.UserID) (list []identity.Stored, err error) {
	_, err = t.Get(ctx, id)
	for _, i := range t.having(func(i ownedIdentity) bool { return i.user == id }) {
		list = append(list, i.Stored)
	}
	slices.SortFunc(list, func(a, b identity.Stored) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), compare(a.ID, b.ID))
	})
	return list, err
}

func (t tx) WithEmail(_ context.Context, email string) ([]identity.UserID, error) {
	email = identity.FoldEmail(email)
	return owners(t.having(func(i ownedIdentity) bool { return identity.FoldEmail(i.Email) == email })), nil
}

func (t tx) WithPhone(_ context.Context, phone string) ([]identity.UserID, error) {
	return owners(t.having(func(i ownedIdentity) bool { return i.Phone == phone })), nil
}

func (t tx) CreateUser(ctx context.Context, u identity.User) error {
	toMillis(&u.CreatedAt, &u.NotBefore)
	externalID := u.ExternalID
	u = u.With(identity.Stored{})
	u.ExternalID = ""
	t.users[u.ID] = u
	return t.SetExternalID(ctx, u.ID, externalID)
}

func (t tx) AddIdentity(ctx context.Context, user identity.UserID, i identity.Stored) error {
	if _, ok := t.users[user]; !ok {
		return t.fail(errors.New("customstore: an identity of an unknown user"))
	}
	if _, err := t.Find(ctx, i.Key); err == nil {
		return t.fail(account.ErrConflict)
	}
	toMillis(&i.CreatedAt, &i.LastLoginAt)
	t.identities[i.ID] = ownedIdentity{i, user}
	return nil
}

func (t tx) RemoveIdentity(_ context.Context, user identity.UserID, id uuid.UUID) error {
	if i, ok := t.identities[id]; !ok || i.user != user {
		return t.fail(account.ErrNotFound)
	}
	delete(t.identities, id)
	maps.DeleteFunc(t.sessions, func(_ session.Lookup, r session.Session) bool { return r.IdentityID == id })
	return nil
}

func (t tx) SetExternalID(ctx context.Context, id identity.UserID, externalID string) error {
	if other, err := t.GetByExternalID(ctx, externalID); err == nil && other.ID != id {
		return t.fail(account.ErrConflict)
	}
	return t.change(id, func(user *identity.User) { user.ExternalID = externalID })
}

func (t tx) SetNotBefore(_ context.Context, id identity.UserID, at time.Time) error {
	return t.change(id, func(user *identity.User) { moveNotBefore(user, at) })
}

func (t tx) Disable(_ context.Context, id identity.UserID, at time.Time) error {
	return t.change(id, func(user *identity.User) {
		user.Disabled = true
		moveNotBefore(user, at)
	})
}

func moveNotBefore(user *identity.User, at time.Time) {
	toMillis(&at)
	if at.After(user.NotBefore) {
		user.NotBefore = at
	}
}

func (t tx) RevokeSessions(_ context.Context, id identity.UserID, reason string, at time.Time) error {
	for _, r := range t.active(id, at) {
		t.revoke(r, reason, at)
	}
	return nil
}

func (t tx) Delete(_ context.Context, id identity.UserID) error {
	if _, ok := t.users[id]; !ok {
		return t.fail(account.ErrNotFound)
	}
	delete(t.users, id)
	maps.DeleteFunc(t.identities, func(_ uuid.UUID, i ownedIdentity) bool { return i.user == id })
	maps.DeleteFunc(t.sessions, func(_ session.Lookup, r session.Session) bool { return r.UserID == id })
	return nil
}

func (t tx) Record(_ context.Context, mark string, expires time.Time) error {
	if _, recorded := t.marks[mark]; recorded {
		return t.fail(account.ErrConflict)
	}
	toMillis(&expires)
	t.marks[mark] = expires
	return nil
}

func (t tx) EndProviderSession(_ context.Context, mark, reason string, at, expires time.Time) ([]identity.UserID, error) {
	toMillis(&expires)
	if expires.After(t.marks[mark]) {
		t.marks[mark] = expires
	}
	users := map[identity.UserID]bool{}
	for _, r := range t.sessions {
		if r.ProviderSession == mark && r.ActiveAt(at) {
			t.revoke(r, reason, at)
			users[r.UserID] = true
		}
	}
	return sorted(maps.Keys(users)), nil
}

func (t tx) change(id identity.UserID, change func(*identity.User)) error {
	user, ok := t.users[id]
	if !ok {
		return t.fail(account.ErrNotFound)
	}
	change(&user)
	t.users[id] = user
	return nil
}

func (db *DB) having(matches func(ownedIdentity) bool) (list []ownedIdentity) {
	for _, i := range db.identities {
		if matches(i) {
			list = append(list, i)
		}
	}
	return list
}

// owners returns the users of identities, each once and ordered by id.
func owners(identities []ownedIdentity) []identity.UserID {
	users := map[identity.UserID]bool{}
	for _, i := range identities {
		users[i.user] = true
	}
	return sorted(maps.Keys(users))
}

// withLatest returns the user with the one of its identities that signed in last.
func withLatest(user identity.User, identities []ownedIdentity) identity.User {
	if len(identities) == 0 {
		return user
	}
	return user.With(slices.MaxFunc(identities, func(a, b ownedIdentity) int {
		return cmp.Or(a.LastLoginAt.Compare(b.LastLoginAt), compare(a.ID, b.ID))
	}).Stored)
}

func compare(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }

func sorted(ids iter.Seq[uuid.UUID]) []uuid.UUID { return slices.SortedFunc(ids, compare) }

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
	s.IdentityID, s.ProviderSession, s.UserAgent, s.Address = uuid.Nil, "", "", ""
	s.ExternalID, s.UserDisabled, s.UserNotBefore = user.ExternalID, user.Disabled, user.NotBefore
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
			list[i].Lookup, list[i].SecretHash, list[i].ProviderSession = session.Lookup{}, [32]byte{}, ""
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
