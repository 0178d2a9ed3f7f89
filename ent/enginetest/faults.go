package enginetest

import (
	"context"
	"database/sql/driver"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/account/accounttest"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/ent/enginetest/faultdriver"
	"github.com/cotterpin/cotterpin/ent/entstore"
)

// RunFaults lets each message of an exchange, a new key and transactions fail, and expects
// the write to happen completely or not at all, and never an error that reports a
// lost race. newConnector returns a connector to a new empty database. Embedded
// databases can use it too.
func RunFaults(t *testing.T, d entstore.Dialect, newConnector func(t *testing.T) driver.Connector) {
	t.Helper()
	for name, fault := range faultdriver.Faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := openRecorded(t, d, newConnector(t))
			testExchangeFault(t, db, fault)
			testKeyFault(t, db, fault)
			testTransactionFault(t, db, fault)
			testWithinFault(t, db, fault)
		})
	}
}

func (e Engine) testFaults(t *testing.T) { RunFaults(t, e.Dialect, e.newConnector) }

// attempt is a write with a fault, and what must hold after it returned err.
type attempt struct {
	write func(ctx context.Context) error
	check func(err error)
}

// testExchangeFault exchanges a new session's refresh token, with the fault in
// one message after the other.
func testExchangeFault(t *testing.T, db database.Database, fault faultdriver.Fault) {
	t.Helper()
	user := newUser("ada")
	if err := accounttest.Register(t.Context(), db.Accounts(), user, nil); err != nil {
		t.Fatalf("Register: %v", err)
	}
	eachFault(t, fault, func(message int) attempt {
		r := newSession(user, byte(message)) //nolint:gosec // there are few messages
		if err := db.SignIn(t.Context(), database.SignIn{User: user, Session: &r, MaxSessions: 1000}); err != nil {
			t.Fatalf("SignIn: %v", err)
		}
		before := find(t, db.Sessions(), r.Lookup)
		e := session.Exchange{Lookup: r.Lookup, Presented: r.SecretHash, Next: [32]byte{1}, At: r.CreatedAt, IdleExpires: r.ExpiresAt}
		write := func(ctx context.Context) error { return db.Sessions().Advance(ctx, e) }
		return attempt{write, func(err error) {
			after := find(t, db.Sessions(), r.Lookup)
			unchanged := after.Generation == 0 && after.SecretHash == before.SecretHash && after.IdleExpiresAt.IsZero()
			complete := after.Generation == 1 && after.SecretHash == e.Next && after.PreviousHash == e.Presented && !after.RefreshedAt.IsZero()
			if !complete && (!unchanged || err == nil) {
				t.Errorf("message %d: Advance returned %v, and the session is %+v", message, err, after)
			}
		}}
	})
}

// testKeyFault adds a key, with the fault in one message after the other.
func testKeyFault(t *testing.T, db database.Database, fault faultdriver.Fault) {
	t.Helper()
	eachFault(t, fault, func(message int) attempt {
		now := time.Now()
		k := session.Key{
			ID: strconv.Itoa(message), Purpose: session.KeySigns, Serial: message, Secret: []byte("k"), CreatedAt: now, ActiveAt: now,
		}
		write := func(ctx context.Context) error { return db.Keys().Add(ctx, k) }
		return attempt{write, func(err error) {
			keys, listErr := db.Keys().List(t.Context())
			added := len(keys) > 0 && keys[len(keys)-1].ID == k.ID
			if listErr != nil || err == nil && !added {
				t.Errorf("message %d: Add returned %v, and the keys are %+v (error %v)", message, err, keys, listErr)
			}
		}}
	})
}

// eachFault makes one attempt with the fault in the first message, one with the
// fault in the second, and so on, until the write has fewer messages.
func eachFault(t *testing.T, fault faultdriver.Fault, next func(message int) attempt) {
	t.Helper()
	for message := 1; ; message++ {
		a := next(message)
		ctx, cancel := context.WithCancel(t.Context())
		script := faultdriver.Script{At: message, Fault: fault, OnHang: cancel}
		err := a.write(script.In(ctx))
		cancel()
		a.check(err)
		if errors.Is(err, session.ErrNotFound) || errors.Is(err, session.ErrKeyExists) {
			t.Errorf("message %d: got %v, want the failure", message, err)
		}
		if len(script.Events()) < message {
			if message == 1 || err != nil {
				t.Errorf("a write of %d messages without a fault: %v", message-1, err)
			}
			return
		}
	}
}
