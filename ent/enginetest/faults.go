package enginetest

import (
	"context"
	"database/sql/driver"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/ent/enginetest/faultdriver"
	"github.com/cotterpin/cotterpin/ent/entstore"
)

// RunFaults lets each message of an exchange and of a new key fail, and expects
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
		})
	}
}

func (e Engine) testFaults(t *testing.T) { RunFaults(t, e.Dialect, e.newConnector) }

// testExchangeFault exchanges a new session's refresh token, with the fault in
// one message after the other.
func testExchangeFault(t *testing.T, db database.Database, fault faultdriver.Fault) {
	t.Helper()
	user := newUser("ada")
	if err := db.Accounts().Register(t.Context(), user, nil); err != nil {
		t.Fatalf("Register: %v", err)
	}
	eachFault(t, fault, func(ctx context.Context, message int) error {
		r := newSession(user, byte(message)) //nolint:gosec // there are few messages
		if err := db.SignIn(t.Context(), database.SignIn{User: user, Session: &r, MaxSessions: 1000}); err != nil {
			t.Fatalf("SignIn: %v", err)
		}
		before := find(t, db.Sessions(), r.Lookup)
		e := session.Exchange{Lookup: r.Lookup, Presented: r.SecretHash, Next: [32]byte{1}, At: r.CreatedAt, IdleExpires: r.ExpiresAt}
		err := db.Sessions().Advance(ctx, e)
		switch after := find(t, db.Sessions(), r.Lookup); {
		case after.Generation == 0 && after.SecretHash == before.SecretHash && after.LastSeenAt.Equal(before.LastSeenAt):
			if err == nil {
				t.Errorf("message %d: Advance reports an exchange that did not happen", message)
			}
		case after.Generation != 1, after.SecretHash != e.Next, after.PreviousHash != e.Presented, after.RefreshedAt.IsZero():
			t.Errorf("message %d: half an exchange: %+v", message, after)
		}
		return err
	})
}

// testKeyFault adds a key, with the fault in one message after the other.
func testKeyFault(t *testing.T, db database.Database, fault faultdriver.Fault) {
	t.Helper()
	eachFault(t, fault, func(ctx context.Context, message int) error {
		now := time.Now()
		k := session.Key{
			ID: strconv.Itoa(message), Purpose: session.KeySigns, Serial: message, Secret: []byte("k"), CreatedAt: now, ActiveAt: now,
		}
		err := db.Keys().Add(ctx, k)
		keys, listErr := db.Keys().List(t.Context())
		added := len(keys) > 0 && keys[len(keys)-1].ID == k.ID
		if listErr != nil || err == nil && !added {
			t.Errorf("message %d: Add reports a key that was not added (error %v)", message, listErr)
		}
		return err
	})
}

// eachFault calls write with the fault in its first message, its second one, and
// so on, until write has fewer messages.
func eachFault(t *testing.T, fault faultdriver.Fault, write func(ctx context.Context, message int) error) {
	t.Helper()
	for message := 1; ; message++ {
		ctx, cancel := context.WithCancel(t.Context())
		script := faultdriver.Script{At: message, Fault: fault, OnHang: cancel}
		err := write(script.In(ctx), message)
		cancel()
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
