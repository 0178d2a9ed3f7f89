package integration_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/cotterpin/cotterpin/core"
)

// TestModel performs random operations at two nodes on one database, while
// statements fail and time passes. A simple model must agree on the valid
// sessions and tokens after each step.
//
// Cases: R01, R02, R03, R05, R10, R11, R12, R13, S05. Databases: sqlite, postgres, mariadb.
func TestModel(t *testing.T) {
	t.Parallel()
	for name, session := range modelSessions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEach(t, servable(), func(t *testing.T, b backend) {
				n := newNodes(t, b, session, nil)
				histories := 0
				rapid.Check(t, func(rt *rapid.T) {
					histories++
					rt.Repeat(newModel(rt, n, histories, session).operations())
				})
			})
		})
	}
}

// modelSessions contains the session blocks of the deployments, by name.
var modelSessions = map[string]string{
	"Opaque": ownSessions + modelTokens,
	"Cached": strings.Replace(ownSessions, "{\n", "{\n  cache_ttl = \"1m\"\n", 1) + modelTokens,
	"JWT": `session "own" {
  format       = "jwt"
  transport    = ["bearer"]
  access_ttl   = "5m"
  max_per_user = 3
  idle_ttl     = "10h"
}` + modelTokens,
}

const modelTokens = `
session "provider_token" { cache_ttl = "1m" }`

// operations returns what a history consists of.
func (m *model) operations() map[string]func(*rapid.T) {
	operations := map[string]func(*rapid.T){
		"":                    m.agrees,
		"login":               m.login,
		"failing login":       m.failingLogin,
		"look":                m.look,
		"logout":              m.logout,
		"revoke others":       func(rt *rapid.T) { m.revoke(rt, `{"others":true}`) },
		"revoke all":          func(rt *rapid.T) { m.revoke(rt, `{"all":true}`) },
		"disable":             m.disable,
		"enable":              m.enable,
		"delete":              m.remove,
		"wait":                m.wait,
		"token login":         m.tokenLogin,
		"token look":          m.tokenLook,
		"token logout":        m.tokenLogout,
		"token revoke others": func(rt *rapid.T) { m.tokenRevoke(rt, `{"others":true}`) },
		"token revoke all":    func(rt *rapid.T) { m.tokenRevoke(rt, `{"all":true}`) },
	}
	if m.isSigned {
		operations["refresh"] = m.refresh
		operations["repeat refresh"] = m.repeatRefresh
		operations["replay refresh"] = m.replayRefresh
		operations["failing refresh"] = m.failingRefresh
		operations["pause"] = m.pause
	}
	return operations
}

// model contains the expected users and sessions.
type model struct {
	n        *nodes
	people   []*modelPerson
	sessions []*modelSession // own sessions
	tokens   []*modelToken   // provider tokens
	isSigned bool            // own sessions are in format "jwt"
	isCached bool            // own sessions are cached
	formerly map[string]bool // ids of deleted users
	others   rows            // of other runs
}

type modelPerson struct {
	email    string
	user     string // "": not registered
	disabled bool

	notBefore time.Time               // tokens issued until then are revoked
	changed   map[*core.Kit]time.Time // the last change at the other node
}

type modelSession struct {
	of              *modelPerson
	id              string
	user, token     string // the token is the newest
	lastSeen, until time.Time
	revoked         bool
	revokedAt       time.Time
	revokedBy       *core.Kit // the node

	// In format "jwt":
	access      []string // all access tokens
	refresh     []string // all refresh tokens; the last is the current one
	refreshedAt time.Time
}

