package integration_test

import (
	"net/http"
	"slices"
	"testing"
	"time"
)

// testNodesWithSessions checks that a revocation takes effect at every node
// with the next request.
func testNodesWithSessions(t *testing.T, n *cluster) {
	t.Run("SignedInEverywhere", func(t *testing.T) { testSignedInEverywhere(t, n) })
	t.Run("Listed", func(t *testing.T) { testListedEverywhere(t, n) })
	t.Run("Logout", func(t *testing.T) { testLogoutElsewhere(t, n) })
	t.Run("RevokeOne", func(t *testing.T) { testRevokeOneElsewhere(t, n) })
	t.Run("RevokeOthers", func(t *testing.T) { testRevokeOthersElsewhere(t, n) })
	t.Run("RevokeAll", func(t *testing.T) { testRevokeAllElsewhere(t, n) })
	t.Run("Disable", func(t *testing.T) { testDisableElsewhere(t, n) })
	t.Run("Delete", func(t *testing.T) { testDeleteElsewhere(t, n) })
	t.Run("ChangedContact", func(t *testing.T) { testChangedContact(t, n) })
	t.Run("OtherDeployment", func(t *testing.T) { testOtherDeployment(t, n, http.StatusUnauthorized, "invalid_token") })
	t.Run("Restart", func(t *testing.T) { testRestart(t, n) })
}

// entry is a session in the list of its user.
type entry struct {
	ID         string    `json:"id"`
	Current    bool      `json:"current"`
	CreatedAt  time.Time `json:"created_at"`
	LastSeenAt time.Time `json:"last_seen_at"`
}

func (c *client) sessions(t *testing.T, credential with) []entry {
	t.Helper()
	a := c.send(t, "GET", "/auth/sessions", credential)
	a.is(t, http.StatusOK, "")
	var listed struct {
		Sessions []entry `json:"sessions"`
	}
	a.decode(t, &listed)
	return listed.Sessions
}

func testListedEverywhere(t *testing.T, n *cluster) {
	const who = "listed@example.com"
	one, two := n.one.signIn(t, n.issuer, who), n.two.signIn(t, n.issuer, who)
	for _, node := range n.both() {
		for _, current := range []signedIn{one, two} {
			listed := node.sessions(t, current.credential)
			var ids []string
			for _, s := range listed {
				ids = append(ids, s.ID)
				if s.Current != (s.ID == current.Session.ID) {
					t.Errorf("in the list of %s: %+v", current.Session.ID, s)
				}
			}
			if len(ids) != 2 || !slices.Contains(ids, one.Session.ID) || !slices.Contains(ids, two.Session.ID) {
				t.Errorf("listed %q, want %s and %s", ids, one.Session.ID, two.Session.ID)
			}
		}
	}
}

// threeSessions logs a user in at both nodes, and uses the sessions at both.
func (n *cluster) threeSessions(t *testing.T, identifier string) (one, two, three signedIn) {
	t.Helper()
	one, two, three = n.one.signIn(t, n.issuer, identifier), n.two.signIn(t, n.issuer, identifier), n.one.signIn(t, n.issuer, identifier)
	for _, s := range []signedIn{one, two, three} {
		n.accepts(t, s)
	}
	return one, two, three
}

// accepts checks that every node accepts the sessions.
func (n *cluster) accepts(t *testing.T, all ...signedIn) {
	t.Helper()
	for _, node := range n.both() {
		for _, s := range all {
			if got := textOf(node.me(t, s.credential).SessionID); got != s.Session.ID {
				t.Errorf("the session is %s, want %s", got, s.Session.ID)
			}
		}
	}
}

func testLogoutElsewhere(t *testing.T, n *cluster) {
	one, two, three := n.threeSessions(t, "out@example.com")
	n.two.send(t, "POST", "/auth/logout", one.credential).is(t, http.StatusNoContent, "")
	n.rejectsAlways(t, one)
	n.one.send(t, "POST", "/auth/logout", two.credential).is(t, http.StatusNoContent, "")
	n.rejectsAlways(t, one, two)
	n.accepts(t, three)
}

func testRevokeOneElsewhere(t *testing.T, n *cluster) {
	one, two, three := n.threeSessions(t, "revoked@example.com")
	other := n.two.signIn(t, n.issuer, "other@example.com")
	byID := encode(map[string]string{"id": one.Session.ID})
	n.two.send(t, "POST", "/auth/sessions/revoke", other.credential, posting(byID)).is(t, http.StatusNotFound, "not_found")
	n.accepts(t, one)
	n.two.revoke(t, two.credential, byID)
	n.rejectsAlways(t, one)
	n.accepts(t, two, three)
}

func testRevokeOthersElsewhere(t *testing.T, n *cluster) {
	one, two, three := n.threeSessions(t, "alone@example.com")
	n.two.revoke(t, two.credential, `{"others":true}`)
	n.rejectsAlways(t, one, three)
	n.accepts(t, two)
}

func testRevokeAllElsewhere(t *testing.T, n *cluster) {
	const who = "everywhere@example.com"
	one, two, three := n.threeSessions(t, who)
	stolen := n.issuer.Login(who).Payload()
	n.one.login(t, stolen).is(t, http.StatusOK, "")
	n.two.revoke(t, two.credential, `{"all":true}`)
	n.rejectsAlways(t, one, two, three)
	n.loginsAre(t, stolen, http.StatusUnauthorized, "invalid_token")
	n.accepts(t, n.one.signedIn(t, n.one.login(t, n.fresh(who))))
}

// loginsAre checks the response of every node to a login.
func (n *cluster) loginsAre(t *testing.T, payload map[string]any, status int, code string) {
	t.Helper()
	for _, node := range n.both() {
		node.login(t, payload).is(t, status, code)
	}
}

func testDisableElsewhere(t *testing.T, n *cluster) {
	const who = "disabled@example.com"
	one, two, three := n.threeSessions(t, who)
	old := n.issuer.Login(who).Payload()
	n.disable(t, one)
	n.rejectsAlways(t, one, two, three)
	n.loginsAre(t, old, http.StatusForbidden, "account_disabled")
	n.loginsAre(t, n.fresh(who), http.StatusForbidden, "account_disabled")

	n.enable(t, one)
	n.rejectsAlways(t, one, two, three)
	n.loginsAre(t, old, http.StatusUnauthorized, "invalid_token")
	again := n.two.signedIn(t, n.two.login(t, n.fresh(who)))
	if again.User.ID != one.User.ID {
		t.Errorf("user %s became %s", one.User.ID, again.User.ID)
	}
	n.accepts(t, again)
	n.rejectsAlways(t, one, two, three)
}

func testDeleteElsewhere(t *testing.T, n *cluster) {
	const who = "deleted@example.com"
	one, two, three := n.threeSessions(t, who)
	n.delete(t, one)
	n.rejectsAlways(t, one, two, three)
	again := n.two.signIn(t, n.issuer, who)
	if !again.Created || again.User.ID == one.User.ID {
		t.Errorf("%s came back as %s, created: %t", one.User.ID, again.User.ID, again.Created)
	}
	n.accepts(t, again)
	n.rejectsAlways(t, one, two, three)
}
