package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/session"
)

// fileDatabase is a database in a file, whose sessions are found without
// database/sql.
type fileDatabase struct {
	database.Database
	sessions sessions
}

// withReaders returns an open database with readers of its file.
func withReaders(opened database.Database, path string) (database.Database, error) {
	connector, err := Connector(path)
	if err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	return fileDatabase{opened, sessions{opened.Sessions(), newReaders(connector, selectPacked, fileConnections())}}, nil
}

// Sessions implements database.Database.
func (d fileDatabase) Sessions() session.Store { return d.sessions }

// Close implements database.Database.
func (d fileDatabase) Close() error {
	return errors.Join(d.sessions.readers.close(), d.Database.Close())
}

// sessions is the session.Store of entstore with another Find, the statement of each
// request with an own session.
type sessions struct {
	session.Store
	readers *readers
}

// Find implements session.Store.
func (s sessions) Find(ctx context.Context, l session.Lookup) (session.Session, error) {
	row, err := s.readers.read(ctx, l[:])
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return session.Session{}, session.ErrNotFound
	case err != nil:
		return session.Session{}, fmt.Errorf("sqlite: reading a session: %w", err)
	}
	found, err := unpackSession(row)
	if err != nil {
		return session.Session{}, fmt.Errorf("sqlite: reading a session: %w", err)
	}
	found.Lookup = l
	return found, nil
}

// selectPacked selects what entstore's Find selects, in one text, because the
// driver reads each column with eight calls of SQLite's: strings as their
// length, a colon and their bytes, numbers with a semicolon, NULL as a number or
// length without digits. The encoding of the database must be UTF-8.
const selectPacked = `SELECT concat(
	octet_length(s.id), ':', s.id, octet_length(s.user_id), ':', s.user_id,
	octet_length(s.secret_hash), ':', s.secret_hash,
	octet_length(s.provider), ':', s.provider, octet_length(s.issuer), ':', s.issuer,
	octet_length(s.subject), ':', s.subject, octet_length(s.auth_method), ':', s.auth_method,
	octet_length(s.transport), ':', s.transport, octet_length(s.claims), ':', s.claims,
	s.created_ms, ';', s.authenticated_ms, ';', s.last_seen_ms, ';', s.idle_expires_ms, ';', s.expires_ms, ';',
	s.revoked_ms, ';', octet_length(s.revoke_reason), ':', s.revoke_reason,
	octet_length(u.external_id), ':', u.external_id, u.disabled_ms, ';', u.not_before_ms, ';'
) AS packed FROM auth_sessions AS s JOIN auth_users AS u ON u.id = s.user_id WHERE s.lookup = ?`

// unpackSession returns the session of a row of selectPacked, without its Lookup.
func unpackSession(row string) (session.Session, error) {
	p := packed{rest: row}
	var r session.Session
	r.ID = p.text("id")
	p.decode("user_id", r.UserID.UnmarshalText)
	p.hash("secret_hash", &r.SecretHash)
	r.Provider = p.text("provider")
	r.Issuer = p.text("issuer")
	r.Subject = p.text("subject")
	r.AuthMethod = p.text("auth_method")
	r.Transport = p.text("transport")
	p.decode("claims", r.Claims.UnmarshalJSON)
	r.CreatedAt = p.time("created_ms")
	r.AuthenticatedAt = p.time("authenticated_ms")
	r.LastSeenAt = p.time("last_seen_ms")
	r.IdleExpiresAt = p.time("idle_expires_ms")
	r.ExpiresAt = p.time("expires_ms")
	r.RevokedAt = p.time("revoked_ms")
	r.RevokeReason = p.text("revoke_reason")
	r.ExternalID = p.text("external_id")
	_, r.UserDisabled = p.number("disabled_ms")
	r.UserNotBefore = p.time("not_before_ms")
	return r, p.end()
}
