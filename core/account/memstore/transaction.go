package memstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

// transaction is the transaction of the database that holds its lock.
type transaction struct {
	db     *DB
	undo   []func() // of the writes, in their order
	failed error    // the first error of a method, except of one that found nothing
}

var _ account.Tx = (*transaction)(nil)

// transact calls do in a transaction, and reverts its writes unless it succeeds.
func (db *DB) transact(ctx context.Context, do func(*transaction) error) error {
	end, err := db.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	tx := &transaction{db: db}
	succeeded := false
	defer func() {
		if !succeeded {
			tx.rollBack()
		}
	}()
	if err := do(tx); err != nil {
		return err
	}
	if err := errors.Join(tx.failed, ctx.Err()); err != nil {
		return err
	}
	succeeded = true
	return nil
}

func (tx *transaction) rollBack() {
	for _, undo := range slices.Backward(tx.undo) {
		undo()
	}
}

// set sets an entry of a map of the database until the transaction is rolled back.
func set[K comparable, V any](tx *transaction, entries map[K]V, key K, value V) {
	old, existed := entries[key]
	tx.undo = append(tx.undo, func() {
		if existed {
			entries[key] = old
		} else {
			delete(entries, key)
		}
	})
	entries[key] = value
}

// remove removes an entry of a map of the database until the transaction is rolled
// back.
func remove[K comparable, V any](tx *transaction, entries map[K]V, key K) {
	if old, existed := entries[key]; existed {
		tx.undo = append(tx.undo, func() { entries[key] = old })
		delete(entries, key)
	}
}

// fail returns an error of a method, which transact returns if its caller does not.
func (tx *transaction) fail(err error) error {
	if tx.failed == nil {
		tx.failed = err
	}
	return err
}

func (tx *transaction) SQL() *sql.Tx { return nil }

func (tx *transaction) Find(_ context.Context, key identity.Key) (identity.User, error) {
	id, ok := tx.db.owners[key]
	if !ok {
		return identity.User{}, account.ErrNotFound
	}
	identities := tx.db.identities[id]
	i := slices.IndexFunc(identities, func(i identity.Stored) bool { return i.Key == key })
	return tx.db.users[id].With(identities[i]), nil
}

func (tx *transaction) Get(_ context.Context, id identity.UserID) (identity.User, error) {
	user, ok := tx.db.users[id]
	if !ok {
		return identity.User{}, account.ErrNotFound
	}
	return tx.db.withLatest(user, tx.db.identities[id]), nil
}

func (tx *transaction) GetByExternalID(ctx context.Context, externalID string) (identity.User, error) {
	id, ok := tx.db.externalIDs[externalID]
	if !ok {
		return identity.User{}, account.ErrNotFound
	}
	return tx.Get(ctx, id)
}

func (tx *transaction) Identities(_ context.Context, id identity.UserID) ([]identity.Stored, error) {
	if _, ok := tx.db.users[id]; !ok {
		return nil, account.ErrNotFound
	}
	return slices.SortedFunc(slices.Values(tx.db.identities[id]), func(a, b identity.Stored) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), compareIDs(a.ID, b.ID))
	}), nil
}

func (tx *transaction) WithEmail(_ context.Context, email string) ([]identity.UserID, error) {
	email = identity.FoldEmail(email)
	return tx.having(func(i identity.Stored) bool { return identity.FoldEmail(i.Email) == email }), nil
}

func (tx *transaction) WithPhone(_ context.Context, phone string) ([]identity.UserID, error) {
	return tx.having(func(i identity.Stored) bool { return i.Phone == phone }), nil
}

// having returns the users of matching identities, ordered by id.
func (tx *transaction) having(matches func(identity.Stored) bool) []identity.UserID {
	var users []identity.UserID
	for id, identities := range tx.db.identities {
		if slices.ContainsFunc(identities, matches) {
			users = append(users, id)
		}
	}
	slices.SortFunc(users, compareIDs)
	return users
}

func (tx *transaction) CreateUser(_ context.Context, u identity.User) error {
	if _, exists := tx.db.users[u.ID]; exists {
		return tx.fail(account.ErrConflict)
	}
	set(tx, tx.db.users, u.ID, identity.User{
		ID: u.ID, CreatedAt: millis(u.CreatedAt), Disabled: u.Disabled, NotBefore: millis(u.NotBefore),
	})
	return tx.setExternalID(u.ID, u.ExternalID)
}

