package integration_test

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core"
)

// raceSessions is the session block of TestRefreshRace.
const raceSessions = `session "own" {
  format       = "jwt"
  transport    = ["bearer"]
  max_per_user = 100
}`

const (
	racingSessions  = 32
	racingRefreshes = 96 // before the sessions are ended
)

// TestRefreshRace ends the 32 sessions of a user while all are refreshed at two
// nodes. Once that has returned, no refresh succeeds, and no token of any response is
// of use.
//
// Cases: R10. Databases: sqlite, postgres, mariadb.
func TestRefreshRace(t *testing.T) {
	t.Parallel()
	onEach(t, servable(), func(t *testing.T, b backend) {
		t.Helper()
		n := newNodes(t, b, raceSessions, nil)
		for name, end := range refreshEndings {
			t.Run(name, func(t *testing.T) {
				chains := n.newChains(t)
				n.refreshDuring(t, chains, func() { end(t, n, chains) })
				for _, c := range chains {
					c.checkEnded(t)
				}
				if name == "Disable" {
					if err := n.sound.Users().Enable(t.Context(), chains[0].user); err != nil {
						t.Fatal(err)
					}
					for _, c := range chains {
						c.checkEnded(t)
					}
				}
			})
		}
	})
}

// refreshEndings end the sessions of a user.
var refreshEndings = map[string]func(t *testing.T, n *nodes, chains []*refreshChain){
	"Disable": func(t *testing.T, n *nodes, chains []*refreshChain) {
		t.Helper()
		if err := n.sound.Users().Disable(t.Context(), chains[0].user); err != nil {
			t.Fatal(err)
		}
	},
	"Delete": func(t *testing.T, n *nodes, chains []*refreshChain) {
		t.Helper()
		if err := n.sound.Users().Delete(t.Context(), chains[0].user); err != nil {
			t.Fatal(err)
		}
	},
	"RevokeAll": func(t *testing.T, n *nodes, chains []*refreshChain) {
		t.Helper()
		n.ends(t, "/auth/sessions/revoke", `{"all":true}`, chains[0].first)
	},
	"RevokeEach": func(t *testing.T, n *nodes, chains []*refreshChain) {
		t.Helper()
		for _, c := range chains {
			n.ends(t, "/auth/sessions/revoke", encode(map[string]string{"id": c.id}), c.first)
		}
	},
	"Logout": func(t *testing.T, n *nodes, chains []*refreshChain) {
		t.Helper()
		for _, c := range chains {
			n.ends(t, "/auth/logout", "", c.first)
		}
	},
}

// ends sends a request that ends sessions, with an access token.
func (n *nodes) ends(t *testing.T, path, body, token string) {
	t.Helper()
	if r := send(t.Context(), n.sound, "POST", path, body, bearerField(token)...); r.Status != http.StatusNoContent {
		t.Fatalf("%s: %d %s", path, r.Status, r.Body)
	}
}

// refreshChain is a session that is refreshed repeatedly.
type refreshChain struct {
	nodes [2]*core.Kit
	user  uuid.UUID
	id    string
	first string // access token of the login

	// Of the last refresh:
	access, refresh string
	count           int
}

// newChains logs in a new user as often as sessions race.
func (n *nodes) newChains(t *testing.T) (chains []*refreshChain) {
	t.Helper()
	email := uniqueEmail(t, "racer")
	n.clock.turnTo(n.clock.Now().Truncate(time.Second).Add(2 * time.Second)) // so that a revocation does not wait for the next second
	for range racingSessions {
		var s signedIn
		toReply(send(t.Context(), n.sound, "POST", "/auth/login", string(n.issuer.Login(email).Body()))).decode(t, &s)
		user, err := uuid.Parse(s.User.ID)
		if err != nil {
			t.Fatal(err)
		}
		chains = append(chains, &refreshChain{
			nodes: [2]*core.Kit{n.sound, n.faulty}, user: user, id: s.Session.ID, first: s.Token.AccessToken,
			access: s.Token.AccessToken, refresh: s.Token.RefreshToken,
		})
	}
	n.clock.advance(time.Second)
	return chains
}

// refreshDuring refreshes all chains until they have ended. end is called after some
// refreshes; those that begin after it has returned must fail.
func (n *nodes) refreshDuring(t *testing.T, chains []*refreshChain, end func()) {
	t.Helper()
	var count atomic.Int64
	var late atomic.Bool
	enough := make(chan struct{})
	var group sync.WaitGroup
	for _, c := range chains {
		group.Go(func() {
			for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
				isLate := late.Load()
				if !c.isRefreshed(t) {
					return
				}
				if isLate {
					t.Errorf("session %s of %s is refreshed after its end", c.id, c.user)
				}
				if count.Add(1) == racingRefreshes {
					close(enough)
				}
			}
			t.Error("the session is still refreshed")
		})
	}
	await(t, enough)
	end()
	late.Store(true)
	group.Wait()
}

// isRefreshed exchanges the newest token at one node after the other. It returns
// false if the session was revoked.
func (c *refreshChain) isRefreshed(t *testing.T) bool {
	t.Helper()
	node := c.nodes[c.count%len(c.nodes)]
	r := send(t.Context(), node, "POST", "/auth/refresh", refreshBody(c.refresh))
	a := toReply(r)
	if a.Status != http.StatusOK {
		a.is(t, http.StatusUnauthorized, "invalid_token")
		return false
	}
	var next signedIn
	a.decode(t, &next)
	c.access, c.refresh = next.Token.AccessToken, next.Token.RefreshToken
	c.count++
	return true
}

// checkEnded presents the newest tokens again. An access token alone, which a guard
// accepts without the database, decides nothing here.
func (c *refreshChain) checkEnded(t *testing.T) {
	t.Helper()
	for _, node := range c.nodes {
		r := send(t.Context(), node, "POST", "/auth/refresh", refreshBody(c.refresh))
		toReply(r).is(t, http.StatusUnauthorized, "invalid_token")
		r = send(t.Context(), node, "GET", "/auth/session", "", bearerField(c.access)...)
		toReply(r).is(t, http.StatusUnauthorized, "invalid_token")
	}
}
