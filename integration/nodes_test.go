package integration_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// cluster is a deployment on one database: two processes, and a third node in
// this process for methods without a route.
type cluster struct {
	one, two *program
	kit      *core.Kit

	framework, session string // of the first process; of all nodes
	issuer             *providertest.Issuer
	database           scratch
}

// startCluster runs the deployment until the test ends. The second process uses
// the next framework in the list.
func startCluster(t *testing.T, framework, session string, database scratch) *cluster {
	t.Helper()
	issuer := providertest.NewIssuer(t)
	issuer.Now = past(time.Now)
	next := frameworks[(slices.Index(frameworks, framework)+1)%len(frameworks)]
	return &cluster{
		one: startOn(t, database, framework, issuer, session),
		two: startOn(t, database, next, issuer, session),
		kit: deploymentOf(t, issuer, database, session).startNode(t, time.Now).kit,

		framework: framework, session: session, issuer: issuer, database: database,
	}
}

func (n *cluster) both() []*client { return []*client{n.one.client, n.two.client} }

// fresh returns a login with a token of this second: a user can log in with it
// after a revocation.
func (n *cluster) fresh(identifier string) map[string]any {
	now := time.Now().Unix()
	return map[string]any{"oauth_token": map[string]any{
		"access_token": n.issuer.AccessToken(identifier, providertest.Claim("iat", now), providertest.Claim("exp", now+3600)),
	}}
}

func userID(t *testing.T, s signedIn) identity.UserID {
	t.Helper()
	id, err := uuid.Parse(s.User.ID)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (n *cluster) disable(t *testing.T, s signedIn) {
	t.Helper()
	if err := n.kit.Users().Disable(t.Context(), userID(t, s)); err != nil {
		t.Fatal(err)
	}
}

func (n *cluster) enable(t *testing.T, s signedIn) {
	t.Helper()
	if err := n.kit.Users().Enable(t.Context(), userID(t, s)); err != nil {
		t.Fatal(err)
	}
}

func (n *cluster) delete(t *testing.T, s signedIn) {
	t.Helper()
	if err := n.kit.Users().Delete(t.Context(), userID(t, s)); err != nil {
		t.Fatal(err)
	}
}

// revoke revokes sessions, as specified by a request body.
func (c *client) revoke(t *testing.T, credential with, body string) {
	t.Helper()
	c.send(t, "POST", "/auth/sessions/revoke", credential, posting(body)).is(t, http.StatusNoContent, "")
}

// attempts are requests that require a caller.
var attempts = []struct{ method, target, body string }{
	{"GET", "/api/me", ""},
	{"POST", "/api/notes", `{"note":"x"}`},
	{"GET", "/auth/session", ""},
	{"GET", "/auth/sessions", ""},
	{"POST", "/auth/sessions/revoke", `{"others":true}`},
	{"POST", "/auth/sessions/revoke", `{"all":true}`},
}

// rejectsAlways checks that every node rejects the sessions in all requests,
// and that the requests change no row.
func (n *cluster) rejectsAlways(t *testing.T, all ...signedIn) {
	t.Helper()
	before := n.database.dump(t)
	for _, node := range n.both() {
		for _, s := range all {
			for _, a := range attempts {
				changes := []with{s.credential}
				if a.body != "" {
					changes = append(changes, posting(a.body))
				}
				node.send(t, a.method, a.target, changes...).is(t, http.StatusUnauthorized, "invalid_token")
			}
			node.send(t, "POST", "/auth/logout", s.credential).is(t, http.StatusNoContent, "")
		}
	}
	if after := n.database.dump(t); after != before {
		t.Errorf("a revoked session has changed rows:\n%s\nthen\n%s", before, after)
	}
}

// TestTwoNodes checks that each node accepts the sessions of the other, and
// that changes at one take effect at the other.
func TestTwoNodes(t *testing.T) {
	t.Parallel()
	onMatrix(t, func(t *testing.T, framework, session string, b backend) {
		t.Helper()
		switch session {
		case ownSession, ownJWTCookie, ownJWTBearer, bothSessions:
			testNodesWithSessions(t, startCluster(t, framework, session, b.create(t)))
		default:
			testNodesWithTokens(t, startCluster(t, framework, shortCacheTTL[session], b.create(t)))
		}
	})
}

// testSignedInEverywhere checks that a session is the same at every node.
func testSignedInEverywhere(t *testing.T, n *cluster) {
	first := n.one.signIn(t, n.issuer, "first@example.com")
	second := n.two.signIn(t, n.issuer, "first@example.com")
	if !first.Created || second.Created || first.User.ID != second.User.ID {
		t.Errorf("registered %+v, then %+v", first, second)
	}
	for _, s := range []signedIn{first, second} {
		one, two := n.one.me(t, s.credential), n.two.me(t, s.credential)
		if got, want := encode(two), encode(one); got != want {
			t.Errorf("one node returns %s, the other %s", want, got)
		}
		if got := textOf(two.UserID); got != s.User.ID {
			t.Errorf("the caller is %s, want %s", got, s.User.ID)
		}
	}
}

// testChangedContact logs in with another email address at one node.
func testChangedContact(t *testing.T, n *cluster) {
	const who, old, changed = "moved@example.com", "moved@example.com", "moved.away@example.com"
	s := n.two.signIn(t, n.issuer, who)
	email := func() string {
		t.Helper()
		a := n.two.send(t, "GET", "/auth/session", s.credential)
		a.is(t, http.StatusOK, "")
		var found signedIn
		a.decode(t, &found)
		return found.User.Email
	}
	if got := email(); got != old {
		t.Fatalf("the email address is %s, want %s", got, old)
	}
	n.one.signedIn(t, n.one.login(t, map[string]any{"oauth_token": map[string]any{
		"access_token": n.issuer.AccessToken(who, providertest.Claim("identifier", changed)),
	}}))
	if got := email(); got != changed {
		t.Errorf("the email address is %s, want %s", got, changed)
	}
}

// testOtherDeployment sends a session to an application on another database.
func testOtherDeployment(t *testing.T, n *cluster, status int, code string) {
	database := sqliteFile(t)
	other := deploymentOf(t, n.issuer, database, n.session).startBy(t, time.Now)
	other.signIn(t, n.issuer, "there@example.com") // it has its server keys then
	s := n.one.signIn(t, n.issuer, "here@example.com")
	n.one.me(t, s.credential)
	before := database.dump(t)
	other.send(t, "GET", "/api/me", s.credential).is(t, status, code)
	other.send(t, "GET", "/auth/session", s.credential).is(t, status, code)
	if after := database.dump(t); after != before {
		t.Errorf("it changed rows:\n%s\nthen\n%s", before, after)
	}
}

// testRestart restarts the process that a user has logged in at.
func testRestart(t *testing.T, n *cluster) {
	s := n.one.signIn(t, n.issuer, "staying@example.com")
	before := n.one.me(t, s.credential)
	if code := n.one.end(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	n.one = startOn(t, n.database, n.framework, n.issuer, n.session)
	for _, node := range n.both() {
		if got, want := encode(node.me(t, s.credential)), encode(before); got != want {
			t.Errorf("the caller is %s, was %s", got, want)
		}
	}
}
