package integration_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/identity"
)

// shortCacheTTL contains session blocks with a short cache_ttl, by the block
// with the default.
var shortCacheTTL = map[string]string{
	tokenBearer: `session "provider_token" { cache_ttl = "200ms" }`,
	tokenCookie: "session \"provider_token\" {\n  transport = [\"cookie\"]\n  cache_ttl = \"200ms\"\n}",
}

// testNodesWithTokens checks that a revocation of tokens takes effect at once
// for logins and refreshes at every node, and within cache_ttl for guards.
func testNodesWithTokens(t *testing.T, n *cluster) {
	t.Run("SignedInEverywhere", func(t *testing.T) { testSignedInEverywhere(t, n) })
	t.Run("Logout", func(t *testing.T) { testLogoutEndsNoToken(t, n) })
	t.Run("RevokeAll", func(t *testing.T) { testTokensAreRevoked(t, n) })
	t.Run("Disable", func(t *testing.T) { testTokensAreDisabled(t, n) })
	t.Run("Delete", func(t *testing.T) { testTokensAreDeleted(t, n) })
	t.Run("ChangedContact", func(t *testing.T) { testChangedContact(t, n) })
	t.Run("OtherDeployment", func(t *testing.T) { testOtherDeployment(t, n, http.StatusForbidden, "not_registered") })
	t.Run("Restart", func(t *testing.T) { testRestart(t, n) })
}

// turns waits until the response to a credential changes from one status to
// another.
func (c *client) turns(t *testing.T, credential with, from, to int, code string) {
	t.Helper()
	deadline := time.After(patience)
	for again := time.Tick(20 * time.Millisecond); ; {
		a := c.send(t, "GET", "/api/me", credential)
		if a.Status != from {
			a.is(t, to, code)
			return
		}
		select {
		case <-again:
		case <-deadline:
			t.Fatalf("still %d %s, want %d %s", a.Status, a.Body, to, code)
		}
	}
}

// refreshesAre checks the response of every node to a refresh.
func (n *cluster) refreshesAre(t *testing.T, s signedIn, identifier string, status int, code string) {
	t.Helper()
	for _, node := range n.both() {
		node.refresh(t, s.credential, n.issuer.Login(identifier).RefreshToken).is(t, status, code)
	}
}

// usedAtBoth logs in at one node and uses the token at both, so that both cache
// the user.
func (n *cluster) usedAtBoth(t *testing.T, identifier string) signedIn {
	t.Helper()
	s := n.one.signIn(t, n.issuer, identifier)
	for _, node := range n.both() {
		node.me(t, s.credential)
	}
	return s
}

// unchanged returns a check that no row has changed since.
func (n *cluster) unchanged(t *testing.T) func() {
	t.Helper()
	before := n.database.dump(t)
	return func() {
		t.Helper()
		if after := n.database.dump(t); after != before {
			t.Errorf("rows have changed:\n%s\nthen\n%s", before, after)
		}
	}
}

func testLogoutEndsNoToken(t *testing.T, n *cluster) {
	s := n.usedAtBoth(t, "out@example.com")
	unchanged := n.unchanged(t)
	for _, node := range n.both() {
		node.send(t, "POST", "/auth/logout", s.credential).is(t, http.StatusNoContent, "")
		node.me(t, s.credential)
	}
	unchanged()
}

func testTokensAreRevoked(t *testing.T, n *cluster) {
	const who = "everywhere@example.com"
	s, other := n.usedAtBoth(t, who), n.usedAtBoth(t, "bystander@example.com")
	old := n.issuer.Login(who).Payload()
	n.loginsAre(t, old, http.StatusOK, "")
	n.refreshesAre(t, s, who, http.StatusOK, "")

	n.one.revoke(t, s.credential, `{"all":true}`)
	unchanged := n.unchanged(t)
	n.loginsAre(t, old, http.StatusUnauthorized, "invalid_token")
	n.refreshesAre(t, s, who, http.StatusUnauthorized, "invalid_token")
	n.one.rejects(t, s.credential)
	n.two.turns(t, s.credential, http.StatusOK, http.StatusUnauthorized, "invalid_token")
	unchanged()

	again := n.two.signedIn(t, n.two.login(t, n.fresh(who)))
	for _, node := range n.both() {
		node.me(t, again.credential)
		node.rejects(t, s.credential)
		node.me(t, other.credential)
	}
}

