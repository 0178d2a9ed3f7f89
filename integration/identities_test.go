package integration_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// element is an element of the list of identities.
type element struct {
	ID            string     `json:"id"`
	Current       bool       `json:"current"`
	Provider      string     `json:"provider"`
	Issuer        string     `json:"issuer"`
	Identifier    *string    `json:"identifier"`
	Email         *string    `json:"email"`
	EmailVerified bool       `json:"email_verified"`
	Phone         *string    `json:"phone"`
	PhoneVerified bool       `json:"phone_verified"`
	CreatedAt     time.Time  `json:"created_at"`
	LastLoginAt   *time.Time `json:"last_login_at"`
}

func (c *client) identities(t testing.TB, credential with) []element {
	t.Helper()
	a := c.send(t, "GET", "/auth/identities", credential)
	a.is(t, http.StatusOK, "")
	var list struct {
		Identities []element `json:"identities"`
	}
	a.decode(t, &list)
	return list.Identities
}

// link adds the identity of a payload to the caller.
func (c *client) link(t testing.TB, credential with, payload map[string]any) reply {
	t.Helper()
	c.addTokens(payload)
	return c.send(t, "POST", "/auth/identities", credential, posting(encode(payload)))
}

// unlink removes an identity of the caller.
func (c *client) unlink(t testing.TB, credential with, id string) reply {
	t.Helper()
	return c.send(t, "POST", "/auth/identities/remove", credential, posting(encode(map[string]string{"id": id})))
}

// startPeople starts a program with a Cotter block and a second provider.
func startPeople(t *testing.T, framework, session string, b backend) (*program, *providertest.Issuer) {
	t.Helper()
	issuer := providertest.NewIssuer(t)
	issuer.Now = past(time.Now)
	database := b.create(t)
	p := start(t, framework, edited(t, configurationOn(database.block, issuer, session), []edit{corp(issuer)}))
	p.database = database
	return p, issuer
}

// TestIdentities adds the identity of a second provider to a user, signs in with it,
// and removes both.
//
// Cases: A18. Frameworks: nethttp, gin, fiber. Databases: sqlite, postgres, mariadb.
func TestIdentities(t *testing.T) {
	t.Parallel()
	onMatrix(t, testIdentities)
}

func testIdentities(t *testing.T, framework, session string, b backend) {
	t.Helper()
	p, issuer := startPeople(t, framework, session, b)
	first := p.signIn(t, issuer, ada)
	bob := p.signIn(t, issuer, "bob@example.com")
	atCorp := func() map[string]any { return postedID(issuer.OIDCToken("ada@corp.example")) }

	added := p.link(t, first.credential, atCorp())
	added.is(t, http.StatusCreated, "")
	if len(added.Cookies) != 0 {
		t.Errorf("the addition sets %v", added.Cookies)
	}
	before := p.database.dump(t)
	again := p.link(t, first.credential, postedID(issuer.OIDCToken("ada@corp.example", providertest.Claim("email", "new@corp.example"))))
	again.is(t, http.StatusOK, "")
	p.link(t, bob.credential, atCorp()).is(t, http.StatusConflict, "identity_in_use")
	if after := p.database.dump(t); again.Body != added.Body || after != before {
		t.Errorf("a repeated addition returns %s, want %s, and changes rows:\n%s\n%s", again.Body, added.Body, before, after)
	}

	list := p.identities(t, first.credential)
	var one element
	added.decode(t, &one)
	if len(list) != 2 || list[1].ID != one.ID || list[1].Current || list[1].LastLoginAt != nil || !list[1].EmailVerified ||
		list[0].Provider != "cotter" || !list[0].Current || list[0].LastLoginAt == nil {
		t.Fatalf("listed %+v", list)
	}
	second := p.signedIn(t, p.login(t, atCorp()))
	if second.Created || second.User.ID != first.User.ID || second.User.Email != "ada@corp.example" {
		t.Fatalf("the added identity signs in as %+v, want %s", second.User, first.User.ID)
	}
	if list := p.identities(t, second.credential); len(list) != 2 || list[0].Current || !list[1].Current || list[1].LastLoginAt == nil {
		t.Errorf("listed to the added identity: %+v", list)
	}
	testRemoval(t, p, first, second, bob, list)
}

