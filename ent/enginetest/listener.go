package enginetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"entgo.io/ent/dialect"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/account/accounttest"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

// listenerPatience is how long the suite waits for a call of a listener.
const listenerPatience = time.Minute

// listenerTerminations end the connections that listen.
var listenerTerminations = map[string]string{
	dialect.Postgres: `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%pg_trigger%'`,
}

// testListener tests the contract of [database.Listener], if the engine has one.
func (e Engine) testListener(t *testing.T) {
	url := e.NewDatabase(t)
	if _, ok := e.open(t, url).(database.Listener); !ok {
		return
	}
	t.Run("Writes", e.testListenerWrites)
	t.Run("Transactions", e.testListenerTransactions)
	t.Run("Order", e.testListenerOrder)
	t.Run("LostConnection", e.testListenerLost)
	t.Run("Context", e.testListenerContext)
}

// listened contains the calls of a listener, in order.
type listened struct {
	url    config.Secret
	stores database.Database // of another process, which writes
	stop   func()            // ends the context, and waits for the listener

	mu      sync.Mutex
	calls   []listenerCall
	changed chan struct{} // closed by the next call
	ended   bool          // no call may follow
}

// listenerCall is a call of heard, or of trusted if user is zero.
type listenerCall struct {
	user  identity.UserID
	until time.Time
}

func (c listenerCall) isTrusted() bool { return c.user == identity.UserID{} && !c.until.IsZero() }
func (c listenerCall) isLost() bool    { return c.user == identity.UserID{} && c.until.IsZero() }

// listen runs the listener of a new database until the test ends.
func (e Engine) listen(t *testing.T) *listened {
	t.Helper()
	url := e.NewDatabase(t)
	listener, ok := e.open(t, url).(database.Listener)
	if !ok {
		t.Fatal("the database is not a database.Listener")
	}
	l := &listened{url: url, stores: e.open(t, url), changed: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	returned := make(chan struct{})
	go func() {
		defer close(returned)
		listener.Listen(ctx,
			func(user identity.UserID) { l.record(t, listenerCall{user: user}) },
			func(until time.Time) { l.record(t, listenerCall{until: until}) })
	}()
	l.stop = func() {
		cancel()
		<-returned
	}
	t.Cleanup(l.stop)
	l.await(t, "a trusted time", 0, listenerCall.isTrusted)
	return l
}

func (l *listened) record(t *testing.T, c listenerCall) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		t.Errorf("a call after Listen has returned: %+v", c)
	}
	l.calls = append(l.calls, c)
	close(l.changed)
	l.changed = make(chan struct{})
}

// await waits for a call from a position on, and returns its position.
func (l *listened) await(t *testing.T, what string, from int, is func(listenerCall) bool) int {
	t.Helper()
	timeout := time.After(listenerPatience)
	for {
		l.mu.Lock()
		calls, changed := slices.Clone(l.calls), l.changed
		l.mu.Unlock()
		if i := slices.IndexFunc(calls[min(from, len(calls)):], is); i >= 0 {
			return from + i
		}
		select {
		case <-changed:
		case <-timeout:
			t.Fatalf("there is no %s in %d calls", what, len(calls))
		}
	}
}

func (l *listened) position() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.calls)
}

// awaitHeard waits until the listener has heard of a user, from a position on.
func (l *listened) awaitHeard(t *testing.T, what string, user identity.UserID, from int) {
	t.Helper()
	l.await(t, what, from, func(c listenerCall) bool { return c.user == user })
}

// awaitTrusted waits until everything that was committed before has been heard.
func (l *listened) awaitTrusted(t *testing.T) int {
	t.Helper()
	now := time.Now()
	return l.await(t, "trusted time after a write", 0, func(c listenerCall) bool {
		return c.isTrusted() && !c.until.Before(now.Add(time.Second))
	})
}

// signedIn registers a user with a session.
func (l *listened) signedIn(t *testing.T, n byte) (identity.User, session.Session) {
	t.Helper()
	user := newUser(fmt.Sprint("user ", n))
	if err := accounttest.Register(t.Context(), l.stores.Accounts(), user, nil); err != nil {
		t.Fatalf("Register: %v", err)
	}
	s := newSession(user, n)
	if err := l.stores.SignIn(t.Context(), database.SignIn{User: user, Session: &s, MaxSessions: 10}); err != nil {
		t.Fatalf("SignIn: %v", err)
	}
	return user, s
}

// testListenerWrites makes each write that ends or changes sessions.
func (e Engine) testListenerWrites(t *testing.T) {
	t.Parallel()
	l := e.listen(t)
	ctx, accounts, sessions := t.Context(), l.stores.Accounts(), l.stores.Sessions()
	now := time.Now()
	writes := []struct {
		name  string
		write func(u identity.User, s session.Session) error
	}{
		{"Revoke", func(u identity.User, s session.Session) error { return sessions.Revoke(ctx, u.ID, s.ID, "logout", now) }},
		{"RevokeAll", func(u identity.User, _ session.Session) error {
			_, err := sessions.RevokeAll(ctx, u.ID, "", "revoked", now)
			return err
		}},
		{"Rotate", func(u identity.User, s session.Session) error {
			return sessions.Rotate(ctx, u.ID, s.Lookup, session.Lookup{100}, [32]byte{1})
		}},
		{"Disable", func(u identity.User, _ session.Session) error { return accounts.Disable(ctx, u.ID, now) }},
		{"Enable", func(u identity.User, _ session.Session) error { return accounts.Enable(ctx, u.ID) }},
		{"SetNotBefore", func(u identity.User, _ session.Session) error { return accounts.SetNotBefore(ctx, u.ID, now) }},
		{"SetExternalID", func(u identity.User, _ session.Session) error {
			return accounts.Transact(ctx, nil, func(ctx context.Context, tx account.Tx) error { return tx.SetExternalID(ctx, u.ID, "7") })
		}},
		{"Delete", func(u identity.User, _ session.Session) error { return accounts.Delete(ctx, u.ID) }},
		{"SignIn", func(u identity.User, _ session.Session) error {
			next := newSession(u, 101)
			return l.stores.SignIn(ctx, database.SignIn{User: u, Session: &next, MaxSessions: 1})
		}},
	}
	for i, w := range writes {
		user, s := l.signedIn(t, byte(i))
		if w.name == "Enable" {
			if err := accounts.Disable(ctx, user.ID, now); err != nil {
				t.Fatalf("Disable: %v", err)
			}
		}
		before := l.awaitTrusted(t)
		if err := w.write(user, s); err != nil {
			t.Fatalf("%s: %v", w.name, err)
		}
		l.awaitHeard(t, w.name, user.ID, before)
	}
}

