package integration_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

// alwaysRecorded is a session whose last-seen time is updated by every request,
// with a clock that advances by an hour whenever it is read. It does not expire
// during a test.
const alwaysRecorded = `session "own" {
  transport = ["cookie", "bearer"]
  ttl       = "400d"
  idle_ttl  = "300d"
}`

// TestRace_LastSeenAndRevocation sends 100 requests with a session to two nodes
// while it is revoked.
func TestRace_LastSeenAndRevocation(t *testing.T) {
	t.Parallel()
	onEach(t, servable(), func(t *testing.T, b backend) {
		t.Helper()
		database := b.create(t)
		d := newDeploymentOn(t, database, alwaysRecorded)
		nodes := []*client{d.start(t), d.start(t)}
		for name, end := range map[string]func(t *testing.T, s, other signedIn){
			"Logout": func(t *testing.T, s, _ signedIn) {
				t.Helper()
				nodes[0].send(t, "POST", "/auth/logout", s.credential).is(t, http.StatusNoContent, "")
			},
			"RevokeOne": func(t *testing.T, s, other signedIn) {
				t.Helper()
				nodes[0].revoke(t, other.credential, encode(map[string]string{"id": s.Session.ID}))
			},
			"RevokeOthers": func(t *testing.T, _, other signedIn) {
				t.Helper()
				nodes[0].revoke(t, other.credential, `{"others":true}`)
			},
		} {
			t.Run(name, func(t *testing.T) {
				const rounds = 3
				for round := range rounds {
					d.clock.advancesAtEachReading(0)
					who := fmt.Sprintf("%s-%d@example.com", name, round)
					s, other := nodes[0].signIn(t, d.issuer, who), nodes[1].signIn(t, d.issuer, who)
					d.clock.advancesAtEachReading(time.Hour)
					checkLastSeen(t, nodes[1], s)
					recordDuring(t, nodes, s, func() { end(t, s, other) }, func() string { return database.dump(t) })
				}
			})
		}
	})
}

// checkLastSeen checks that each request updates the last-seen time.
func checkLastSeen(t *testing.T, c *client, s signedIn) {
	t.Helper()
	last := s.Session.CreatedAt
	for range 2 {
		c.me(t, s.credential)
		for _, e := range c.sessions(t, s.credential) {
			if e.ID != s.Session.ID {
				continue
			}
			if !e.LastSeenAt.After(last) {
				t.Fatalf("last seen %v, before that %v", e.LastSeenAt, last)
			}
			last = e.LastSeenAt
		}
	}
}

// recordDuring sends 100 requests with a session while it is revoked. Later
// requests are refused, and write nothing.
func recordDuring(t *testing.T, nodes []*client, s signedIn, end func(), rows func() string) {
	t.Helper()
	const callers, requests, before = 20, 5, 10
	var ended atomic.Bool
	done := make(chan struct{}, callers*requests)
	frozen := make(chan string, 1)
	go func() {
		for range before {
			<-done
		}
		end()
		ended.Store(true)
		frozen <- rows()
	}()
	atOnce(callers, func(i int) {
		for range requests {
			late := ended.Load()
			a := nodes[i%len(nodes)].send(t, "GET", "/api/me", s.credential)
			done <- struct{}{}
			if a.Status != http.StatusOK || late {
				a.is(t, http.StatusUnauthorized, "invalid_token")
			}
		}
	})
	want := <-frozen
	for _, node := range nodes {
		node.rejects(t, s.credential)
	}
	if got := rows(); got != want {
		t.Errorf("a revoked session is written to:\n%s\nthen\n%s", want, got)
	}
}
