package integration_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/integration/engine"
)

// TestCacheOutage stops a database server whose connections stay open. Within a second
// nothing is accepted from the cache; later it is used again.
//
// Databases: postgres.
func TestCacheOutage(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, e *engine.Engine) {
		t.Helper()
		if !strings.HasPrefix(e.String(), "postgres") {
			return // no notifications
		}
		server := dedicated(t, e)
		c := newCachingNode(t, backend{create: func(t *testing.T) scratch { t.Helper(); return at(t, e, databaseOn(t, server.Server)) }})
		c.channel.extended = 0
		s := c.signedIn(t)
		c.awaitCached(t, s)

		c.channel.reset()
		if err := server.Pause(t.Context()); err != nil {
			t.Fatal(err)
		}
		limit := time.Now().Add(time.Second)
		c.channel.await(t, "lost connection", func() bool {
			for _, call := range c.channel.calls {
				if call.until.After(limit) {
					t.Errorf("the cache is used until %v after the stop", call.until.Sub(limit)+time.Second)
				}
			}
			return len(c.channel.calls) > 0 && c.channel.calls[len(c.channel.calls)-1] == channelCall{}
		})
		before := c.lookups.count.Load()
		const looks = 4
		atOnce(looks, func(int) { c.look(t, s, http.StatusServiceUnavailable) })
		if got := c.lookups.count.Load() - before; got != looks {
			t.Errorf("%d requests made %d look-ups", looks, got)
		}

		if err := server.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.awaitCached(t, s)
		c.channel.reset()
		c.revoke(t, s)
		c.awaitHeard(t, s)
		c.look(t, s, http.StatusUnauthorized)
	})
}

// awaitCached requests the caller until the session is accepted from the cache.
func (c *cachingNode) awaitCached(t *testing.T, s cachedSession) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for before := int64(-1); time.Now().Before(deadline); {
		status, count := c.status(t, s), c.lookups.count.Load()
		if status == http.StatusOK && count == before {
			return
		}
		before = count
	}
	t.Fatal("the session is not cached")
}
