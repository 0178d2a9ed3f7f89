package enginetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/account/accounttest"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/ent/enginetest/faultdriver"
	"github.com/cotterpin/cotterpin/ent/internal/entgen"
	entmark "github.com/cotterpin/cotterpin/ent/internal/entgen/mark"
)

// testTransactions tests transactions of several connections.
func (e Engine) testTransactions(t *testing.T) {
	t.Run("OtherLocks", e.testOtherLocks)
	t.Run("Deadlock", e.testDeadlock)
	t.Run("Marks", e.testMarks)
}

// testOtherLocks runs a transaction within another one that has another lock and
// another user: neither waits.
func (e Engine) testOtherLocks(t *testing.T) {
	t.Parallel()
	accounts := e.openNew(t).Accounts()
	ada, eve := newUser("ada"), newUser("eve")
	for _, user := range []identity.User{ada, eve} {
		if err := accounttest.Register(t.Context(), accounts, user, nil); err != nil {
			t.Fatalf("Register: %v", err)
		}
	}
	err := accounts.Transact(t.Context(), []string{"a"}, func(ctx context.Context, tx account.Tx) error {
		_, err := tx.Get(ctx, ada.ID)
		return errors.Join(err, accounts.Transact(ctx, []string{"b"}, func(ctx context.Context, tx account.Tx) error {
			return tx.SetNotBefore(ctx, eve.ID, time.Now())
		}))
	})
	if err != nil {
		t.Errorf("Transact within a transaction with another lock: %v", err)
	}
}

// testDeadlock has two transactions lock two users in different orders, each after
// the other has locked the first one. The one that the database rolls back is
// repeated.
func (e Engine) testDeadlock(t *testing.T) {
	t.Parallel()
	db := e.openNew(t)
	users := []identity.User{newUser("ada"), newUser("eve")}
	for _, user := range users {
		if err := accounttest.Register(t.Context(), db.Accounts(), user, nil); err != nil {
			t.Fatalf("Register: %v", err)
		}
	}
	locked := []chan struct{}{make(chan struct{}), make(chan struct{})}
	attempts := []int{0, 0}
	race(2, func(racer byte) {
		first, second := users[racer], users[1-racer]
		err := db.SignIn(t.Context(), database.SignIn{User: first, Within: func(ctx context.Context, tx account.Tx) error {
			if attempts[racer]++; attempts[racer] == 1 {
				close(locked[racer])
				<-locked[1-racer]
			}
			_, err := tx.Get(ctx, second.ID)
			return err
		}})
		if err != nil {
			t.Errorf("SignIn: %v", err)
		}
	})
	if attempts[0]+attempts[1] < 3 {
		t.Errorf("the transactions ran %v times, want a repetition", attempts)
	}
}

// testMarks sweeps the rows of locks, but not those that a transaction uses again.
func (e Engine) testMarks(t *testing.T) {
	t.Parallel()
	url := e.NewDatabase(t)
	accounts := e.open(t, url).Accounts()
	client := entgen.NewClient(entgen.Driver(entsql.OpenDB(e.Dialect.Name, e.pool(t, url))))
	lock := func(names ...string) {
		t.Helper()
		if err := accounts.Transact(t.Context(), names, func(context.Context, account.Tx) error { return nil }); err != nil {
			t.Fatalf("Transact: %v", err)
		}
	}
	wantMarks := func(want int) {
		t.Helper()
		if count, err := client.Mark.Query().Where(entmark.Recorded(false)).Count(t.Context()); err != nil || count != want {
			t.Errorf("there are %d marks (error %v), want %d", count, err, want)
		}
	}
	lock("a", "b", "a", "c", "a"+string(rune(0)), "é\xff") // any strings
	lock("b")
	wantMarks(5)
	if swept, err := accounts.Sweep(t.Context(), time.Now(), 10); err != nil || swept != 0 {
		t.Errorf("Sweep: deleted %d (error %v), want none before they expire", swept, err)
	}
	if err := client.Mark.Update().SetExpiresMs(1).Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	lock("a") // expires later again
	for _, want := range []int{3, 1, 0} {
		if swept, err := accounts.Sweep(t.Context(), time.Now(), 3); err != nil || swept != want {
			t.Errorf("Sweep: deleted %d (error %v), want %d", swept, err, want)
		}
	}
	wantMarks(1)
}

