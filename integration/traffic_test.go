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

// traffic is people who sign in, look who they are and sign out while something
// happens to the database. Whatever that is, everybody gets what is right or is
// told to try again; nobody is told to be signed out, or is somebody else.
type traffic struct {
	p      *program
	issuer *providertest.Issuer
	people []*visitor

	stop    chan struct{}
	workers sync.WaitGroup

	mu     sync.Mutex
	served int           // requests that were answered with what was asked for
	failed int           // with 503
	more   chan struct{} // closed and replaced when either changes
}

// visitor signs in as one identity again and again.
type visitor struct {
	payload map[string]any // of its logins
	user    string         // its id, once it is known

	live, dead []string // the latest sessions, by their cookie

	brought []map[string]any // payloads of newcomers, who have signed in once or tried to
}

// startTraffic lets people come until settle is called.
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
			one.live = latest(one.live, session)
			continue
		}
		// A session whose end was not confirmed may be dead or not.
		if _, ok := tr.ask(t, "POST", "/auth/logout", cookie(session)); ok {
			one.dead = latest(one.dead, session)
		}
	}
}

// bring has a newcomer sign in, while there are not too many.
func (tr *traffic) bring(t *testing.T, one *visitor) {
	const many = 40
	if len(one.brought) == many {
		return
	}
	payload := tr.issuer.Login(rand.Text() + "@example.com").Payload()
	tr.p.addTokens(payload)
	one.brought = append(one.brought, payload)
	tr.ask(t, "POST", "/auth/login", posting(encode(payload)))
}

// rest is what somebody does who was told to try again.
func (tr *traffic) rest() {
	select {
	case <-time.After(50 * time.Millisecond):
	case <-tr.stop:
	}
}

// latest adds a session to some, of which it forgets the oldest.
func latest(sessions []string, cookie string) []string {
	const few = 20
	sessions = append(sessions, cookie)
	return sessions[max(0, len(sessions)-few):]
}

// signIn returns the cookie of a new session; "" if there is none.
func (tr *traffic) signIn(t *testing.T, one *visitor) string {
	a, ok := tr.ask(t, "POST", "/auth/login", posting(encode(one.payload)))
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
	a, ok := tr.ask(t, "GET", "/api/me", cookie(session))
	if !ok {
		return
	}
	var who caller
	if err := json.Unmarshal([]byte(a.Body), &who); err != nil {
		t.Errorf("who calls: %d %s", a.Status, a.Body)
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

// ask returns an answer that has what was asked for; false if it says that
// nothing could be learned.
func (tr *traffic) ask(t *testing.T, method, target string, changes ...with) (reply, bool) {
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

// awaitServed waits until so many more requests have got what they asked for.
func (tr *traffic) awaitServed(t *testing.T, n int) {
	t.Helper()
	tr.await(t, n, func() int { return tr.served })
}

// awaitFailed waits until so many more were told to try again.
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
			t.Error("the traffic stands still")
			tr.mu.Lock()
			return
		}
		tr.mu.Lock()
	}
}

// settle ends the traffic once it flows again, and looks at what it leaves.
func (tr *traffic) settle(t *testing.T) {
	t.Helper()
	tr.awaitServed(t, 3*len(tr.people)) // everybody has been there again
	close(tr.stop)
	tr.workers.Wait()
	tr.p.ready(t, http.StatusOK, `"ok"`)
	known := 0
	for _, one := range tr.people {
		known += 1 + len(one.brought)
		tr.isSame(t, one, tr.p.signedIn(t, tr.p.login(t, one.payload)).User.ID) // perhaps for the first time
		for _, payload := range one.brought {                                   // who was told to try again does
			tr.p.signedIn(t, tr.p.login(t, payload))
		}
		for _, session := range one.live {
			if who := tr.p.me(t, cookie(session)); textOf(who.UserID) != one.user {
				t.Errorf("a session of %s is one of %s now", one.user, textOf(who.UserID))
			}
		}
		for _, session := range one.dead {
			tr.p.rejects(t, cookie(session))
		}
	}
	t.Logf("%d requests were served, %d were told to try again", tr.served, tr.failed)
	tr.p.database.isConsistent(t, known)
}

// isLawful checks that nothing is half-written: so many people have a user and
// an identity each, and every session is of an identity of its user.
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
		"users":                           {"SELECT count(*) FROM auth_users", people},
		"identities":                      {"SELECT count(*) FROM auth_identities", people},
		"users with an identity":          {"SELECT count(DISTINCT user_id) FROM auth_identities", people},
		"sessions of somebody's identity": {"SELECT count(*) FROM auth_sessions s JOIN auth_identities i ON i.id = s.identity_id WHERE i.user_id <> s.user_id OR i.issuer <> s.issuer OR i.subject <> s.subject", 0},
	} {
		var got int
		if err := db.QueryRowContext(t.Context(), c.query).Scan(&got); err != nil || got != c.want {
			t.Errorf("%s: %d, want %d (error %v)", what, got, c.want, err)
		}
	}
}
