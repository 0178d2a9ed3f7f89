package integration_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/ent/enginetest/faultdriver"
)

// The limits of own sessions in format "jwt".
const (
	modelAccess = 5 * time.Minute
	modelGrace  = 10 * time.Second // the default
)

// expiryOf returns the claim exp of a token.
func expiryOf(token string) time.Time {
	var claims struct{ Exp int64 }
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err == nil {
		err = json.Unmarshal(payload, &claims)
	}
	if err != nil {
		panic(err) // the model contains only tokens that were issued
	}
	return time.Unix(claims.Exp, 0)
}

func refreshBody(token string) string { return encode(map[string]string{"refresh_token": token}) }

func (s *modelSession) currentRefresh() string {
	if len(s.refresh) == 0 {
		return ""
	}
	return s.refresh[len(s.refresh)-1]
}

// drawAccess returns a token that a guard accepts or has accepted.
func (m *model) drawAccess(rt *rapid.T, s *modelSession) string {
	if !m.isSigned {
		return s.token
	}
	return rapid.SampledFrom(s.access).Draw(rt, "access token")
}

func (m *model) drawRefresh(rt *rapid.T, s *modelSession) string {
	return rapid.SampledFrom(s.refresh).Draw(rt, "refresh token")
}

// issued applies a new access token to the model.
func (m *model) issued(rt *rapid.T, s *modelSession, result signedIn) {
	now, token := m.n.clock.Now(), result.Token.AccessToken
	if expires := expiryOf(token); expires.After(now.Add(modelAccess)) || expires.After(s.until) || expires.After(s.lastSeen.Add(modelIdle)) {
		rt.Fatalf("an access token of %+v expires at %v, now it is %v", s, expires, now)
	}
	s.token = token
	s.access = append(s.access, token)
}

// refresh exchanges the current token, at either node.
func (m *model) refresh(rt *rapid.T) {
	m.tick()
	s := m.session(rt)
	m.refreshes(rt, s, s.currentRefresh(), m.send(rt, m.node(rt), s.currentRefresh()))
}

// repeatRefresh exchanges the current token twice within the grace.
func (m *model) repeatRefresh(rt *rapid.T) {
	m.tick()
	s := m.session(rt)
	token := s.currentRefresh()
	for range 2 {
		m.refreshes(rt, s, token, m.send(rt, m.node(rt), token))
		m.tick()
	}
}

// replayRefresh presents any token, also one that was exchanged long before, after
// an exchange and a pause.
func (m *model) replayRefresh(rt *rapid.T) {
	m.refresh(rt)
	m.pause(rt)
	s := m.session(rt)
	token := m.drawRefresh(rt, s)
	m.refreshes(rt, s, token, m.send(rt, m.node(rt), token))
}

// failingRefresh has a statement of a refresh fail. The same token must then have
// the result that it would have had.
func (m *model) failingRefresh(rt *rapid.T) {
	m.tick()
	s := m.session(rt)
	token := m.drawRefresh(rt, s)
	script := m.drawFault(rt)
	r := send(script.In(rt.Context()), m.n.faulty, "POST", "/auth/refresh", refreshBody(token))
	if r.Status == http.StatusServiceUnavailable {
		if strings.Contains(string(r.Body), "cpr_") {
			rt.Fatalf("a failed refresh returns a token: %s", r.Body)
		}
		r = m.send(rt, m.n.sound, token)
	}
	m.refreshes(rt, s, token, r)
}

// drawFault returns a fault of one of the first statements.
func (m *model) drawFault(rt *rapid.T) *faultdriver.Script {
	fault := faultdriver.Faults[rapid.SampledFrom(slices.Sorted(maps.Keys(faultdriver.Faults))).Draw(rt, "fault")]
	if fault == faultdriver.HangBefore || fault == faultdriver.HangAfter {
		rt.Skip("waits until the deadline")
	}
	return &faultdriver.Script{At: rapid.IntRange(1, 8).Draw(rt, "statement"), Fault: fault}
}

func (m *model) send(rt *rapid.T, node *core.Kit, token string) core.Response {
	return send(rt.Context(), node, "POST", "/auth/refresh", refreshBody(token))
}

// refreshes applies the response to a refresh to the model. An exchanged token is
// accepted only if it is the immediate predecessor within the grace; otherwise its
// session is revoked.
func (m *model) refreshes(rt *rapid.T, s *modelSession, token string, r core.Response) {
	now, generation := m.n.clock.Now(), slices.Index(s.refresh, token)
	isCurrent := generation == len(s.refresh)-1
	isRepeated := generation == len(s.refresh)-2 && now.Sub(s.refreshedAt) < modelGrace
	if !m.active(s) || !isCurrent && !isRepeated {
		if r.Status != http.StatusUnauthorized || len(r.Cookies) != 0 {
			rt.Fatalf("refresh of %+v with token %d: %d %s, want 401", s, generation, r.Status, r.Body)
		}
		s.revoke(now, nil)
		return
	}
	var result signedIn
	if err := json.Unmarshal(r.Body, &result); err != nil || r.Status != http.StatusOK {
		rt.Fatalf("refresh of %+v with token %d: %d %s, want 200", s, generation, r.Status, r.Body)
	}
	if result.User.ID != s.user || result.Session.ID != s.id {
		rt.Fatalf("refresh of %+v returns session %s of %s", s, result.Session.ID, result.User.ID)
	}
	next := result.Token.RefreshToken
	switch {
	case isRepeated && next != s.currentRefresh():
		rt.Fatalf("a repeated refresh of %+v returns another successor", s)
	case isCurrent && slices.Contains(s.refresh, next):
		rt.Fatalf("a refresh of %+v returns an old token", s)
	case isCurrent:
		s.refresh = append(s.refresh, next)
		s.refreshedAt, s.lastSeen = now, now
	}
	m.issued(rt, s, result)
}

// pause lets about as much time pass as the grace, or as an access token is valid.
func (m *model) pause(rt *rapid.T) {
	m.n.clock.advance(rapid.SampledFrom([]time.Duration{
		modelGrace / 2, modelGrace, modelGrace + time.Second, modelAccess - time.Second, modelAccess,
	}).Draw(rt, "time"))
}
