package integration_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/ent/enginetest/faultdriver"
)

// TestModel performs random operations at two nodes on one database, while
// statements fail and time passes. A simple model must agree on the valid
// sessions after each step.
func TestModel(t *testing.T) {
	t.Parallel()
	onEach(t, servable(), func(t *testing.T, b backend) {
		n := newNodes(t, b, ownSessions, nil)
		histories := 0
		rapid.Check(t, func(rt *rapid.T) {
			histories++
			m := newModel(rt, n, histories)
			rt.Repeat(map[string]func(*rapid.T){
				"":              m.agrees,
				"login":         m.login,
				"failing login": m.failingLogin,
				"look":          m.look,
				"logout":        m.logout,
				"revoke others": func(rt *rapid.T) { m.revoke(rt, `{"others":true}`) },
				"revoke all":    func(rt *rapid.T) { m.revoke(rt, `{"all":true}`) },
				"disable":       m.disable,
				"enable":        m.enable,
				"delete":        m.remove,
				"wait":          m.wait,
			})
		})
	})
}

// model contains the expected users and sessions.
type model struct {
	n        *nodes
	people   []*modelPerson
	sessions []*modelSession
	formerly map[string]bool // ids of deleted users
	others   rows            // of other runs
}

type modelPerson struct {
	email    string
	user     string // "": not registered
	disabled bool
}

type modelSession struct {
	of              *modelPerson
	user, token     string
	lastSeen, until time.Time
	revoked         bool
}

func newModel(rt *rapid.T, n *nodes, history int) *model {
	m := &model{n: n, formerly: map[string]bool{}, others: countRows(rt, n)}
	for i := range 3 {
		m.people = append(m.people, &modelPerson{email: fmt.Sprintf("model-%d-%d@example.com", history, i)})
	}
	return m
}

// The limits of ownSessions.
const (
	modelIdle     = 10 * time.Hour
	modelLastSeen = time.Hour
	modelTTL      = 30 * 24 * time.Hour
)

// active reports whether a session is valid.
func (m *model) active(s *modelSession) bool {
	now := m.n.clock.Now()
	return !s.revoked && now.Before(s.until) && now.Before(s.lastSeen.Add(modelIdle))
}

func (m *model) activeOf(p *modelPerson) []*modelSession {
	return slices.DeleteFunc(slices.Clone(m.sessions), func(s *modelSession) bool { return s.of != p || !m.active(s) })
}

func (m *model) revokeAll(sessions []*modelSession) {
	for _, s := range sessions {
		s.revoked = true
	}
}

func (m *model) drawPerson(rt *rapid.T) *modelPerson {
	return rapid.SampledFrom(m.people).Draw(rt, "person")
}

func (m *model) session(rt *rapid.T) *modelSession {
	if len(m.sessions) == 0 {
		rt.Skip("no session")
	}
	return rapid.SampledFrom(m.sessions).Draw(rt, "session")
}

// node returns one of the two nodes.
func (m *model) node(rt *rapid.T) *core.Kit {
	return rapid.SampledFrom([]*core.Kit{m.n.sound, m.n.faulty}).Draw(rt, "node")
}

// tick advances the clock by a second, so that nothing is issued in the second
// of a revocation.
func (m *model) tick() { m.n.clock.advance(1100 * time.Millisecond) }

func (m *model) login(rt *rapid.T) {
	m.tick()
	p := m.drawPerson(rt)
	r := send(rt.Context(), m.node(rt), "POST", "/auth/login", string(m.n.issuer.Login(p.email).Body()))
	m.signedIn(rt, p, r)
}

