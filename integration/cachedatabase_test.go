package integration_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

// observedDatabase is a database of which a test observes, and delays, look-ups of
// sessions and notifications.
type observedDatabase struct {
	database.Database
	lookups *observedLookups
	channel *observedChannel
}

func newObservedDatabase(t *testing.T, db database.Database) observedDatabase {
	t.Helper()
	listener, ok := db.(database.Listener)
	if !ok {
		t.Fatalf("%T does not notify", db)
	}
	return observedDatabase{
		db, &observedLookups{Store: db.Sessions()}, &observedChannel{listener: listener, changed: make(chan struct{})},
	}
}

// Sessions implements database.Database.
func (d observedDatabase) Sessions() session.Store { return d.lookups }

// Listen implements database.Listener.
func (d observedDatabase) Listen(ctx context.Context, heard func(identity.UserID), trusted func(until time.Time)) {
	d.channel.listen(ctx, heard, trusted)
}

// observedLookups counts the look-ups of sessions.
type observedLookups struct {
	session.Store
	count atomic.Int64
	next  atomic.Pointer[pausedLookup] // nil: it is not paused
}

// pausedLookup is a look-up that has read the session, and does not return yet.
type pausedLookup struct{ read, release chan struct{} }

// Find implements session.Store.
func (l *observedLookups) Find(ctx context.Context, lookup session.Lookup) (session.Session, error) {
	l.count.Add(1)
	s, err := l.Store.Find(ctx, lookup)
	if paused := l.next.Swap(nil); paused != nil {
		close(paused.read)
		<-paused.release
	}
	return s, err
}

// observedChannel passes the calls of a listener on.
type observedChannel struct {
	listener database.Listener
	extended time.Duration // added to trusted times

	mu      sync.Mutex
	calls   []channelCall // that were passed on
	changed chan struct{} // closed by the next change
	mode    channelMode
	held    []identity.UserID // notifications that have arrived in mode hold or drop
}

// channelMode is what happens to notifications.
type channelMode int

const (
	pass channelMode = iota
	hold             // until the mode changes
	drop
)

// channelCall is a call of heard, or of trusted if user is zero.
type channelCall struct {
	user  identity.UserID
	until time.Time
}

func (c *observedChannel) listen(ctx context.Context, heard func(identity.UserID), trusted func(until time.Time)) {
	c.listener.Listen(ctx, func(user identity.UserID) {
		if c.isPassed(ctx, user) {
			heard(user)
			c.record(channelCall{user: user})
		}
	}, func(until time.Time) {
		if !until.IsZero() {
			until = until.Add(c.extended)
		}
		trusted(until)
		c.record(channelCall{until: until})
	})
}

// isPassed waits while notifications are held.
func (c *observedChannel) isPassed(ctx context.Context, user identity.UserID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mode != pass {
		c.held = append(c.held, user)
		c.signal()
	}
	for c.mode == hold {
		changed := c.changed
		c.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
		}
		c.mu.Lock()
		if ctx.Err() != nil {
			return false
		}
	}
	return c.mode == pass
}

func (c *observedChannel) record(call channelCall) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, call)
	c.signal()
}

func (c *observedChannel) signal() {
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *observedChannel) set(mode channelMode) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mode, c.held = mode, nil
	c.signal()
}

// reset removes the calls so far, so that await waits for later ones.
func (c *observedChannel) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = nil
}

// await waits until a condition holds, which is called with c locked.
func (c *observedChannel) await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	timeout := time.After(patience)
	for {
		c.mu.Lock()
		isReached, changed := holds(), c.changed
		c.mu.Unlock()
		if isReached {
			return
		}
		select {
		case <-changed:
		case <-timeout:
			t.Fatal("there is no " + what)
		}
	}
}
