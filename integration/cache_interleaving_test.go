package integration_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/identity"
)

// cachedForAnHour is a session block whose entries do not expire during a test.
const cachedForAnHour = `session "own" { cache_ttl = "1h" }`

// TestCacheInterleaving revokes sessions at one node in every order with the look-up
// and the notification at another. Once the notification has arrived, or the
// connection that it is missed by is lost, the session is rejected.
//
// Databases: postgres.
func TestCacheInterleaving(t *testing.T) {
	t.Parallel()
	onEach(t, servable(), func(t *testing.T, b backend) {
		t.Helper()
		if !strings.HasPrefix(b.name, "postgres") {
			return // no notifications
		}
		c := newCachingNode(t, b)
		for name, run := range interleavings {
			t.Run(name, func(t *testing.T) {
				c.channel.set(pass)
				c.awaitTrusted(t)
				run(t, c, c.signedIn(t))
			})
		}
	})
}

// interleavings are named after the order of events: the look-up reads the session, is
// inserted into the cache; the session is revoked, the node hears of that; or the
// connection is lost, and back.
var interleavings = map[string]func(t *testing.T, c *cachingNode, s cachedSession){
	"RevokedHeardRead": func(t *testing.T, c *cachingNode, s cachedSession) {
		t.Helper()
		c.revoke(t, s)
		c.awaitHeard(t, s)
		c.look(t, s, http.StatusUnauthorized)
	},
	"RevokedReadHeard": func(t *testing.T, c *cachingNode, s cachedSession) {
		t.Helper()
		c.channel.set(hold)
		c.revoke(t, s)
		c.awaitHeld(t, s)
		c.look(t, s, http.StatusUnauthorized)
		c.channel.set(pass)
		c.awaitHeard(t, s)
		c.look(t, s, http.StatusUnauthorized)
	},
	"ReadRevokedHeardInserted": func(t *testing.T, c *cachingNode, s cachedSession) {
		t.Helper()
		insert := c.read(t, s)
		c.revoke(t, s)
		c.awaitHeard(t, s)
		insert()
		c.look(t, s, http.StatusUnauthorized)
	},
	"ReadRevokedInsertedHeard": func(t *testing.T, c *cachingNode, s cachedSession) {
		t.Helper()
		c.channel.set(hold)
		insert := c.read(t, s)
		c.revoke(t, s)
		c.awaitHeld(t, s)
		insert()
		c.lookCached(t, s)
		c.channel.set(pass)
		c.awaitHeard(t, s)
		c.look(t, s, http.StatusUnauthorized)
	},
	"ReadInsertedRevokedHeard": func(t *testing.T, c *cachingNode, s cachedSession) {
		t.Helper()
		c.look(t, s, http.StatusOK)
		c.lookCached(t, s)
		c.revoke(t, s)
		c.awaitHeard(t, s)
		c.look(t, s, http.StatusUnauthorized)
	},
	"ReadLostRevokedInsertedBack": func(t *testing.T, c *cachingNode, s cachedSession) {
		t.Helper()
		insert := c.read(t, s)
		c.lose(t)
		c.revoke(t, s)
		insert()
		c.look(t, s, http.StatusUnauthorized)
		c.awaitTrusted(t)
		c.look(t, s, http.StatusUnauthorized)
	},
	"ReadLostRevokedBackInserted": func(t *testing.T, c *cachingNode, s cachedSession) {
		t.Helper()
		insert := c.read(t, s)
		c.lose(t)
		c.revoke(t, s)
		c.awaitTrusted(t)
		insert()
		c.look(t, s, http.StatusUnauthorized)
	},
	"ReadRevokedLostInserted": func(t *testing.T, c *cachingNode, s cachedSession) {
		t.Helper()
		c.channel.set(drop)
		insert := c.read(t, s)
		c.revoke(t, s)
		c.awaitHeld(t, s)
		c.lose(t)
		insert()
		c.look(t, s, http.StatusUnauthorized)
		c.awaitTrusted(t)
		c.look(t, s, http.StatusUnauthorized)
	},
	"InsertedRevokedLostBack": func(t *testing.T, c *cachingNode, s cachedSession) {
		t.Helper()
		c.channel.set(drop)
		c.look(t, s, http.StatusOK)
		c.revoke(t, s)
		c.awaitHeld(t, s)
		c.lookCached(t, s)
		c.lose(t)
		c.look(t, s, http.StatusUnauthorized)
		c.awaitTrusted(t)
		c.look(t, s, http.StatusUnauthorized)
	},
	"InsertedLostRevokedBack": func(t *testing.T, c *cachingNode, s cachedSession) {
		t.Helper()
		c.look(t, s, http.StatusOK)
		c.lookCached(t, s)
		c.lose(t)
		c.revoke(t, s)
		c.look(t, s, http.StatusUnauthorized)
		c.awaitTrusted(t)
		c.look(t, s, http.StatusUnauthorized)
	},
	"LostReadRevokedBackInserted": func(t *testing.T, c *cachingNode, s cachedSession) {
		t.Helper()
		c.lose(t)
		insert := c.read(t, s)
		c.revoke(t, s)
		c.awaitTrusted(t)
		insert()
		c.look(t, s, http.StatusUnauthorized)
	},
}

