package entstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
	entsession "github.com/cotterpin/cotterpin/ent/internal/entgen/session"
)

// isActive holds for the sessions that are active at a time, which is its
// parameter twice, regardless of their user.
const isActive = `s.revoked_ms IS NULL AND s.expires_ms > ? AND (s.idle_expires_ms IS NULL OR s.idle_expires_ms > ?)`

// The statements of the methods. One that revokes leaves a session that another
// caller has just ended as that caller left it.
const (
	fromSessions          = ` FROM auth_sessions AS s JOIN auth_users AS u ON u.id = s.user_id`
	selectSession         = `SELECT ` + recordColumns + foundColumns + fromSessions + ` WHERE s.lookup = ?`
	selectRefresh         = `SELECT ` + recordColumns + foundColumns + refreshColumns + fromSessions
	selectRefreshByLookup = selectRefresh + ` WHERE s.lookup = ?`
	selectRefreshByID     = selectRefresh + ` WHERE s.id = ? AND s.user_id = ?`

	selectActive = `SELECT ` + recordColumns + `, s.identity_id, s.user_agent, s.address
		FROM auth_sessions AS s WHERE s.user_id = ? AND ` + isActive + `
		ORDER BY s.created_ms DESC, s.id DESC`

	// Each part goes along an index. An OR would read the whole table, on SQLite
	// always, elsewhere sometimes.
	selectEnded = `SELECT id FROM (SELECT id FROM auth_sessions WHERE expires_ms < ? ORDER BY expires_ms LIMIT ?) AS expired
		UNION SELECT id FROM (SELECT id FROM auth_sessions WHERE idle_expires_ms < ? ORDER BY idle_expires_ms LIMIT ?) AS idle
		UNION SELECT id FROM (SELECT id FROM auth_sessions WHERE revoked_ms < ? ORDER BY revoked_ms LIMIT ?) AS revoked
		LIMIT ?`

	touchSession  = `UPDATE auth_sessions SET last_seen_ms = ?, idle_expires_ms = ? WHERE lookup = ? AND revoked_ms IS NULL`
	rotateSession = `UPDATE auth_sessions SET lookup = ?, secret_hash = ? WHERE lookup = ? AND user_id = ? AND revoked_ms IS NULL`

	// The presented hash is a condition: of concurrent exchanges one matches.
	advanceSession = `UPDATE auth_sessions AS s SET secret_hash = ?, previous_hash = ?, refresh_generation = refresh_generation + 1,
		refreshed_ms = ?, last_seen_ms = ?, idle_expires_ms = ?
		WHERE s.lookup = ? AND s.secret_hash = ? AND ` + isActive

	revokeWhere    = `UPDATE auth_sessions AS s SET revoked_ms = ?, revoke_reason = ? WHERE `
	revokeSession  = revokeWhere + `s.user_id = ? AND s.id = ? AND ` + isActive
	revokeSessions = revokeWhere + `s.user_id = ? AND s.id <> ? AND ` + isActive
)

// sessions is the session.Store.
type sessions struct {
	engine
	prepared
	find, findRefresh, findByID       *sql.Stmt
	touch, rotate, advance            *sql.Stmt
	list, revoke, revokeOthers, ended *sql.Stmt
}

var _ session.Store = (*sessions)(nil)

func newSessions(ctx context.Context, e engine) (*sessions, error) {
	s := &sessions{engine: e}
	s.prepared = prepared{
		&s.find:         selectSession,
		&s.findRefresh:  selectRefreshByLookup,
		&s.findByID:     selectRefreshByID,
		&s.touch:        touchSession,
		&s.rotate:       rotateSession,
		&s.advance:      advanceSession,
		&s.list:         selectActive,
		&s.revoke:       revokeSession,
		&s.revokeOthers: revokeSessions,
		&s.ended:        selectEnded,
	}
	if err := e.prepare(ctx, s.prepared); err != nil {
		return nil, err
	}
	return s, nil
}

// Find implements session.Store.
func (s *sessions) Find(ctx context.Context, l session.Lookup) (session.Session, error) {
	r := session.Session{Lookup: l}
	return found(&r, s.find.QueryRowContext(ctx, r.Lookup[:]), foundDestinations(&r))
}

// FindRefresh implements session.Store.
func (s *sessions) FindRefresh(ctx context.Context, l session.Lookup) (session.Session, error) {
	var r session.Session
	return found(&r, s.findRefresh.QueryRowContext(ctx, l[:]), refreshDestinations(&r))
}