func (tx *transaction) AddIdentity(_ context.Context, user identity.UserID, i identity.Stored) error {
	if _, ok := tx.db.users[user]; !ok {
		return tx.fail(fmt.Errorf("memstore: adding an identity: %w", account.ErrNotFound))
	}
	if _, registered := tx.db.owners[i.Key]; registered {
		return tx.fail(account.ErrConflict)
	}
	i.CreatedAt, i.LastLoginAt = millis(i.CreatedAt), millis(i.LastLoginAt)
	set(tx, tx.db.owners, i.Key, user)
	set(tx, tx.db.identities, user, append(slices.Clip(tx.db.identities[user]), i))
	return nil
}

func (tx *transaction) RemoveIdentity(_ context.Context, user identity.UserID, id uuid.UUID) error {
	identities := slices.Clone(tx.db.identities[user])
	i := slices.IndexFunc(identities, func(i identity.Stored) bool { return i.ID == id })
	if i < 0 {
		return tx.fail(account.ErrNotFound)
	}
	remove(tx, tx.db.owners, identities[i].Key)
	set(tx, tx.db.identities, user, slices.Delete(identities, i, i+1))
	for _, s := range slices.Clone(tx.db.byUser[user]) {
		if s.IdentityID == id {
			tx.removeSession(s)
		}
	}
	return nil
}

func (tx *transaction) SetExternalID(_ context.Context, id identity.UserID, externalID string) error {
	if _, ok := tx.db.users[id]; !ok {
		return tx.fail(account.ErrNotFound)
	}
	return tx.setExternalID(id, externalID)
}

func (tx *transaction) setExternalID(id identity.UserID, externalID string) error {
	user := tx.db.users[id]
	if user.ExternalID == externalID {
		return nil
	}
	if _, taken := tx.db.externalIDs[externalID]; taken {
		return tx.fail(account.ErrConflict)
	}
	remove(tx, tx.db.externalIDs, user.ExternalID)
	if externalID != "" {
		set(tx, tx.db.externalIDs, externalID, id)
	}
	user.ExternalID = externalID
	set(tx, tx.db.users, id, user)
	return nil
}

func (tx *transaction) SetNotBefore(_ context.Context, id identity.UserID, at time.Time) error {
	return tx.update(id, func(user *identity.User) { user.NotBefore = later(user.NotBefore, millis(at)) })
}

func (tx *transaction) Disable(_ context.Context, id identity.UserID, at time.Time) error {
	return tx.update(id, func(user *identity.User) {
		user.Disabled = true
		user.NotBefore = later(user.NotBefore, millis(at))
	})
}

func (tx *transaction) update(id identity.UserID, change func(*identity.User)) error {
	user, ok := tx.db.users[id]
	if !ok {
		return tx.fail(account.ErrNotFound)
	}
	change(&user)
	set(tx, tx.db.users, id, user)
	return nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (tx *transaction) RevokeSessions(_ context.Context, id identity.UserID, reason string, at time.Time) error {
	for _, s := range tx.db.active(id, at) {
		tx.revoke(s, reason, at)
	}
	return nil
}

func (tx *transaction) Delete(_ context.Context, id identity.UserID) error {
	user, ok := tx.db.users[id]
	if !ok {
		return tx.fail(account.ErrNotFound)
	}
	for _, s := range tx.db.byUser[id] {
		remove(tx, tx.db.sessions, s.Lookup)
	}
	for _, i := range tx.db.identities[id] {
		remove(tx, tx.db.owners, i.Key)
	}
	remove(tx, tx.db.byUser, id)
	remove(tx, tx.db.identities, id)
	remove(tx, tx.db.externalIDs, user.ExternalID)
	remove(tx, tx.db.users, id)
	return nil
}

// revoke revokes a session until the transaction is rolled back.
func (tx *transaction) revoke(s *session.Session, reason string, at time.Time) {
	old := *s
	tx.undo = append(tx.undo, func() { *s = old })
	revoke(s, reason, at)
}

// addSession adds a session until the transaction is rolled back.
func (tx *transaction) addSession(s session.Session) {
	for _, t := range []*time.Time{
		&s.CreatedAt, &s.AuthenticatedAt, &s.LastSeenAt, &s.IdleExpiresAt, &s.ExpiresAt, &s.RevokedAt, &s.RefreshedAt,
	} {
		*t = millis(*t)
	}
	s.ExternalID, s.UserDisabled, s.UserNotBefore = "", false, time.Time{} // belong to the user
	set(tx, tx.db.sessions, s.Lookup, &s)
	set(tx, tx.db.byUser, s.UserID, append(slices.Clip(tx.db.byUser[s.UserID]), &s))
}

// removeSession removes a session until the transaction is rolled back.
func (tx *transaction) removeSession(s *session.Session) {
	remove(tx, tx.db.sessions, s.Lookup)
	others := slices.DeleteFunc(slices.Clone(tx.db.byUser[s.UserID]), func(other *session.Session) bool { return other == s })
	set(tx, tx.db.byUser, s.UserID, others)
}
