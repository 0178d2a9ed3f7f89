package integration_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// The races are those of databases, so they run on each database, but with one
// pair of frameworks.
const raceFramework = "gin" // and the next one

// TestRace_SharedEmail has 32 people with one email address log in for the
// first time at once.
func TestRace_SharedEmail(t *testing.T) {
	t.Parallel()
	onEach(t, servable(), func(t *testing.T, b backend) {
		t.Helper()
		const rounds, people = 3, 32
		n := startCluster(t, raceFramework, ownSession, b.create(t))
		for round := range rounds {
			shared := fmt.Sprintf("family-%d@example.com", round)
			replies := make([]reply, people)
			atOnce(people, func(i int) {
				token := n.issuer.AccessToken(fmt.Sprintf("person-%d-%d", round, i), providertest.Claim("identifier", shared))
				replies[i] = n.both()[i%2].login(t, map[string]any{"oauth_token": map[string]any{"access_token": token}})
			})
			users := map[string]bool{}
			for _, a := range replies {
				a.is(t, http.StatusCreated, "")
				s := n.one.signedIn(t, a)
				users[s.User.ID] = true
				if s.User.Email != shared {
					t.Errorf("the email address is %s, want %s", s.User.Email, shared)
				}
			}
			total := (round + 1) * people
			if got, want := n.database.rows(t), (rows{users: total, identities: total, sessions: total}); len(users) != people || got != want {
				t.Fatalf("%d users, rows %+v, want %+v", len(users), got, want)
			}
		}
	})
}

// TestRace_SessionLimit logs in a user 64 times at once with a limit of five
// sessions.
func TestRace_SessionLimit(t *testing.T) {
	t.Parallel()
	onEach(t, servable(), func(t *testing.T, b backend) {
		t.Helper()
		const rounds, logins, limit = 2, 64, 5
		session := fmt.Sprintf("session \"own\" {\n  transport = [\"cookie\", \"bearer\"]\n  max_per_user = %d\n}", limit)
		n := startCluster(t, raceFramework, session, b.create(t))
		for round := range rounds {
			payload := n.issuer.Login(fmt.Sprintf("busy-%d@example.com", round)).Payload()
			n.one.login(t, payload).is(t, http.StatusCreated, "")
			replies := make([]reply, logins)
			atOnce(logins, func(i int) { replies[i] = n.both()[i%2].login(t, payload) })
			var all []signedIn
			for _, a := range replies {
				a.is(t, http.StatusOK, "")
				all = append(all, n.one.signedIn(t, a))
			}
			checkLimit(t, n, all, limit)
		}
	})
}

// checkLimit checks that the active sessions are as many as allowed, include
// the newest, and are the listed ones.
func checkLimit(t *testing.T, n *cluster, all []signedIn, limit int) {
	t.Helper()
	newest := slices.MaxFunc(all, func(a, b signedIn) int {
		return a.Session.CreatedAt.Compare(b.Session.CreatedAt)
	})
	var active []string
	for _, s := range all {
		one, two := n.one.send(t, "GET", "/api/me", s.credential), n.two.send(t, "GET", "/api/me", s.credential)
		if one.Status != two.Status {
			t.Errorf("one node returns %d, the other %d", one.Status, two.Status)
		}
		if one.Status == http.StatusOK {
			active = append(active, s.Session.ID)
			newest.credential = s.credential // any active session can list
		} else {
			one.is(t, http.StatusUnauthorized, "invalid_token")
		}
	}
	if len(active) != limit {
		t.Fatalf("%d sessions are active, want %d", len(active), limit)
	}
	listed := n.two.sessions(t, newest.credential)
	if len(listed) != limit || !listed[0].CreatedAt.Equal(newest.Session.CreatedAt) {
		t.Errorf("listed %+v, want %d from %v on", listed, limit, newest.Session.CreatedAt)
	}
	for _, s := range listed {
		if !slices.Contains(active, s.ID) {
			t.Errorf("%s is listed but not active", s.ID)
		}
	}
}

// insistent contains logins of one user by several callers at both nodes, which
// are repeated until the response changes.
type insistent struct {
	group sync.WaitGroup
	some  chan struct{} // closed when enough of them have succeeded
	mu    sync.Mutex
	all   []signedIn // of accepted logins
	late  bool       // the change was made: requests that begin now must observe it
}

const (
	callers = 8
	enough  = 12 // accepted logins before the change
)

