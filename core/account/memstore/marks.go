package memstore

import (
	"context"
	"slices"
	"time"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/identity"
)

// IsRecorded implements account.Store.
func (a accounts) IsRecorded(ctx context.Context, mark string, at time.Time) (bool, error) {
	end, err := a.db.begin(ctx)
	if err != nil {
		return false, err
	}
	defer end()
	return a.db.isRecorded(mark, at), nil
}

func (db *DB) isRecorded(mark string, at time.Time) bool {
	expires, recorded := db.marks[mark]
	return recorded && expires.After(at)
}

// Sweep deletes expired marks.
func (a accounts) Sweep(ctx context.Context, before time.Time, limit int) (swept int, err error) {
	err = a.db.transact(ctx, func(tx *transaction) error {
		for mark, expires := range tx.db.marks {
			if swept < limit && expires.Before(before) {
				remove(tx, tx.db.marks, mark)
				swept++
			}
		}
		return nil
	})
	return swept, err
}

// Record implements account.Tx.
func (tx *transaction) Record(_ context.Context, mark string, expires time.Time) error {
	if _, recorded := tx.db.marks[mark]; recorded {
		return tx.fail(account.ErrConflict)
	}
	set(tx, tx.db.marks, mark, millis(expires))
	return nil
}

// EndProviderSession implements account.Tx.
func (tx *transaction) EndProviderSession(_ context.Context, mark, reason string, at, expires time.Time) ([]identity.UserID, error) {
	set(tx, tx.db.marks, mark, later(tx.db.marks[mark], millis(expires)))
	var users []identity.UserID
	for _, s := range tx.db.sessions {
		if s.ProviderSession != mark || !s.ActiveAt(at) {
			continue
		}
		tx.revoke(s, reason, at)
		if !slices.Contains(users, s.UserID) {
			users = append(users, s.UserID)
		}
	}
	return users, nil
}