func testTokensAreDisabled(t *testing.T, n *cluster) {
	const who = "disabled@example.com"
	s := n.usedAtBoth(t, who)
	old := n.issuer.Login(who).Payload()
	n.loginsAre(t, old, http.StatusOK, "")

	n.disable(t, s)
	unchanged := n.unchanged(t)
	n.loginsAre(t, old, http.StatusForbidden, "account_disabled")
	n.refreshesAre(t, s, who, http.StatusForbidden, "account_disabled")
	for _, node := range n.both() {
		node.turns(t, s.credential, http.StatusOK, http.StatusForbidden, "account_disabled")
	}
	unchanged()

	n.enable(t, s)
	unchanged = n.unchanged(t)
	n.loginsAre(t, old, http.StatusUnauthorized, "invalid_token")
	n.refreshesAre(t, s, who, http.StatusUnauthorized, "invalid_token")
	for _, node := range n.both() {
		node.turns(t, s.credential, http.StatusForbidden, http.StatusUnauthorized, "invalid_token")
	}
	unchanged()
	again := n.two.signedIn(t, n.two.login(t, n.fresh(who)))
	if again.User.ID != s.User.ID {
		t.Errorf("user %s became %s", s.User.ID, again.User.ID)
	}
	for _, node := range n.both() {
		node.me(t, again.credential)
	}
}

func testTokensAreDeleted(t *testing.T, n *cluster) {
	const who = "deleted@example.com"
	s := n.usedAtBoth(t, who)
	n.refreshesAre(t, s, who, http.StatusOK, "")

	n.delete(t, s)
	unchanged := n.unchanged(t)
	n.refreshesAre(t, s, who, http.StatusForbidden, "not_registered")
	for _, node := range n.both() {
		node.turns(t, s.credential, http.StatusOK, http.StatusForbidden, "not_registered")
	}
	unchanged()

	again := n.two.signIn(t, n.issuer, who)
	if !again.Created || again.User.ID == s.User.ID {
		t.Errorf("%s came back as %s, created: %t", s.User.ID, again.User.ID, again.Created)
	}
	for _, node := range n.both() {
		if got := textOf(node.me(t, s.credential).UserID); got != again.User.ID {
			t.Errorf("the caller is %s, want %s", got, again.User.ID)
		}
	}
}

// TestCacheTTL_UserChange changes users at one node while another one, which
// has cached them, receives requests.
func TestCacheTTL_UserChange(t *testing.T) {
	t.Parallel()
	const ttl = time.Minute // the default
	onEach(t, servable(), func(t *testing.T, b backend) {
		t.Helper()
		d := newDeploymentOn(t, b.create(t), tokenBearer)
		d.issuer.Now = past(d.clock.Now)
		one, two := d.startNode(t, d.clock.Now), d.startNode(t, d.clock.Now)
		for name, c := range map[string]struct {
			change func(user identity.UserID, s signedIn) error
			status int
			code   string
		}{
			"RevokeAll": {
				func(_ identity.UserID, s signedIn) error { one.revoke(t, s.credential, `{"all":true}`); return nil },
				http.StatusUnauthorized, "invalid_token",
			},
			"RevokeAllByAdministrator": {
				func(user identity.UserID, _ signedIn) error { return one.kit.Sessions().RevokeAll(t.Context(), user) },
				http.StatusUnauthorized, "invalid_token",
			},
			"Disable": {
				func(user identity.UserID, _ signedIn) error { return one.kit.Users().Disable(t.Context(), user) },
				http.StatusForbidden, "account_disabled",
			},
			"Delete": {
				func(user identity.UserID, _ signedIn) error { return one.kit.Users().Delete(t.Context(), user) },
				http.StatusForbidden, "not_registered",
			},
		} {
			t.Run(name, func(t *testing.T) {
				s := one.signIn(t, d.issuer, name+"@example.com")
				one.me(t, s.credential)
				two.me(t, s.credential)
				if err := c.change(userID(t, s), s); err != nil {
					t.Fatal(err)
				}
				one.send(t, "GET", "/api/me", s.credential).is(t, c.status, c.code)
				for passed := time.Duration(0); passed < ttl; passed += ttl / 4 {
					if a := two.send(t, "GET", "/api/me", s.credential); a.Status != http.StatusOK {
						a.is(t, c.status, c.code)
					}
					d.clock.advance(ttl / 4)
				}
				two.send(t, "GET", "/api/me", s.credential).is(t, c.status, c.code)
			})
		}
	})
}
