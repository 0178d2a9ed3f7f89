package integration_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// traffic is a number of people who log in, request their user and log out
// during database faults. Every response must be right or 503: no user is
// signed out or becomes another user.
type traffic struct {
	p      *program
	issuer *providertest.Issuer
	people []*visitor

	stop    chan struct{}
	workers sync.WaitGroup

	mu     sync.Mutex
	served int           // successful requests
	failed int           // with 503
	more   chan struct{} // closed and replaced when either changes
}

// visitor logs in repeatedly as one identity.
type visitor struct {
	payload map[string]any // of its logins
	user    string         // id, after the first login

	active, revoked []string // the latest sessions, by cookie

	brought []map[string]any // payloads of new users, who have tried to log in once
}

// startTraffic runs the traffic until settle is called.
func startTraffic(t *testing.T, p *program, issuer *providertest.Issuer) *traffic {
	t.Helper()
	const people = 8
	tr := &traffic{p: p, issuer: issuer, stop: make(chan struct{}), more: make(chan struct{})}
	for i := range people {
		one := &visitor{payload: issuer.Login(fmt.Sprintf("somebody-%d@example.com", i)).Payload()}
		p.addTokens(one.payload)
		tr.people = append(tr.people, one)
		tr.workers.Go(func() { tr.work(t, one) })
	}
	return tr
}

func (tr *traffic) work(t *testing.T, one *visitor) {
	for round := 0; ; round++ {
		select {
		case <-tr.stop:
			return
		default:
		}
		tr.bring(t, one)
		session := tr.signIn(t, one)
		if session == "" {
			tr.rest()
			continue
		}
		tr.recognized(t, one, session)
		if round%2 == 0 {
			one.active = latest(one.active, session)
			continue
		}
		// A session whose logout failed may be revoked or not.
		if _, ok := tr.request(t, "POST", "/auth/logout", cookie(session)); ok {
			one.revoked = latest(one.revoked, session)
		}
	}
}

// bring logs in a new user, up to a limit.
func (tr *traffic) bring(t *testing.T, one *visitor) {
	const many = 40
	if len(one.brought) == many {
		return
	}
	payload := tr.issuer.Login(rand.Text() + "@example.com").Payload()
	tr.p.addTokens(payload)
	one.brought = append(one.brought, payload)
	tr.request(t, "POST", "/auth/login", posting(encode(payload)))
}

// rest waits before a retry.
func (tr *traffic) rest() {
	select {
	case <-time.After(50 * time.Millisecond):
	case <-tr.stop:
	}
}

// latest appends a session and drops the oldest beyond a limit.
func latest(sessions []string, cookie string) []string {
	const few = 20
	sessions = append(sessions, cookie)
	return sessions[max(0, len(sessions)-few):]
}

// signIn returns the cookie of a new session, or "".
func (tr *traffic) signIn(t *testing.T, one *visitor) string {
	a, ok := tr.request(t, "POST", "/auth/login", posting(encode(one.payload)))
	if !ok {
		return ""
	}
	var s signedIn
	if err := json.Unmarshal([]byte(a.Body), &s); err != nil || len(a.Cookies) != 1 {
		t.Errorf("login: %d %s", a.Status, a.Body)
		return ""
	}
	tr.isSame(t, one, s.User.ID)
	return a.Cookies[0].Value
}

func (tr *traffic) recognized(t *testing.T, one *visitor, session string) {
	a, ok := tr.request(t, "GET", "/api/me", cookie(session))
	if !ok {
		return
	}
	var who caller
	if err := json.Unmarshal([]byte(a.Body), &who); err != nil {
		t.Errorf("caller: %d %s", a.Status, a.Body)
	}
	tr.isSame(t, one, textOf(who.UserID))
}

func (tr *traffic) isSame(t *testing.T, one *visitor, user string) {
	if one.user == "" {
		one.user = user
	}
	if user != one.user || user == "" {
		t.Errorf("user %q became %q", one.user, user)
	}
}

// request sends a request, and reports whether it succeeded. A failed one must
// be 503.
func (tr *traffic) request(t *testing.T, method, target string, changes ...with) (reply, bool) {
	a, err := tr.p.try(method, target, changes...)
	if err != nil {
		t.Errorf("%s %s: %v", method, target, err)
		return a, false
	}
	ok := a.Status < http.StatusMultipleChoices
	if !ok {
		cannotCheck(t, a)
	}
	tr.count(ok)
	return a, ok
}

func (tr *traffic) count(served bool) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if served {
		tr.served++
	} else {
		tr.failed++
	}
	close(tr.more)
	tr.more = make(chan struct{})
}

// awaitServed waits until n more requests have succeeded.
func (tr *traffic) awaitServed(t *testing.T, n int) {
	t.Helper()
	tr.await(t, n, func() int { return tr.served })
}

// awaitFailed waits until n more requests have failed.
func (tr *traffic) awaitFailed(t *testing.T, n int) {
	t.Helper()
	tr.await(t, n, func() int { return tr.failed })
}

func (tr *traffic) await(t *testing.T, n int, counted func() int) {
	t.Helper()
	deadline := time.After(patience)
	tr.mu.Lock()
	defer tr.mu.Unlock()
	for want := counted() + n; counted() < want; {
		more := tr.more
		tr.mu.Unlock()
		select {
		case <-more:
		case <-deadline:
			t.Error("the traffic has stopped")
			tr.mu.Lock()
			return
		}
		tr.mu.Lock()
	}
}

// settle stops the traffic once it succeeds again, and checks what it has
// stored.
func (tr *traffic) settle(t *testing.T) {
	t.Helper()
	tr.awaitServed(t, 3*len(tr.people)) // connections work again
	close(tr.stop)
	tr.workers.Wait()
	tr.p.ready(t, http.StatusOK, `"ok"`)
	known := 0
	for _, one := range tr.people {
		known += 1 + len(one.brought)
		tr.isSame(t, one, tr.p.signedIn(t, tr.p.login(t, one.payload)).User.ID) // perhaps for the first time
		for _, payload := range one.brought {                                   // retry of failed logins
			tr.p.signedIn(t, tr.p.login(t, payload))
		}
		for _, session := range one.active {
			if who := tr.p.me(t, cookie(session)); textOf(who.UserID) != one.user {
				t.Errorf("a session of %s became one of %s", one.user, textOf(who.UserID))
			}
		}
		for _, session := range one.revoked {
			tr.p.rejects(t, cookie(session))
		}
	}
	t.Logf("%d requests succeeded, %d failed with 503", tr.served, tr.failed)
	tr.p.database.isConsistent(t, known)
}

// isConsistent checks that nothing is half-written: each person has one user
// and one identity, and every session belongs to an identity of its user.
func (s scratch) isConsistent(t *testing.T, people int) {
	t.Helper()
	db, err := s.look()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for what, c := range map[string]struct {
		query string
		want  int
	}{
		"users":                  {"SELECT count(*) FROM auth_users", people},
		"identities":             {"SELECT count(*) FROM auth_identities", people},
		"users with an identity": {"SELECT count(DISTINCT user_id) FROM auth_identities", people},
		"inconsistent sessions":  {"SELECT count(*) FROM auth_sessions s JOIN auth_identities i ON i.id = s.identity_id WHERE i.user_id <> s.user_id OR i.issuer <> s.issuer OR i.subject <> s.subject", 0},
	} {
		var got int
		if err := db.QueryRowContext(t.Context(), c.query).Scan(&got); err != nil || got != c.want {
			t.Errorf("%s: %d, want %d (error %v)", what, got, c.want, err)
		}
	}
}
