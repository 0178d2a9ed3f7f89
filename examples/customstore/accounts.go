package customstore

import (
	"cmp"
	"context"
	"maps"
	"time"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/identity"
)

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
