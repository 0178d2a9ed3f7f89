package entstore

import (
	"fmt"

	"github.com/cotterpin/cotterpin/core/session"
)

// recordColumns are the columns of a session that both Find and List read;
// destinations are what they are scanned into.
const recordColumns = `
	s.id, s.user_id, s.provider, s.issuer, s.subject, s.auth_method, s.transport, s.claims,
	s.created_ms, s.authenticated_ms, s.last_seen_ms, s.idle_expires_ms, s.expires_ms, s.revoked_ms, s.revoke_reason`

// destinations has room for three more.
func destinations(r *session.Session) []any {
	return append(make([]any, 0, 18),
		&r.ID, &r.UserID, &r.Provider, &r.Issuer, &r.Subject, &r.AuthMethod, &r.Transport, keptClaims{&r.Claims},
		instant{&r.CreatedAt}, instant{&r.AuthenticatedAt}, instant{&r.LastSeenAt},
		instant{&r.IdleExpiresAt}, instant{&r.ExpiresAt}, instant{&r.RevokedAt}, &r.RevokeReason,
	)
}

// allColumns are all columns of a session; values are what is written to them.
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

// secretHash scans a column of as many bytes as a hash has.
type secretHash [32]byte

// Scan implements sql.Scanner.
func (h *secretHash) Scan(column any) error {
	bytes, ok := column.([]byte)
	if !ok || len(bytes) != len(h) {
		return fmt.Errorf("entstore: a secret's hash is stored in %d bytes, not %d: the row is corrupt", len(bytes), len(h))
	}
	copy(h[:], bytes)
	return nil
}