// testListenerTransactions hears of a write when it is committed, and not of one that
// is rolled back.
func (e Engine) testListenerTransactions(t *testing.T) {
	t.Parallel()
	l := e.listen(t)
	errUndo := errors.New("undo")
	for i, undo := range []error{errUndo, nil} {
		user, _ := l.signedIn(t, byte(i))
		begin := l.position()
		isHeard := func() bool {
			l.mu.Lock()
			defer l.mu.Unlock()
			return slices.ContainsFunc(l.calls[begin:], func(c listenerCall) bool { return c.user == user.ID })
		}
		err := l.stores.Accounts().Transact(t.Context(), nil, func(ctx context.Context, tx account.Tx) error {
			if err := tx.Disable(ctx, user.ID, time.Now()); err != nil {
				return err
			}
			l.awaitTrusted(t)
			if isHeard() {
				t.Error("a write is heard before it is committed")
			}
			return undo
		})
		if !errors.Is(err, undo) {
			t.Fatalf("Transact: %v", err)
		}
		l.awaitTrusted(t)
		if isHeard() != (undo == nil) {
			t.Errorf("the write is heard: %t; it was reverted: %t", isHeard(), undo != nil)
		}
	}
}

// testListenerOrder revokes sessions: each is heard before the trusted times that
// cover its revocation.
func (e Engine) testListenerOrder(t *testing.T) {
	t.Parallel()
	l := e.listen(t)
	const users = 24
	type write struct {
		user identity.UserID
		at   time.Time // when it had been committed
	}
	writes := make([]write, users)
	for i := range writes {
		user, s := l.signedIn(t, byte(i))
		if i%8 == 0 {
			l.awaitTrusted(t) // so that they are distributed over several
		}
		if err := l.stores.Sessions().Revoke(t.Context(), user.ID, s.ID, "logout", time.Now()); err != nil {
			t.Fatalf("Revoke: %v", err)
		}
		writes[i] = write{user.ID, time.Now()}
	}
	l.awaitTrusted(t)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range writes {
		heard := slices.IndexFunc(l.calls, func(c listenerCall) bool { return c.user == w.user })
		covers := slices.IndexFunc(l.calls, func(c listenerCall) bool { return c.isTrusted() && c.until.After(w.at.Add(time.Second)) })
		if heard < 0 || covers < heard {
			t.Errorf("a revocation is call %d, but the first trusted time that covers it is call %d", heard, covers)
		}
	}
	limit := time.Now().Add(time.Second)
	if slices.ContainsFunc(l.calls, func(c listenerCall) bool { return c.until.After(limit) }) {
		t.Error("a trusted time is more than one second ahead")
	}
}

// testListenerLost ends the connection that listens.
func (e Engine) testListenerLost(t *testing.T) {
	t.Parallel()
	l := e.listen(t)
	if first := l.await(t, "call", 0, func(listenerCall) bool { return true }); !l.calls[first].isLost() {
		t.Errorf("the first call is %+v, want the zero time", l.calls[first])
	}
	pool := e.pool(t, l.url)
	for n := range byte(2) {
		user, s := l.signedIn(t, n)
		l.awaitTrusted(t)
		from := l.position()
		execute(t, pool, listenerTerminations[e.Dialect.Name])
		lost := l.await(t, "lost connection", from, listenerCall.isLost)
		if err := l.stores.Sessions().Revoke(t.Context(), user.ID, s.ID, "logout", time.Now()); err != nil {
			t.Fatalf("Revoke: %v", err)
		}
		// What is written meanwhile may be missed. It is not covered by the next trusted
		// time: values that were read before are dropped by the zero time before it.
		back := l.await(t, "trusted time after a lost connection", lost, listenerCall.isTrusted)
		l.mu.Lock()
		between := slices.Clone(l.calls[lost:back])
		l.mu.Unlock()
		if zeros := slices.DeleteFunc(between, func(c listenerCall) bool { return !c.isLost() }); len(zeros) < 2 {
			t.Error("what was read before the new connection listens is trusted")
		}
		other, s := l.signedIn(t, n+10)
		if err := l.stores.Sessions().Revoke(t.Context(), other.ID, s.ID, "logout", time.Now()); err != nil {
			t.Fatalf("Revoke: %v", err)
		}
		l.awaitHeard(t, "revocation after a lost connection", other.ID, back)
	}
}

// testListenerContext ends the context.
func (e Engine) testListenerContext(t *testing.T) {
	t.Parallel()
	l := e.listen(t)
	l.stop()
	l.mu.Lock()
	l.ended = true
	l.mu.Unlock()
	user, s := l.signedIn(t, 1)
	if err := l.stores.Sessions().Revoke(t.Context(), user.ID, s.ID, "logout", time.Now()); err != nil {
		t.Fatalf("Revoke: %v", err)
	}
}