// cachingNode is a node that caches sessions, while another node ends them.
type cachingNode struct {
	observedDatabase
	kit      *core.Kit
	nodes    *nodes
	database scratch
}

func newCachingNode(t *testing.T, b backend) *cachingNode {
	t.Helper()
	database := b.create(t)
	b.create = func(*testing.T) scratch { return database }
	n := newNodes(t, b, cachedForAnHour, nil)
	c := &cachingNode{nodes: n, database: database, observedDatabase: newObservedDatabase(t, database.opened(t))}
	c.channel.extended = time.Hour // the tests decide when it is lost
	c.kit = openExisting(t, existingConfiguration(t, n.issuer, cachedForAnHour), c.observedDatabase, core.WithClock(n.clock.Now))
	return c
}

// cachedSession is a session in a cookie.
type cachedSession struct {
	user   identity.UserID
	cookie []string
}

// signedIn logs in a new user at the other node.
func (c *cachingNode) signedIn(t *testing.T) cachedSession {
	t.Helper()
	p := c.nodes.newPerson(t, 1)
	return cachedSession{uuid.MustParse(p.userID), []string{"Cookie", p.cookies[0]}}
}

// look requests the caller of the session.
func (c *cachingNode) look(t *testing.T, s cachedSession, want int) {
	t.Helper()
	if got := c.status(t, s); got != want {
		t.Errorf("got %d, want %d", got, want)
	}
}

func (c *cachingNode) status(t *testing.T, s cachedSession) int {
	t.Helper()
	r := message("GET", "/api/me", "", s.cookie...)
	if _, rejection := c.kit.Adapter().Authorize(t.Context(), r, http.Header{}, core.Guard{}); rejection != nil {
		return rejection.Status
	}
	return http.StatusOK
}

// lookCached expects that the session is accepted from the cache.
func (c *cachingNode) lookCached(t *testing.T, s cachedSession) {
	t.Helper()
	before := c.lookups.count.Load()
	c.look(t, s, http.StatusOK)
	if c.lookups.count.Load() != before {
		t.Error("the session is not cached")
	}
}

// read begins a request with the session, which reads it. insert lets the look-up return,
// and waits for the request, which began before the session was revoked.
func (c *cachingNode) read(t *testing.T, s cachedSession) (insert func()) {
	t.Helper()
	paused := &pausedLookup{read: make(chan struct{}), release: make(chan struct{})}
	c.lookups.next.Store(paused)
	status := make(chan int, 1)
	go func() { status <- c.status(t, s) }()
	await(t, paused.read)
	return func() {
		t.Helper()
		close(paused.release)
		if got := await(t, status); got != http.StatusOK {
			t.Errorf("the look that began before the revocation is %d", got)
		}
	}
}

// revoke logs the session out at the other node.
func (c *cachingNode) revoke(t *testing.T, s cachedSession) {
	t.Helper()
	if r := send(t.Context(), c.nodes.sound, "POST", "/auth/logout", "", s.cookie...); r.Status != http.StatusNoContent {
		t.Fatalf("logout: %d %s", r.Status, r.Body)
	}
}

// awaitHeard waits until the node has been notified of the user.
func (c *cachingNode) awaitHeard(t *testing.T, s cachedSession) {
	t.Helper()
	c.channel.await(t, "notification", func() bool {
		return slices.ContainsFunc(c.channel.calls, func(call channelCall) bool { return call.user == s.user })
	})
}

// awaitHeld waits until a notification of the user has arrived that is held or dropped.
func (c *cachingNode) awaitHeld(t *testing.T, s cachedSession) {
	t.Helper()
	c.channel.await(t, "notification", func() bool { return slices.Contains(c.channel.held, s.user) })
}

// lose ends the connection that listens, and waits until the node has noticed.
func (c *cachingNode) lose(t *testing.T) {
	t.Helper()
	c.channel.reset()
	c.database.execute(t, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND query LIKE '%pg_trigger%' AND pid <> pg_backend_pid()`)
	c.channel.await(t, "lost connection", func() bool {
		return slices.ContainsFunc(c.channel.calls, func(call channelCall) bool { return call == channelCall{} })
	})
}

// awaitTrusted waits until the connection is trusted.
func (c *cachingNode) awaitTrusted(t *testing.T) {
	t.Helper()
	c.channel.await(t, "trusted time", func() bool {
		return len(c.channel.calls) > 0 && !c.channel.calls[len(c.channel.calls)-1].until.IsZero()
	})
}