func newModel(rt *rapid.T, n *nodes, history int, session string) *model {
	m := &model{
		n: n, formerly: map[string]bool{}, others: countRows(rt, n),
		isSigned: session == modelSessions["JWT"], isCached: session == modelSessions["Cached"],
	}
	for i := range 3 {
		m.people = append(m.people, &modelPerson{
			email:   fmt.Sprintf("model-%d-%d@example.com", history, i),
			changed: map[*core.Kit]time.Time{},
		})
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
	return !s.revoked && !m.expired(s)
}

func (m *model) expired(s *modelSession) bool {
	now := m.n.clock.Now()
	return !now.Before(s.until) || !now.Before(s.lastSeen.Add(modelIdle))
}

func (m *model) activeOf(p *modelPerson) []*modelSession {
	return slices.DeleteFunc(slices.Clone(m.sessions), func(s *modelSession) bool { return s.of != p || !m.active(s) })
}

func (m *model) revokeAll(sessions []*modelSession, at *core.Kit) {
	for _, s := range sessions {
		s.revoke(m.n.clock.Now(), at)
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
	p, node := m.drawPerson(rt), m.node(rt)
	r := send(rt.Context(), node, "POST", "/auth/login", string(m.n.issuer.Login(p.email).Body()))
	m.signedIn(rt, p, node, r)
}

// signedIn applies the response to a login with an own session to the model.
func (m *model) signedIn(rt *rapid.T, p *modelPerson, at *core.Kit, r core.Response) {
	result, accepted := m.registered(rt, p, r)
	if !accepted {
		return
	}
	active := m.activeOf(p)
	m.revokeAll(active[:max(0, len(active)+1-maxPerUser)], at) // the oldest
	now := m.n.clock.Now()
	s := &modelSession{of: p, id: result.Session.ID, user: p.user, lastSeen: now, until: now.Add(modelTTL)}
	m.sessions = append(m.sessions, s)
	if m.isSigned {
		m.issued(rt, s, result)
		s.refresh = []string{result.Token.RefreshToken}
	} else {
		s.token = toReply(r).Cookies[0].Value
	}
}

// registered applies the user in the response to a login to the model.
func (m *model) registered(rt *rapid.T, p *modelPerson, r core.Response) (result signedIn, accepted bool) {
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
		return signedIn{}, false
	}
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
	return result, true
}

// failingLogin has a statement of a login fail. The login may have been stored,
// but no client has a session of it. All sessions are then revoked, so that the
// state is known.
func (m *model) failingLogin(rt *rapid.T) {
	m.tick()
	p := m.drawPerson(rt)
	script := m.drawFault(rt)
	body := string(m.n.issuer.Login(p.email).Body())
	r := send(script.In(rt.Context()), m.n.faulty, "POST", "/auth/login", body)
	if r.Status != http.StatusServiceUnavailable {
		m.signedIn(rt, p, m.n.faulty, r)
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
	m.signedIn(rt, p, m.n.sound, again)
	if p.disabled {
		return
	}
	m.tick()
	if err := m.n.sound.Sessions().RevokeAll(rt.Context(), uuid.MustParse(p.user)); err != nil {
		rt.Fatal(err)
	}
	m.shutOut(p, m.n.sound)
}

// look requests the caller of a session. A fresh guard always queries the database.
func (m *model) look(rt *rapid.T) {
	m.tick()
	s := m.session(rt)
	token, isFresh := m.drawAccess(rt, s), rapid.Bool().Draw(rt, "fresh")
	m.looks(rt, m.node(rt), s, token, isFresh)
	switch {
	case !m.accepts(s, token, true):
	case m.isCached && !isFresh:
		m.seenByCache(rt, s)
	case isFresh || !m.isSigned:
		m.seen(s)
	}
}

// accepts reports whether a guard accepts a token of a session. A signed token
// alone decides at a guard that is not fresh.
func (m *model) accepts(s *modelSession, token string, isFresh bool) bool {
	if !m.isSigned {
		return m.active(s)
	}
	return m.n.clock.Now().Before(expiryOf(token)) && (m.active(s) || !isFresh)
}

// seen applies a query for an active session to the model.
func (m *model) seen(s *modelSession) {
	if now := m.n.clock.Now(); now.Sub(s.lastSeen) >= modelLastSeen {
		s.lastSeen = now
	}
}

func (m *model) looks(rt *rapid.T, node *core.Kit, s *modelSession, token string, isFresh bool) {
	want := m.accepts(s, token, isFresh)
	caller, rejection := callerOf(rt, node, isFresh, m.credential(token)...)
	switch {
	case rejection != nil && want:
		rt.Fatalf("%+v is valid (fresh: %t), but: %d %s", s, isFresh, rejection.Status, rejection.Body)
	case rejection != nil && rejection.Status != http.StatusUnauthorized:
		rt.Fatalf("%+v: %d %s, want 401", s, rejection.Status, rejection.Body)
	case rejection == nil && (!want && (isFresh || !m.mayBeCached(s, node)) || caller.UserID.String() != s.user || caller.SessionID != s.id):
		rt.Fatalf("%+v: the guard (fresh: %t) recognizes session %s of %v", s, isFresh, caller.SessionID, caller.UserID)
	}
}

func callerOf(rt *rapid.T, node *core.Kit, isFresh bool, credential ...string) (caller core.Principal, rejection *core.Response) {
	r := message("GET", "/api/me", "", credential...)
	ctx, rejection := node.Adapter().Authorize(rt.Context(), r, http.Header{}, core.Guard{Fresh: isFresh})
	if rejection == nil {
		caller, _ = core.PrincipalFromContext(ctx)
	}
	return caller, rejection
}

// credential returns the header field of a token of an own session.
func (m *model) credential(token string) []string {
	if m.isSigned {
		return bearerField(token)
	}
	return []string{"Cookie", cookieName + "=" + token}
}

func bearerField(token string) []string { return []string{"Authorization", "Bearer " + token} }

func (m *model) logout(rt *rapid.T) {
	m.tick()
	s, node := m.session(rt), m.node(rt)
	body, credential := "", m.credential(s.token)
	if m.isSigned && rapid.Bool().Draw(rt, "by refresh token") {
		body, credential = refreshBody(m.drawRefresh(rt, s)), nil
	}
	if r := send(rt.Context(), node, "POST", "/auth/logout", body, credential...); r.Status != http.StatusNoContent {
		rt.Fatalf("logout: %d %s", r.Status, r.Body)
	}
	s.revoke(m.n.clock.Now(), node)
}

func (m *model) revoke(rt *rapid.T, which string) {
	m.tick()
	m.toFullSecond()
	s := m.session(rt)
	node, want := m.node(rt), m.accepts(s, s.token, true)
	m.revokes(rt, node, which, want, m.credential(s.token))
	if !want {
		return
	}
	m.seen(s)
	if strings.Contains(which, "all") {
		m.shutOut(s.of, node)
	} else {
		m.revokeAll(slices.DeleteFunc(m.activeOf(s.of), func(other *modelSession) bool { return other == s }), node)
	}
}

// toFullSecond advances the clock, so that a revocation does not wait for the next
// second.
func (m *model) toFullSecond() {
	now := m.n.clock.Now()
	m.n.clock.turnTo(now.Truncate(time.Second).Add(time.Second))
}

// revokes sends a revocation, and checks whether it is accepted.
func (m *model) revokes(rt *rapid.T, node *core.Kit, which string, accepted bool, credential []string) {
	r := send(rt.Context(), node, "POST", "/auth/sessions/revoke", which, credential...)
	if got := r.Status == http.StatusNoContent; got != accepted || r.Status >= http.StatusInternalServerError {
		rt.Fatalf("revoke: %d %s, want accepted: %t", r.Status, r.Body, accepted)
	}
}

// shutOut applies the revocation of all credentials of a person to the model.
func (m *model) shutOut(p *modelPerson, at *core.Kit) {
	m.revokeAll(m.activeOf(p), at)
	p.notBefore = m.n.clock.Now()
	m.change(p, at)
}

// change records that the other node may still have the unchanged user in its cache.
func (m *model) change(p *modelPerson, at *core.Kit) {
	other := m.n.sound
	if at == other {
		other = m.n.faulty
	}
	p.changed[other] = m.n.clock.Now()
}

func (m *model) disable(rt *rapid.T) {
	m.administer(rt, func(p *modelPerson, node *core.Kit, user uuid.UUID) error {
		p.disabled = true
		m.shutOut(p, node)
		return node.Users().Disable(rt.Context(), user)
	})
}

func (m *model) enable(rt *rapid.T) {
	m.administer(rt, func(p *modelPerson, node *core.Kit, user uuid.UUID) error {
		p.disabled = false
		m.change(p, node)
		return node.Users().Enable(rt.Context(), user)
	})
}

func (m *model) remove(rt *rapid.T) {
	m.administer(rt, func(p *modelPerson, node *core.Kit, user uuid.UUID) error {
		m.shutOut(p, node)
		m.formerly[p.user] = true
		p.user, p.disabled, p.notBefore = "", false, time.Time{}
		return node.Users().Delete(rt.Context(), user)
	})
}

func (m *model) administer(rt *rapid.T, do func(*modelPerson, *core.Kit, uuid.UUID) error) {
	m.tick()
	p := m.drawPerson(rt)
	if p.user == "" {
		rt.Skip("not registered")
	}
	if err := do(p, m.node(rt), uuid.MustParse(p.user)); err != nil {
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
		hash := m.hash(rt, s, stored)
		isStored, isUnrevoked := false, false
		if revoked, found := stored[hash]; found {
			isStored, isUnrevoked = true, !revoked
		}
		switch {
		case m.active(s) && !isStored:
			rt.Fatalf("%+v is active, but not stored", s)
		case m.active(s) != isUnrevoked && !m.expired(s):
			rt.Fatalf("%+v is active: %t, but in the database: %t", s, m.active(s), isUnrevoked)
		}
		if !m.active(s) {
			m.looks(rt, m.n.sound, s, s.token, true)
		}
		for _, token := range s.access {
			m.looks(rt, m.n.sound, s, token, false)
		}
		if m.isCached {
			m.looksEverywhere(rt, s)
		}
	}
	for _, token := range m.tokens {
		m.tokenLooks(rt, m.n.sound, token, false)
	}
}

// hash returns the hash that is stored of a session, whose secret is not.
func (m *model) hash(rt *rapid.T, s *modelSession, stored map[string]bool) string {
	secret := []byte(s.currentRefresh())
	if !m.isSigned {
		var err error
		if secret, err = base64.RawURLEncoding.DecodeString(s.token[strings.IndexByte(s.token, '.')+1:]); err != nil {
			rt.Fatal(err)
		}
	}
	if _, found := stored[string(secret)]; found {
		rt.Fatalf("the secret of %+v is stored", s)
	}
	digest := sha256.Sum256(secret)
	return string(digest[:])
}

func countRows(rt *rapid.T, n *nodes) (r rows) {
	const count = "SELECT (SELECT COUNT(*) FROM auth_users), (SELECT COUNT(*) FROM auth_identities)"
	if err := n.outside.QueryRowContext(rt.Context(), count).Scan(&r.users, &r.identities); err != nil {
		rt.Fatal(err)
	}
	return r
}

// secretHashes returns what is stored of secrets, and whether it is revoked.
func secretHashes(rt *rapid.T, n *nodes) map[string]bool {
	found, err := n.outside.QueryContext(rt.Context(), "SELECT secret_hash, revoked_ms IS NOT NULL FROM auth_sessions")
	if err != nil {
		rt.Fatal(err)
	}
	defer found.Close()
	stored := map[string]bool{}
	for found.Next() {
		var hash []byte
		var revoked bool
		if err := found.Scan(&hash, &revoked); err != nil {
			rt.Fatal(err)
		}
		stored[string(hash)] = revoked
	}
	if err := found.Err(); err != nil {
		rt.Fatal(err)
	}
	return stored
}
