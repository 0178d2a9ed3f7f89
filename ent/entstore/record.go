package entstore

import (
	"fmt"

	"github.com/cotterpin/cotterpin/core/session"
)

// recordColumns lists the columns of a session that both Find and List read;
// destinations returns their scan targets.
const recordColumns = `
	s.id, s.user_id, s.provider, s.issuer, s.subject, s.auth_method, s.transport, s.claims,
	s.created_ms, s.authenticated_ms, s.last_seen_ms, s.idle_expires_ms, s.expires_ms, s.revoked_ms, s.revoke_reason`

// destinations has capacity for three more.
func destinations(r *session.Session) []any {
	return append(make([]any, 0, 18),
		&r.ID, &r.UserID, &r.Provider, &r.Issuer, &r.Subject, &r.AuthMethod, &r.Transport, keptClaims{&r.Claims},
		timeColumn{&r.CreatedAt}, timeColumn{&r.AuthenticatedAt}, timeColumn{&r.LastSeenAt},
		timeColumn{&r.IdleExpiresAt}, timeColumn{&r.ExpiresAt}, timeColumn{&r.RevokedAt}, &r.RevokeReason,
	)
}

// allColumns lists all columns of a session; values returns their values.
const allColumns = `
	id, lookup, secret_hash, user_id, identity_id, provider, issuer, subject, auth_method, transport, claims,
	created_ms, authenticated_ms, last_seen_ms, idle_expires_ms, expires_ms, revoked_ms, revoke_reason, user_agent, address`

func values(r session.Session) ([]any, error) {
	claims, err := encodeClaims(r.Claims)
	if err != nil {
		return nil, err
	}
	return []any{
		r.ID, r.Lookup[:], r.SecretHash[:], r.UserID, r.IdentityID,
		r.Provider, r.Issuer, r.Subject, r.AuthMethod, r.Transport, claims,
		toMillis(r.CreatedAt), toNullMillis(r.AuthenticatedAt), toMillis(r.LastSeenAt),
		toNullMillis(r.IdleExpiresAt), toMillis(r.ExpiresAt),
		toNullMillis(r.RevokedAt), r.RevokeReason, r.UserAgent, r.Address,
	}, nil
}

// secretHash scans a column with the length of a hash.
type secretHash [32]byte

// Scan implements sql.Scanner.
func (h *secretHash) Scan(column any) error {
	bytes, ok := column.([]byte)
	if !ok || len(bytes) != len(h) {
		return fmt.Errorf("entstore: corrupt row: a secret hash has %d bytes, want %d", len(bytes), len(h))
	}
	copy(h[:], bytes)
	return nil
}
