package integration_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// TestRace_FirstLogins logs in a new user many times at once, at two processes
// on one database, repeatedly.
func TestRace_FirstLogins(t *testing.T) {
	t.Parallel()
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		onEach(t, servable(), func(t *testing.T, b backend) { testFirstLoginsAtOnce(t, framework, b) })
	})
}

func testFirstLoginsAtOnce(t *testing.T, framework string, b backend) {
	t.Helper()
	const rounds, logins = 5, 64
	issuer, database := providertest.NewIssuer(t), b.create(t)
	var nodes [2]*program
	for i := range nodes {
		nodes[i] = startOn(t, database, framework, issuer, ownSession)
	}
	for round := range rounds {
		payload := issuer.Login(fmt.Sprintf("somebody-%d@example.com", round)).Payload()
		replies := atOnceAt(nodes[:], logins, func(node *program) reply { return node.login(t, payload) })
		checkOneRegistration(t, nodes[0].client, replies)
		if got, want := database.rows(t), round+1; got.users != want || got.identities != want {
			t.Fatalf("after %d people: %+v", want, got)
		}
	}
}

// atOnceAt makes calls at once, at each node in turn.
func atOnceAt[Node any](nodes []Node, times int, call func(Node) reply) []reply {
	replies := make([]reply, times)
	atOnce(times, func(i int) { replies[i] = call(nodes[i%len(nodes)]) })
	return replies
}

func checkOneRegistration(t *testing.T, c *client, replies []reply) {
	t.Helper()
	statuses := map[int]int{}
	users := map[string]int{}
	for _, a := range replies {
		statuses[a.Status]++
		users[c.signedIn(t, a).User.ID]++
	}
	if statuses[http.StatusCreated] != 1 || statuses[http.StatusOK] != len(replies)-1 || len(users) != 1 {
		t.Fatalf("statuses %v, users %v", statuses, users)
	}
}

// TestRace_OnRegister logs in a new user 64 times at once, at two nodes whose
// hook inserts a row.
func TestRace_OnRegister(t *testing.T) {
	t.Parallel()
	onEach(t, servable(), func(t *testing.T, b backend) {
		t.Helper()
		const rounds, logins = 3, 64
		n := newNodes(t, b, ownSessions, registration)
		kits := []*core.Kit{n.faulty, n.sound}
		for round := 1; round <= rounds; round++ {
			login := string(n.issuer.Login(fmt.Sprintf("somebody-%d@example.com", round)).Body())
			replies := atOnceAt(kits, logins, func(kit *core.Kit) reply {
				return toReply(send(t.Context(), kit, "POST", "/auth/login", login))
			})
			checkOneRegistration(t, &client{}, replies)
			var all, ofUsers int
			err := n.outside.QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM registrations),
				(SELECT count(DISTINCT user_id) FROM registrations WHERE user_id IN (SELECT id FROM auth_users))`).Scan(&all, &ofUsers)
			if err != nil || all != round || ofUsers != round {
				t.Fatalf("%d rows about %d users, want %d (error %v)", all, ofUsers, round, err)
			}
		}
	})
}
