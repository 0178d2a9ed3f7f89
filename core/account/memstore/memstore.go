// Package memstore stores users, sessions and server keys in the memory of the process, for
// tests and demonstrations. Its [DB] is a database.Database that is lost when
// the process ends. Hooks get no SQL transaction: their Tx is nil.
package memstore

import (
	"context"
	"time"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

// DB is an empty database until something is written to it.
type DB struct {
	lock chan struct{} // holds a value during each step, or transaction with its hook

	users       map[identity.UserID]identity.User // with zero fields of an identity
	externalIDs map[string]identity.UserID
	identities  map[identity.UserID][]identity.Stored
	owners      map[identity.Key]identity.UserID
	sessions    map[session.Lookup]*session.Session
	byUser      map[identity.UserID][]*session.Session // oldest first
	keys        map[string]session.Key                 // by id
	marks       map[string]time.Time                   // expiry, by id
}

// New returns an empty database.
func New() *DB {
	return &DB{
		lock:        make(chan struct{}, 1),
		users:       make(map[identity.UserID]identity.User),
		externalIDs: make(map[string]identity.UserID),
		identities:  make(map[identity.UserID][]identity.Stored),
		owners:      make(map[identity.Key]identity.UserID),
		sessions:    make(map[session.Lookup]*session.Session),
		byUser:      make(map[identity.UserID][]*session.Session),
		keys:        make(map[string]session.Key),
		marks:       make(map[string]time.Time),
	}
}

// Accounts returns the users.
func (db *DB) Accounts() account.Store { return accounts{db} }

// Sessions returns the sessions.
func (db *DB) Sessions() session.Store { return sessions{db} }

// Keys returns the server keys.
func (db *DB) Keys() session.KeyStore { return keys{db} }

// Ready returns nil unless ctx is done.
func (db *DB) Ready(ctx context.Context) error { return ctx.Err() }

// Close does nothing.
func (db *DB) Close() error { return nil }

// begin locks the database for one atomic step, unless ctx is done.
func (db *DB) begin(ctx context.Context) (end func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case db.lock <- struct{}{}:
		return db.release, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (db *DB) release() { <-db.lock }

// millis returns t as every store keeps it: in milliseconds of UTC.
func millis(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.UnixMilli(t.UnixMilli()).UTC()
}