// testTransactionFault runs a transaction with several writes, with the fault in one
// message after the other: it happens completely or not at all.
func testTransactionFault(t *testing.T, db database.Database, fault faultdriver.Fault) { //nolint:gocognit // the steps are one transaction
	t.Helper()
	eachFault(t, fault, func(message int) attempt {
		accounts, user := db.Accounts(), newUser(fmt.Sprint("fault ", message))
		second := newUser(fmt.Sprint("second ", message)).Stored()
		user.Email, user.ExternalID = user.Subject+"@example.com", user.Subject
		write := func(ctx context.Context) error {
			return accounts.Transact(ctx, []string{user.Subject, "other"}, func(ctx context.Context, tx account.Tx) error {
				if found, err := tx.WithEmail(ctx, user.Email); err != nil || len(found) > 0 {
					return err
				}
				if err := tx.CreateUser(ctx, user); err != nil {
					return err
				}
				if err := tx.AddIdentity(ctx, user.ID, user.Stored()); err != nil {
					return err
				}
				if err := tx.AddIdentity(ctx, user.ID, second); err != nil {
					return err
				}
				return tx.SetNotBefore(ctx, user.ID, user.CreatedAt)
			})
		}
		return attempt{write, func(err error) {
			if errors.Is(err, account.ErrNotFound) || errors.Is(err, account.ErrConflict) {
				t.Errorf("message %d: got %v, want the failure", message, err)
			}
			identities, listErr := accounts.Identities(t.Context(), user.ID)
			isAbsent := errors.Is(listErr, account.ErrNotFound)
			found, _ := accounts.Get(t.Context(), user.ID)
			isComplete := listErr == nil && len(identities) == 2 && found.ExternalID == user.ExternalID && !found.NotBefore.IsZero()
			if !isComplete && (!isAbsent || err == nil) {
				t.Errorf("message %d: Transact returned %v, and the user is %+v with %+v", message, err, found, identities)
			}
		}}
	})
}

// testWithinFault signs a user in with a write within, with the fault in one message
// after the other.
func testWithinFault(t *testing.T, db database.Database, fault faultdriver.Fault) {
	t.Helper()
	user := newUser("within")
	if err := accounttest.Register(t.Context(), db.Accounts(), user, nil); err != nil {
		t.Fatalf("Register: %v", err)
	}
	eachFault(t, fault, func(message int) attempt {
		r := newSession(user, byte(100+message))      //nolint:gosec // there are few messages
		login, id := user, fmt.Sprint("id ", message) // differ from those of the attempt before
		login.Identifier = id
		in := database.SignIn{User: login, Session: &r, MaxSessions: 1000, Within: func(ctx context.Context, tx account.Tx) error {
			return tx.SetExternalID(ctx, user.ID, id)
		}}
		return attempt{func(ctx context.Context) error { return db.SignIn(ctx, in) }, func(err error) {
			found, getErr := db.Accounts().Get(t.Context(), user.ID)
			_, sessionErr := db.Sessions().Find(t.Context(), r.Lookup)
			isComplete := found.ExternalID == id && found.Identifier == id && sessionErr == nil
			isAbsent := found.ExternalID != id && found.Identifier != id && sessionErr != nil
			if getErr != nil || !isComplete && (!isAbsent || err == nil) {
				t.Errorf("message %d: SignIn returned %v, and the user is %+v (error %v, of the session %v)", message, err, found, getErr, sessionErr)
			}
		}}
	})
}