// testRemoval removes the identity of the first session by the second one.
func testRemoval(t *testing.T, p *program, first, second, bob signedIn, list []element) {
	t.Helper()
	p.unlink(t, bob.credential, list[0].ID).is(t, http.StatusNotFound, "not_found")
	p.unlink(t, second.credential, "unknown").is(t, http.StatusNotFound, "not_found")
	p.me(t, first.credential)
	p.unlink(t, second.credential, list[0].ID).is(t, http.StatusNoContent, "")
	switch a := p.send(t, "GET", "/api/me", first.credential); first.Session.Strategy {
	case "own":
		a.is(t, http.StatusUnauthorized, "invalid_token")
	default:
		a.is(t, http.StatusForbidden, "not_registered")
	}
	p.me(t, second.credential)
	p.unlink(t, second.credential, list[1].ID).is(t, http.StatusConflict, "last_identity")
	p.me(t, second.credential)
	if got := p.database.rows(t); got.users != 2 || got.identities != 2 {
		t.Errorf("the rows are %+v, want two users with one identity each", got)
	}
}

// TestIdentities_OwnRemoved removes the identity that the caller has signed in with. Its
// cookie is cleared, and a login with it is a first one.
func TestIdentities_OwnRemoved(t *testing.T) {
	t.Parallel()
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		for _, session := range []string{ownSession, ownJWTCookie, tokenCookie} {
			p, issuer := startPeople(t, framework, session, servable()[0])
			first := p.signIn(t, issuer, ada)
			p.link(t, first.credential, postedID(issuer.OIDCToken("ada@corp.example"))).is(t, http.StatusCreated, "")
			own := p.identities(t, first.credential)[0]
			a := p.unlink(t, first.credential, own.ID)
			a.is(t, http.StatusNoContent, "")
			cleared := len(a.Cookies) > 0
			for _, cookie := range a.Cookies {
				cleared = cleared && cookie.MaxAge < 0
			}
			if !cleared {
				t.Errorf("%s: the cookies are %v, want them cleared", session, a.Cookies)
			}
			if status := p.send(t, "GET", "/api/me", first.credential).Status; status != http.StatusUnauthorized && status != http.StatusForbidden {
				t.Errorf("%s: the session then gets %d", session, status)
			}
			if again := p.signIn(t, issuer, ada); !again.Created || again.User.ID == first.User.ID {
				t.Errorf("%s: the removed identity signs in as %+v, want a new user", session, again.User)
			}
		}
	})
}

// TestIdentities_Refused adds what a login refuses, and removes without a recent
// sign-in. Nothing is written.
func TestIdentities_Refused(t *testing.T) {
	t.Parallel()
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		for _, session := range []string{ownSession, ownJWTCookie, tokenBearer} {
			p, issuer := startPeople(t, framework, session, servable()[0])
			caller := p.signIn(t, issuer, ada)
			now := issuer.Now()
			stale := posted(issuer.AccessToken("stale@example.com", providertest.Claim("iat", now.Add(-11*time.Minute).Unix())))
			late := p.signedIn(t, p.login(t, stale))
			p.identities(t, late.credential)
			before := p.database.dump(t)

			valid := postedID(issuer.OIDCToken("ada@corp.example"))
			for name, payload := range map[string]map[string]any{
				"hint":     {"oauth_token": valid["oauth_token"], "email": "other@corp.example"},
				"audience": postedID(issuer.OIDCToken("ada@corp.example", providertest.Claim("aud", "other"))),
				"old":      postedID(issuer.OIDCToken("ada@corp.example", providertest.Claim("iat", now.Add(-16*time.Minute).Unix()))),
				"provider": {"oauth_token": valid["oauth_token"], "provider": "unknown"},
			} {
				code := map[string]string{"hint": "identity_mismatch", "audience": "invalid_token", "old": "token_expired", "provider": "invalid_request"}[name]
				status := http.StatusUnauthorized
				if name == "hint" || name == "provider" {
					status = http.StatusBadRequest
				}
				p.link(t, caller.credential, payload).is(t, status, code)
			}
			for _, a := range []reply{p.link(t, late.credential, valid), p.unlink(t, late.credential, "unknown")} {
				a.is(t, http.StatusUnauthorized, "reauthentication_required")
				if challenge := a.Header.Get("WWW-Authenticate"); !strings.Contains(challenge, `max_age="600"`) {
					t.Errorf("the challenge is %s", challenge)
				}
			}
			p.send(t, "POST", "/auth/identities", caller.credential, line("Origin", "https://evil.example"), posting(encode(valid))).
				is(t, http.StatusForbidden, "cross_origin")
			p.send(t, "POST", "/auth/identities", posting(encode(valid))).is(t, http.StatusUnauthorized, "unauthenticated")
			if after := p.database.dump(t); after != before {
				t.Errorf("%s: the rows have changed:\n%s\n%s", session, before, after)
			}
			p.link(t, caller.credential, valid).is(t, http.StatusCreated, "")
		}
	})
}

