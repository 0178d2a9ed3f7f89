package entstore

import (
	"fmt"
	"time"

	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

// recordColumns lists the columns of a session that both Find and List read;
// destinations returns their scan targets.
const recordColumns = `
	s.id, s.user_id, s.provider, s.issuer, s.subject, s.auth_method, s.transport, s.claims,
	s.created_ms, s.authenticated_ms, s.last_seen_ms, s.idle_expires_ms, s.expires_ms, s.revoked_ms, s.revoke_reason`

// destinations has capacity for four more.
func destinations(r *session.Session) []any {
	return append(make([]any, 0, 19),
		&r.ID, &r.UserID, &r.Provider, &r.Issuer, &r.Subject, &r.AuthMethod, &r.Transport, keptClaims{&r.Claims},
		timeColumn{&r.CreatedAt}, timeColumn{&r.AuthenticatedAt}, timeColumn{&r.LastSeenAt},
		timeColumn{&r.IdleExpiresAt}, timeColumn{&r.ExpiresAt}, timeColumn{&r.RevokedAt}, &r.RevokeReason,
	)
}

// foundColumns lists what Find reads besides recordColumns; foundDestinations
// returns the scan targets of both.
const foundColumns = `, s.secret_hash, COALESCE(u.external_id, ''), u.disabled_ms IS NOT NULL, u.not_before_ms`

func foundDestinations(r *session.Session) []any {
	return append(destinations(r), (*secretHash)(&r.SecretHash), &r.ExternalID, &r.UserDisabled, timeColumn{&r.UserNotBefore})
}

// refreshColumns lists what FindRefresh reads besides the columns of Find;
// refreshDestinations returns the scan targets of all.
const refreshColumns = `, s.lookup, s.refresh_generation, s.previous_hash, s.refreshed_ms`

func refreshDestinations(r *session.Session) []any {
	return append(foundDestinations(r),
		(*lookup)(&r.Lookup), &r.Generation, (*optionalHash)(&r.PreviousHash), timeColumn{&r.RefreshedAt})
}

// allColumns lists all columns of a session; values returns their values.
const allColumns = `id, ` + newColumns

// newColumns lists the columns that a login writes if it continues a session.
const newColumns = `
	lookup, secret_hash, user_id, identity_id, provider, issuer, subject, auth_method, transport, claims,
	created_ms, authenticated_ms, last_seen_ms, idle_expires_ms, expires_ms, revoked_ms, revoke_reason,
	refresh_generation, previous_hash, refreshed_ms, provider_session, user_agent, address`

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
		toNullMillis(r.RevokedAt), r.RevokeReason,
		r.Generation, toNullHash(r.PreviousHash), toNullMillis(r.RefreshedAt), toNullString(r.ProviderSession), r.UserAgent, r.Address,
	}, nil
}

// secretHash scans a column with the length of a hash.
type secretHash [32]byte

// Scan implements sql.Scanner.
func (h *secretHash) Scan(column any) error {
	return scanBytes(h[:], column)
}

// optionalHash scans a column with a hash. Null becomes the zero hash.
type optionalHash [32]byte

// Scan implements sql.Scanner.
func (h *optionalHash) Scan(column any) error {
	if column == nil {
		*h = optionalHash{}
		return nil
	}
	return scanBytes(h[:], column)
}

// toNullHash is the inverse of optionalHash.
func toNullHash(hash [32]byte) []byte {
	if hash == [32]byte{} {
		return nil
	}
	return hash[:]
}

// lookup scans a column with a lookup.
type lookup session.Lookup

// Scan implements sql.Scanner.
func (l *lookup) Scan(column any) error { return scanBytes(l[:], column) }

// scanBytes copies a column that must have the length of dst.
func scanBytes(dst []byte, column any) error {
	bytes, ok := column.([]byte)
	if !ok || len(bytes) != len(dst) {
		return fmt.Errorf("entstore: corrupt row: got %d bytes, want %d", len(bytes), len(dst))
	}
	copy(dst, bytes)
	return nil
}

// toMillis and fromMillis convert a time to the value of a column and back. The
// zero time remains the zero time.
func toMillis(t time.Time) int64 { return t.UnixMilli() }

func fromMillis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// toNullMillis converts a time to the value of a nullable column. The zero time
// becomes null.
func toNullMillis(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	return new(toMillis(t))
}

// timeColumn scans a column of milliseconds. Null becomes the zero time.
type timeColumn struct{ *time.Time }

// Scan implements sql.Scanner.
func (c timeColumn) Scan(column any) error {
	switch ms := column.(type) {
	case nil:
		*c.Time = time.Time{}
	case int64:
		*c.Time = fromMillis(ms)
	default:
		return fmt.Errorf("entstore: a time is stored as %T", column)
	}
	return nil
}

// toNullString converts a string to the value of a nullable column. "" becomes null.
func toNullString(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// toLoginMillis converts the time of the last login of an identity to the value of
// its column. The zero time, before the first login, becomes 0.
func toLoginMillis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return toMillis(t)
}

// loginColumn scans the column that toLoginMillis wrote.
type loginColumn struct{ *time.Time }

// Scan implements sql.Scanner.
func (c loginColumn) Scan(column any) error {
	if err := timeColumn(c).Scan(column); err != nil {
		return err
	}
	if c.UnixMilli() == 0 {
		*c.Time = time.Time{}
	}
	return nil
}

// encodeClaims encodes kept claims as a JSON object; without claims it returns
// nil, which is null in the database.
func encodeClaims(claims identity.Claims) (*string, error) {
	object, err := claims.MarshalJSON()
	switch {
	case err != nil:
		return nil, fmt.Errorf("entstore: encoding claims: %w", err)
	case string(object) == "null":
		return nil, nil
	}
	return new(string(object)), nil
}

// keptClaims scans the column that encodeClaims wrote.
type keptClaims struct{ *identity.Claims }

// Scan implements sql.Scanner.
func (k keptClaims) Scan(column any) error {
	var object []byte
	switch text := column.(type) {
	case nil:
		return nil
	case string:
		object = []byte(text)
	case []byte:
		object = text
	default:
		return fmt.Errorf("entstore: claims are stored as %T", column)
	}
	if err := k.UnmarshalJSON(object); err != nil {
		return fmt.Errorf("entstore: decoding claims: %w", err)
	}
	return nil
}