// signedIn applies the response to a login to the model.
func (m *model) signedIn(rt *rapid.T, p *modelPerson, r core.Response) {
	want := http.StatusOK
	switch {
	case p.disabled:
		want = http.StatusForbidden
	case p.user == "":
		want = http.StatusCreated
	}
	if r.Status != want {
		rt.Fatalf("login of %+v: %d %s, want %d", p, r.Status, r.Body, want)
	}
	if p.disabled {
		return
	}
	var result signedIn
	if err := json.Unmarshal(r.Body, &result); err != nil {
		rt.Fatal(err)
	}
	switch {
	case m.formerly[result.User.ID]:
		rt.Fatalf("user %s was deleted", result.User.ID)
	case p.user == "":
		p.user = result.User.ID
	case p.user != result.User.ID:
		rt.Fatalf("user %s became %s", p.user, result.User.ID)
	}
	active := m.activeOf(p)
	m.revokeAll(active[:max(0, len(active)+1-maxPerUser)]) // the oldest
	now := m.n.clock.Now()
	m.sessions = append(m.sessions, &modelSession{
		of: p, user: p.user, token: toReply(r).Cookies[0].Value, lastSeen: now, until: now.Add(modelTTL),
	})
}

// failingLogin has a statement of a login fail. The login may have been stored,
// but no client has a session of it. All sessions are then revoked, so that the
// state is known.
func (m *model) failingLogin(rt *rapid.T) {
	m.tick()
	p := m.drawPerson(rt)
	fault := faultdriver.Faults[rapid.SampledFrom(slices.Sorted(maps.Keys(faultdriver.Faults))).Draw(rt, "fault")]
	if fault == faultdriver.HangBefore || fault == faultdriver.HangAfter {
		rt.Skip("waits until the deadline")
	}
	script := &faultdriver.Script{At: rapid.IntRange(1, 8).Draw(rt, "statement"), Fault: fault}
	body := string(m.n.issuer.Login(p.email).Body())
	r := send(script.In(rt.Context()), m.n.faulty, "POST", "/auth/login", body)
	if r.Status != http.StatusServiceUnavailable {
		m.signedIn(rt, p, r)
		return
	}
	if len(r.Cookies) != 0 {
		rt.Fatalf("a cookie is set: %v", r.Cookies)
	}
	m.tick()
	again := send(rt.Context(), m.n.sound, "POST", "/auth/login", string(m.n.issuer.Login(p.email).Body()))
	if p.user == "" && again.Status == http.StatusOK { // the failed login registered it
		var result signedIn
		if err := json.Unmarshal(again.Body, &result); err != nil {
			rt.Fatal(err)
		}
		p.user = result.User.ID
	}
	m.signedIn(rt, p, again)
	if p.disabled {
		return
	}
	m.tick()
	if err := m.n.sound.Sessions().RevokeAll(rt.Context(), uuid.MustParse(p.user)); err != nil {
		rt.Fatal(err)
	}
	m.revokeAll(m.activeOf(p))
}

// look requests the caller of a session.
func (m *model) look(rt *rapid.T) {
	m.tick()
	s := m.session(rt)
	m.looks(rt, m.node(rt), s)
	if now := m.n.clock.Now(); m.active(s) && now.Sub(s.lastSeen) >= modelLastSeen {
		s.lastSeen = now
	}
}

func (m *model) looks(rt *rapid.T, node *core.Kit, s *modelSession) {
	ctx, rejection := node.Adapter().Authorize(rt.Context(), message("GET", "/api/me", "", withCookie(s)...), http.Header{}, core.Guard{})
	if rejection != nil {
		if m.active(s) {
			rt.Fatalf("%+v is active, but: %d %s", s, rejection.Status, rejection.Body)
		}
		return
	}
	if caller, _ := core.PrincipalFromContext(ctx); !m.active(s) || caller.UserID.String() != s.user {
		rt.Fatalf("%+v: the guard recognizes %v", s, caller.UserID)
	}
}

func withCookie(s *modelSession) []string { return []string{"Cookie", cookieName + "=" + s.token} }

func (m *model) logout(rt *rapid.T) {
	m.tick()
	s := m.session(rt)
	if r := send(rt.Context(), m.node(rt), "POST", "/auth/logout", "", withCookie(s)...); r.Status != http.StatusNoContent {
		rt.Fatalf("logout: %d %s", r.Status, r.Body)
	}
	s.revoked = true
}

