package integration_test

import (
	"time"

	"pgregory.net/rapid"

	"github.com/cotterpin/cotterpin/core"
)

// modelOwnCacheTTL is cache_ttl of own sessions.
const modelOwnCacheTTL = time.Minute

// revoke applies the revocation of a session at a node to the model.
func (s *modelSession) revoke(now time.Time, at *core.Kit) {
	if !s.revoked {
		s.revoked, s.revokedAt, s.revokedBy = true, now, at
	}
}

// mayBeCached reports whether a node may accept a session because another node has
// revoked it less than cache_ttl ago.
func (m *model) mayBeCached(s *modelSession, node *core.Kit) bool {
	return m.isCached && s.revoked && s.revokedBy != node && m.n.clock.Now().Before(s.revokedAt.Add(modelOwnCacheTTL)) && !m.expired(s)
}

// seenByCache applies a request with an active session, which may be cached, to the model:
// a node that has not read the last-seen update of the other updates it too.
func (m *model) seenByCache(rt *rapid.T, s *modelSession) {
	var stored int64
	query := "SELECT last_seen_ms FROM auth_sessions WHERE id = '" + s.id + "'"
	if err := m.n.outside.QueryRowContext(rt.Context(), query).Scan(&stored); err != nil {
		rt.Fatal(err)
	}
	now := m.n.clock.Now()
	isUpdated := stored == now.UnixMilli()
	if !isUpdated && (stored != s.lastSeen.UnixMilli() || now.Sub(s.lastSeen) >= modelLastSeen) {
		rt.Fatalf("%+v was seen at %v, but now it is %v", s, time.UnixMilli(stored), now)
	}
	if isUpdated {
		s.lastSeen = now
	}
}

// looksEverywhere requests the caller of a session at each node, which then has it in
// its cache.
func (m *model) looksEverywhere(rt *rapid.T, s *modelSession) {
	for _, node := range []*core.Kit{m.n.sound, m.n.faulty} {
		m.looks(rt, node, s, s.token, false)
		if m.active(s) {
			m.seenByCache(rt, s)
		}
	}
}
