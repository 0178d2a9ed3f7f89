package integration_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

// alwaysTouched is a session of which every request notes that it was seen, on
// a clock that an hour passes on whenever it is read; and that does not end by
// that clock while a test runs.
const alwaysRecorded = `session "own" {
  transport = ["cookie", "bearer"]
  ttl       = "400d"
  idle_ttl  = "300d"
}`

// TestRace_LastSeenAndRevocation has 100 requests bear a session at two nodes
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
					d.clock.turnsAtEachReading(0)
					who := fmt.Sprintf("%s-%d@example.com", name, round)
					s, other := nodes[0].signIn(t, d.issuer, who), nodes[1].signIn(t, d.issuer, who)
					d.clock.turnsAtEachReading(time.Hour)
					checkLastSeen(t, nodes[1], s)
					recordDuring(t, nodes, s, func() { end(t, s, other) }, func() string { return database.dump(t) })
				}
			})
		}
	})
}

// checkTouched checks that each request notes that the session was seen.
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

// touchDuring bears the session 100 times while it ends. Whoever asks after
// that is refused, and nothing is written any more.
func recordDuring(t *testing.T, nodes []*client, s signedIn, end func(), rows func() string) {
	t.Helper()
	const callers, requests, before = 20, 5, 10
	var ended atomic.Bool
	toReply := make(chan struct{}, callers*requests)
	frozen := make(chan string, 1)
	go func() {
		for range before {
			<-toReply
		}
		end()
		ended.Store(true)
		frozen <- rows()
	}()
	atOnce(callers, func(i int) {
		for range requests {
			late := ended.Load()
			a := nodes[i%len(nodes)].send(t, "GET", "/api/me", s.credential)
			toReply <- struct{}{}
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
		t.Errorf("a session that has ended is written to:\n%s\nthen\n%s", want, got)
	}
}