func (m *model) revoke(rt *rapid.T, which string) {
	m.tick()
	s := m.session(rt)
	want, revoked := http.StatusUnauthorized, []*modelSession(nil)
	if m.active(s) {
		want, revoked = http.StatusNoContent, m.activeOf(s.of)
		if now := m.n.clock.Now(); now.Sub(s.lastSeen) >= modelLastSeen {
			s.lastSeen = now
		}
	}
	if r := send(rt.Context(), m.node(rt), "POST", "/auth/sessions/revoke", which, withCookie(s)...); r.Status != want {
		rt.Fatalf("revoke: %d %s, want %d", r.Status, r.Body, want)
	}
	m.revokeAll(slices.DeleteFunc(revoked, func(other *modelSession) bool { return other == s && strings.Contains(which, "others") }))
}

func (m *model) disable(rt *rapid.T) {
	m.administer(rt, func(p *modelPerson, user uuid.UUID) error {
		p.disabled = true
		m.revokeAll(m.activeOf(p))
		return m.node(rt).Users().Disable(rt.Context(), user)
	})
}

func (m *model) enable(rt *rapid.T) {
	m.administer(rt, func(p *modelPerson, user uuid.UUID) error {
		p.disabled = false
		return m.node(rt).Users().Enable(rt.Context(), user)
	})
}

func (m *model) remove(rt *rapid.T) {
	m.administer(rt, func(p *modelPerson, user uuid.UUID) error {
		m.revokeAll(m.activeOf(p))
		m.formerly[p.user] = true
		p.user, p.disabled = "", false
		return m.node(rt).Users().Delete(rt.Context(), user)
	})
}

func (m *model) administer(rt *rapid.T, do func(*modelPerson, uuid.UUID) error) {
	m.tick()
	p := m.drawPerson(rt)
	if p.user == "" {
		rt.Skip("not registered")
	}
	if err := do(p, uuid.MustParse(p.user)); err != nil {
		rt.Fatal(err)
	}
}

func (m *model) wait(rt *rapid.T) {
	m.n.clock.advance(rapid.SampledFrom([]time.Duration{
		time.Minute, 59 * time.Minute, 3 * time.Hour, modelIdle - time.Minute, modelIdle, 3 * 24 * time.Hour, modelTTL,
	}).Draw(rt, "time"))
}

// agrees compares the model with both nodes and with the tables: only active
// sessions are accepted, and as the right user; each registered person has one
// user and one identity; only the digests of secrets are stored.
func (m *model) agrees(rt *rapid.T) {
	want := m.others
	for _, p := range m.people {
		if p.user != "" {
			want.users++
			want.identities++
		}
	}
	got := countRows(rt, m.n)
	if got.users != want.users || got.identities != want.identities {
		rt.Fatalf("%d users with %d identities, want %d with %d", got.users, got.identities, want.users, want.identities)
	}
	stored := secretHashes(rt, m.n)
	for _, s := range m.sessions {
		secret, err := base64.RawURLEncoding.DecodeString(s.token[strings.IndexByte(s.token, '.')+1:])
		if err != nil {
			rt.Fatal(err)
		}
		if stored[string(secret)] {
			rt.Fatalf("the secret of %+v is stored", s)
		}
		if digest := sha256.Sum256(secret); m.active(s) && !stored[string(digest[:])] {
			rt.Fatalf("%+v is active, but not stored", s)
		}
		if !m.active(s) {
			m.looks(rt, m.n.sound, s)
		}
	}
}

func countRows(rt *rapid.T, n *nodes) (r rows) {
	const count = "SELECT (SELECT COUNT(*) FROM auth_users), (SELECT COUNT(*) FROM auth_identities)"
	if err := n.outside.QueryRowContext(rt.Context(), count).Scan(&r.users, &r.identities); err != nil {
		rt.Fatal(err)
	}
	return r
}

func secretHashes(rt *rapid.T, n *nodes) map[string]bool {
	found, err := n.outside.QueryContext(rt.Context(), "SELECT secret_hash FROM auth_sessions")
	if err != nil {
		rt.Fatal(err)
	}
	defer found.Close()
	stored := map[string]bool{}
	for found.Next() {
		var hash []byte
		if err := found.Scan(&hash); err != nil {
			rt.Fatal(err)
		}
		stored[string(hash)] = true
	}
	if err := found.Err(); err != nil {
		rt.Fatal(err)
	}
	return stored
}
