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
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

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
