package integration_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// A session that another node has ended is rejected at once on this node if the
// database notifies, although it was cached; otherwise within cache_ttl.
//
// Frameworks: nethttp, gin, fiber. Databases: sqlite, postgres, mariadb.
func TestSessionCache_OtherNode(t *testing.T) {
	t.Parallel()
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		onEach(t, servable(), func(t *testing.T, b backend) {
			t.Helper()
			ttl := "2s"
			if strings.HasPrefix(b.name, "postgres") {
				ttl = "1h" // the test would not wait for it
			}
			session := fmt.Sprintf("session \"own\" {\n  transport = [\"cookie\", \"bearer\"]\n  cache_ttl = %q\n}", ttl)
			testCachedSessions(t, startCluster(t, framework, session, b.create(t)))
		})
	})
}

// A cached session is accepted without a query: also after a revocation of which the
// database notifies no node.
//
// Databases: postgres.
func TestSessionCache_Notified(t *testing.T) {
	t.Parallel()
	onEach(t, servable(), func(t *testing.T, b backend) {
		t.Helper()
		if !strings.HasPrefix(b.name, "postgres") {
			return // no notifications
		}
		n := startCluster(t, "nethttp", `session "own" { cache_ttl = "1h" }`, b.create(t))
		accepted := repeat(func() reply {
			s := n.one.signIn(t, n.issuer, ada)
			n.two.me(t, s.credential)
			n.database.execute(t, "DO $$ BEGIN SET LOCAL session_replication_role = replica; UPDATE auth_sessions SET revoked_ms = 1; END $$")
			return n.two.send(t, "GET", "/api/me", s.credential)
		}, func(a reply) bool { return a.Status != http.StatusOK }) // until the node listens
		accepted.is(t, http.StatusOK, "")
	})
}

// A node whose notifications are lost caches nothing, so that it misses no
// revocation.
//
// Databases: postgres.
func TestSessionCache_LostConnection(t *testing.T) {
	t.Parallel()
	onEach(t, servable(), func(t *testing.T, b backend) {
		t.Helper()
		if !strings.HasPrefix(b.name, "postgres") {
			return // no notifications
		}
		n := startCluster(t, "nethttp", `session "own" { cache_ttl = "1h" }`, b.create(t))
		s := n.one.signIn(t, n.issuer, ada)
		for range 3 {
			n.two.me(t, s.credential)
			n.database.execute(t, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
				WHERE datname = current_database() AND query LIKE '%pg_trigger%' AND pid <> pg_backend_pid()`)
			n.one.send(t, "POST", "/auth/logout", s.credential).is(t, http.StatusNoContent, "")
			n.two.turns(t, s.credential, http.StatusOK, http.StatusUnauthorized, "invalid_token")
			s = n.one.signIn(t, n.issuer, ada)
		}
	})
}

// A node whose listen_url is that of another database hears of nothing, and caches
// nothing.
//
// Databases: postgres.
func TestSessionCache_OtherDatabase(t *testing.T) {
	t.Parallel()
	onEach(t, servable(), func(t *testing.T, b backend) {
		t.Helper()
		if !strings.HasPrefix(b.name, "postgres") {
			return // no notifications
		}
		database, other := b.create(t), b.create(t)
		startOn(t, other, "nethttp", providertest.NewIssuer(t), ownSession) // creates the tables
		_, url, _ := strings.Cut(other.block, "url = ")
		database.block = strings.Replace(database.block, "{\n", "{\n  listen_url = "+strings.TrimSuffix(url, "}\n"), 1)
		n := startCluster(t, "nethttp", `session "own" { cache_ttl = "1h" }`, database)
		s := n.one.signIn(t, n.issuer, ada)
		n.two.me(t, s.credential)
		n.two.me(t, s.credential)
		n.one.send(t, "POST", "/auth/logout", s.credential).is(t, http.StatusNoContent, "")
		n.two.rejects(t, s.credential)
	})
}

func testCachedSessions(t *testing.T, n *cluster) {
	t.Helper()
	other := n.two.signIn(t, n.issuer, "other@example.com")
	for name, end := range map[string]func(s signedIn){
		"logout":    func(s signedIn) { n.one.send(t, "POST", "/auth/logout", s.credential).is(t, http.StatusNoContent, "") },
		"revoke":    func(s signedIn) { n.one.revoke(t, s.credential, encode(map[string]string{"id": s.Session.ID})) },
		"revokeall": func(s signedIn) { n.one.revoke(t, s.credential, `{"all":true}`) },
		"login":     func(s signedIn) { n.one.signIn(t, n.issuer, "login@example.com", s.credential) },
		"disable":   func(s signedIn) { n.disable(t, s) },
		"delete":    func(s signedIn) { n.delete(t, s) },
	} {
		s := n.one.signIn(t, n.issuer, name+"@example.com")
		n.one.me(t, s.credential)
		n.two.me(t, s.credential)
		before := time.Now()
		end(s)
		n.one.turns(t, s.credential, http.StatusOK, http.StatusUnauthorized, "invalid_token")
		n.two.turns(t, s.credential, http.StatusOK, http.StatusUnauthorized, "invalid_token")
		t.Logf("%s: rejected by the other node after %v", name, time.Since(before))
		n.two.me(t, other.credential)
	}
}