// FindByID implements session.Store.
func (s *sessions) FindByID(ctx context.Context, owner identity.UserID, id string) (session.Session, error) {
	if !isText(id) {
		return session.Session{}, session.ErrNotFound
	}
	var r session.Session
	return found(&r, s.findByID.QueryRowContext(ctx, id, owner), refreshDestinations(&r))
}

// found scans a row into the columns of r.
func found(r *session.Session, row *sql.Row, columns []any) (session.Session, error) {
	err := row.Scan(columns...)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return session.Session{}, session.ErrNotFound
	case err != nil:
		return session.Session{}, fmt.Errorf("entstore: reading a session: %w", err)
	}
	return *r, nil
}

// Touch implements session.Store.
func (s *sessions) Touch(ctx context.Context, l session.Lookup, lastSeen, idleExpires time.Time) error {
	if _, err := s.exec(ctx, s.touch, toMillis(lastSeen), toNullMillis(idleExpires), l[:]); err != nil {
		return fmt.Errorf("entstore: touching a session: %w", err)
	}
	return nil
}

// Rotate implements session.Store.
func (s *sessions) Rotate(ctx context.Context, owner identity.UserID, old, next session.Lookup, hash [32]byte) error {
	found, err := s.exec(ctx, s.rotate, next[:], hash[:], old[:], owner)
	return oneFound("rotating a session", found, err, session.ErrNotFound)
}

// Advance implements session.Store.
func (s *sessions) Advance(ctx context.Context, e session.Exchange) error {
	at := toMillis(e.At)
	found, err := s.exec(ctx, s.advance, e.Next[:], e.Presented[:], at, at, toNullMillis(e.IdleExpires),
		e.Lookup[:], e.Presented[:], at, at)
	return oneFound("exchanging a refresh token", found, err, session.ErrNotFound)
}

// List implements session.Store.
func (s *sessions) List(ctx context.Context, owner identity.UserID, now time.Time) ([]session.Session, error) {
	rows, err := s.list.QueryContext(ctx, owner, toMillis(now), toMillis(now))
	if err != nil {
		return nil, fmt.Errorf("entstore: listing sessions: %w", err)
	}
	defer rows.Close() //nolint:errcheck // what went wrong is in rows.Err
	var records []session.Session
	for rows.Next() {
		var r session.Session
		if err := rows.Scan(append(destinations(&r), &r.IdentityID, &r.UserAgent, &r.Address)...); err != nil {
			return nil, fmt.Errorf("entstore: reading a session: %w", err)
		}
		records = append(records, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("entstore: listing sessions: %w", err)
	}
	return records, nil
}

// Revoke implements session.Store.
func (s *sessions) Revoke(ctx context.Context, owner identity.UserID, id, reason string, at time.Time) error {
	if !isText(id) {
		return session.ErrNotFound
	}
	now := toMillis(at)
	ended, err := s.exec(ctx, s.revoke, now, reason, owner, id, now, now)
	return oneFound("revoking a session", ended, err, session.ErrNotFound)
}

// isText reports whether a string can be in a column of text: an id comes from a
// caller, and PostgreSQL returns an error for others.
func isText(id string) bool { return utf8.ValidString(id) && !strings.ContainsRune(id, 0) }

// RevokeAll implements session.Store.
func (s *sessions) RevokeAll(ctx context.Context, owner identity.UserID, except, reason string, at time.Time) (int, error) {
	now := toMillis(at)
	ended, err := s.exec(ctx, s.revokeOthers, now, reason, owner, except, now, now)
	if err != nil {
		return 0, fmt.Errorf("entstore: revoking sessions: %w", err)
	}
	return ended, nil
}

// Sweep implements session.Store.
func (s *sessions) Sweep(ctx context.Context, before time.Time, limit int) (int, error) {
	ids, err := s.endedBefore(ctx, toMillis(before), limit)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	swept, err := s.client.Session.Delete().Where(entsession.IDIn(ids...)).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("entstore: deleting ended sessions: %w", err)
	}
	return swept, nil
}

func (s *sessions) endedBefore(ctx context.Context, ms int64, limit int) (ids []string, err error) {
	rows, err := s.ended.QueryContext(ctx, ms, limit, ms, limit, ms, limit, limit) //nolint:rowserrcheck // ScanSlice does it
	if err != nil {
		return nil, fmt.Errorf("entstore: looking for ended sessions: %w", err)
	}
	defer rows.Close() //nolint:errcheck // ScanSlice returns what went wrong
	if err := entsql.ScanSlice(rows, &ids); err != nil {
		return nil, fmt.Errorf("entstore: looking for ended sessions: %w", err)
	}
	return ids, nil
}