// insist logs in until over reports that a response is the last one. over also
// checks the response.
func insist(t *testing.T, n *cluster, payload map[string]any, over func(t *testing.T, a reply, late bool) bool) *insistent {
	t.Helper()
	logins := &insistent{some: make(chan struct{})}
	for i := range callers {
		node := n.both()[i%2]
		logins.group.Go(func() {
			deadline := time.Now().Add(patience)
			for time.Now().Before(deadline) {
				late := logins.isLate()
				a := node.login(t, payload)
				if a.Status == http.StatusOK || a.Status == http.StatusCreated {
					logins.accepted(node.signedIn(t, a))
				}
				if over(t, a, late) {
					return
				}
			}
			t.Error("logins are still accepted")
		})
	}
	return logins
}

func (l *insistent) accepted(s signedIn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all = append(l.all, s); len(l.all) == enough {
		close(l.some)
	}
}

func (l *insistent) isLate() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.late
}

// during makes a change while logins are accepted, and returns the sessions of
// all of them.
func (l *insistent) during(change func()) []signedIn {
	<-l.some
	change()
	l.mu.Lock()
	l.late = true
	l.mu.Unlock()
	l.group.Wait()
	return l.all
}

// endings revoke all credentials of a user, and specify the response to a later
// login with an old token.
var endings = []struct {
	name string
	end  func(t *testing.T, n *cluster, s signedIn)
	code string
	want int
}{
	{"Disable", func(t *testing.T, n *cluster, s signedIn) { t.Helper(); n.disable(t, s) }, "account_disabled", http.StatusForbidden},
	{"RevokeAll", func(t *testing.T, n *cluster, s signedIn) {
		t.Helper()
		n.two.revoke(t, s.credential, `{"all":true}`)
	}, "invalid_token", http.StatusUnauthorized},
}

// TestRace_LoginsAndRevocation disables users, and revokes their sessions,
// while they log in with old tokens.
func TestRace_LoginsAndRevocation(t *testing.T) {
	t.Parallel()
	onEach(t, servable(), func(t *testing.T, b backend) {
		t.Helper()
		n := startCluster(t, raceFramework, manySessions, b.create(t))
		testLoginsAgainstRevocations(t, n)
	})
}

func testLoginsAgainstRevocations(t *testing.T, n *cluster) {
	t.Helper()
	const rounds = 4
	for _, ending := range endings {
		for round := range rounds {
			who := fmt.Sprintf("%s-%d@example.com", ending.name, round)
			first := n.one.signIn(t, n.issuer, who)
			old := n.issuer.Login(who).Payload()
			logins := insist(t, n, old, func(t *testing.T, a reply, late bool) bool {
				t.Helper()
				if a.Status == http.StatusOK && !late {
					return false
				}
				a.is(t, ending.want, ending.code)
				return true
			})
			all := logins.during(func() {
				ending.end(t, n, first)
				n.rejects(t, first)
			})
			n.rejects(t, all...)
			n.enable(t, first)
			n.rejects(t, all...)
			n.loginsAre(t, old, http.StatusUnauthorized, "invalid_token")
			n.accepts(t, n.two.signedIn(t, n.two.login(t, n.fresh(who))))
		}
	}
}

// rejects checks that every node rejects the sessions.
func (n *cluster) rejects(t *testing.T, all ...signedIn) {
	t.Helper()
	for _, node := range n.both() {
		for _, s := range all {
			node.rejects(t, s.credential)
		}
	}
}

// TestRace_LoginsAndDeletion deletes users while they log in.
func TestRace_LoginsAndDeletion(t *testing.T) {
	t.Parallel()
	onEach(t, servable(), func(t *testing.T, b backend) {
		t.Helper()
		const rounds = 5
		n := startCluster(t, raceFramework, manySessions, b.create(t))
		for round := range rounds {
			who := fmt.Sprintf("deleted-%d@example.com", round)
			old := n.one.signIn(t, n.issuer, who)
			logins := insist(t, n, n.issuer.Login(who).Payload(), func(t *testing.T, a reply, late bool) bool {
				t.Helper()
				if a.Status == http.StatusCreated {
					return true
				}
				a.is(t, http.StatusOK, "")
				same := n.one.signedIn(t, a).User.ID == old.User.ID
				if same && late {
					t.Errorf("%s logs in after its deletion", old.User.ID)
				}
				return !same || late
			})
			all := logins.during(func() {
				n.delete(t, old)
				n.rejects(t, old)
			})
			var again []signedIn
			created := 0
			for _, s := range all {
				if s.User.ID == old.User.ID {
					n.rejects(t, s)
					continue
				}
				again = append(again, s)
				if s.Created {
					created++
				}
			}
			n.accepts(t, again...)
			if got := n.database.rows(t); created != 1 || got.users != round+1 || got.identities != round+1 {
				t.Errorf("registered again %d times, rows %+v", created, got)
			}
			for _, s := range again {
				if s.User.ID != again[0].User.ID {
					t.Errorf("came back as %s and as %s", again[0].User.ID, s.User.ID)
				}
			}
		}
	})
}