// TestRace_Identities has two users add one identity at two nodes at once, and one of
// them remove both of theirs.
func TestRace_Identities(t *testing.T) {
	t.Parallel()
	onEach(t, servable(), func(t *testing.T, b backend) {
		t.Helper()
		const rounds, calls = 3, 32
		n := startCluster(t, raceFramework, ownSession, b.create(t))
		for round := range rounds {
			person := func(name string) string { return fmt.Sprintf("%s-%d@example.com", name, round) }
			users := []signedIn{n.one.signIn(t, n.issuer, person("ada")), n.one.signIn(t, n.issuer, person("bob"))}
			shared := n.issuer.Login(person("shared")).Payload()
			statuses := n.statuses(calls, func(i int) reply { return n.both()[i/2%2].link(t, users[i%2].credential, shared) })
			if statuses[http.StatusCreated] != 1 || statuses[http.StatusOK] != calls/2-1 || statuses[http.StatusConflict] != calls/2 {
				t.Fatalf("additions: %v, want one 201, %d times 200 and %d times 409", statuses, calls/2-1, calls/2)
			}
			other := n.two.signedIn(t, n.two.login(t, shared))
			owner := users[0]
			if other.User.ID == users[1].User.ID {
				owner = users[1]
			}
			list := n.one.identities(t, owner.credential)
			callers := []with{owner.credential, other.credential}
			statuses = n.statuses(calls, func(i int) reply { return n.both()[i/4%2].unlink(t, callers[i/2%2], list[i%2].ID) })
			left, err := n.kit.Users().Identities(t.Context(), userID(t, owner))
			if err != nil || statuses[http.StatusNoContent] != 1 || len(left) != 1 {
				t.Fatalf("removals: %v, left %+v (error %v), want one of each", statuses, left, err)
			}
		}
	})
}

// statuses counts the responses to concurrent calls by status.
func (n *cluster) statuses(calls int, call func(i int) reply) map[int]int {
	replies := make([]reply, calls)
	atOnce(calls, func(i int) { replies[i] = call(i) })
	count := map[int]int{}
	for _, a := range replies {
		count[a.Status]++
	}
	return count
}

// TestRace_IdentityOfEndedUser adds identities to a user that another node disables
// or deletes.
func TestRace_IdentityOfEndedUser(t *testing.T) {
	t.Parallel()
	onEach(t, servable(), func(t *testing.T, b backend) {
		t.Helper()
		const calls = 32
		n := startCluster(t, raceFramework, ownSession, b.create(t))
		for name, end := range map[string]func(*testing.T, signedIn){"disabled": n.disable, "deleted": n.delete} {
			user := n.one.signIn(t, n.issuer, name+"@example.com")
			payloads := make([]map[string]any, calls)
			for i := range payloads {
				payloads[i] = n.issuer.Login(fmt.Sprintf("%s-%d@example.com", name, i)).Payload()
			}
			replies := make([]reply, calls)
			atOnce(calls, func(i int) {
				if i == calls/2 {
					end(t, user)
				}
				replies[i] = n.both()[i%2].link(t, user.credential, payloads[i])
			})
			added := 0
			for i, a := range replies {
				if a.Status == http.StatusCreated {
					added++
				} else if a.Status != http.StatusUnauthorized && a.Status != http.StatusForbidden {
					t.Errorf("%s, %d: got %d %s", name, i, a.Status, a.Body)
				}
			}
			if replies[calls/2].Status == http.StatusCreated {
				t.Errorf("%s: an identity was added afterwards", name)
			}
			n.wantIdentities(t, name, userID(t, user), added+1)
		}
	})
}

// wantIdentities expects a disabled user to have what was added, and a deleted one to
// have left nothing.
func (n *cluster) wantIdentities(t *testing.T, name string, user identity.UserID, want int) {
	t.Helper()
	left, err := n.kit.Users().Identities(t.Context(), user)
	if name == "disabled" && (err != nil || len(left) != want) {
		t.Errorf("%d identities (error %v), want %d", len(left), err, want)
	}
	rows := n.database.rows(t)
	count := 0
	for range n.kit.Users().All(t.Context(), core.UserQuery{}) {
		count++
	}
	if rows.users != count || name == "deleted" && err == nil {
		t.Errorf("%s: rows %+v, %d users, error %v", name, rows, count, err)
	}
}
