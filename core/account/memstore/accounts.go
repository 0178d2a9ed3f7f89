package memstore

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/identity"
)

type accounts struct{ db *DB }

var _ account.Store = accounts{}

func (a accounts) Find(ctx context.Context, key identity.Key) (user identity.User, err error) {
	err = a.Transact(ctx, nil, func(ctx context.Context, tx account.Tx) error {
		user, err = tx.Find(ctx, key)
		return err
	})
	return user, err
}

func (a accounts) Get(ctx context.Context, id identity.UserID) (user identity.User, err error) {
	err = a.Transact(ctx, nil, func(ctx context.Context, tx account.Tx) error {
		user, err = tx.Get(ctx, id)
		return err
	})
	return user, err
}

func (a accounts) Identities(ctx context.Context, id identity.UserID) (list []identity.Stored, err error) {
	err = a.Transact(ctx, nil, func(ctx context.Context, tx account.Tx) error {
		list, err = tx.Identities(ctx, id)
		return err
	})
	return list, err
}

func (a accounts) List(ctx context.Context, q account.Query) ([]identity.User, error) {
	end, err := a.db.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var page []identity.User
	for _, id := range slices.SortedFunc(maps.Keys(a.db.users), compareIDs) {
		user, ok := a.db.matching(id, q)
		if ok && compareIDs(id, q.After) > 0 && len(page) < q.Limit {
			page = append(page, user)
		}
	}
	return page, nil
}

// matching returns the user with its identity that the query selects and that signed
// in last.
func (db *DB) matching(id identity.UserID, q account.Query) (identity.User, bool) {
	user := db.users[id]
	if q.ExternalID != "" && q.ExternalID != user.ExternalID {
		return identity.User{}, false
	}
	if q.Email == "" && q.Phone == "" && q.Provider == "" {
		return db.withLatest(user, db.identities[id]), true
	}
	selected := slices.DeleteFunc(slices.Clone(db.identities[id]), func(i identity.Stored) bool {
		return q.Email != "" && identity.FoldEmail(q.Email) != identity.FoldEmail(i.Email) ||
			q.Phone != "" && q.Phone != i.Phone ||
			q.Provider != "" && q.Provider != i.Provider
	})
	return db.withLatest(user, selected), len(selected) > 0
}

// withLatest returns the user with the one of its identities that signed in last.
func (db *DB) withLatest(user identity.User, identities []identity.Stored) identity.User {
	if len(identities) == 0 {
		return user
	}
	return user.With(slices.MaxFunc(identities, func(a, b identity.Stored) int {
		return cmp.Or(a.LastLoginAt.Compare(b.LastLoginAt), compareIDs(a.ID, b.ID))
	}))
}

func compareIDs(a, b identity.UserID) int { return bytes.Compare(a[:], b[:]) }

// Transact runs one transaction at a time, whatever its locks, and nothing else
// meanwhile.
func (a accounts) Transact(ctx context.Context, _ []string, do func(context.Context, account.Tx) error) error {
	return a.db.transact(ctx, func(tx *transaction) error { return do(ctx, tx) })
}

func (a accounts) Disable(ctx context.Context, id identity.UserID, at time.Time) error {
	return a.db.transact(ctx, func(tx *transaction) error { return tx.Disable(ctx, id, at) })
}

func (a accounts) Enable(ctx context.Context, id identity.UserID) error {
	return a.db.transact(ctx, func(tx *transaction) error {
		return tx.update(id, func(user *identity.User) { user.Disabled = false })
	})
}

func (a accounts) SetNotBefore(ctx context.Context, id identity.UserID, at time.Time) error {
	return a.db.transact(ctx, func(tx *transaction) error { return tx.SetNotBefore(ctx, id, at) })
}

func (a accounts) Delete(ctx context.Context, id identity.UserID) error {
	return a.db.transact(ctx, func(tx *transaction) error { return tx.Delete(ctx, id) })
}
