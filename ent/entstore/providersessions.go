package entstore

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/identity"
)

const (
	// selectRecorded counts a mark that is recorded at a time.
	selectRecorded = `SELECT COUNT(*) FROM auth_marks WHERE id = ? AND recorded AND expires_ms > ?`

	revokeProviderSession = revokeWhere + `s.provider_session = ? AND ` + isActive
	selectRevokedUsers    = `SELECT DISTINCT user_id FROM auth_sessions WHERE provider_session = ? AND revoked_ms = ?`
)

// recordMark returns the statement that records a mark until the later of its
// parameter and what an earlier transaction has recorded.
func (d Dialect) recordMark() string {
	const insert = `INSERT INTO auth_marks (id, recorded, expires_ms) VALUES (?, TRUE, ?) `
	if d.Name == dialect.MySQL { // assigns from left to right
		return insert + `ON DUPLICATE KEY UPDATE
			expires_ms = CASE WHEN recorded AND expires_ms > VALUES(expires_ms) THEN expires_ms ELSE VALUES(expires_ms) END, recorded = TRUE`
	}
	return insert + `ON CONFLICT (id) DO UPDATE SET recorded = TRUE, expires_ms =
		CASE WHEN auth_marks.recorded AND auth_marks.expires_ms > excluded.expires_ms THEN auth_marks.expires_ms ELSE excluded.expires_ms END`
}

// IsRecorded implements account.Store.
func (a *accounts) IsRecorded(ctx context.Context, mark string, at time.Time) (bool, error) {
	return isRecorded(a.recorded.QueryRowContext(ctx, mark, toMillis(at)))
}

func isRecorded(row *sql.Row) (bool, error) {
	var found int
	if err := row.Scan(&found); err != nil {
		return false, fmt.Errorf("entstore: reading a mark: %w", err)
	}
	return found > 0, nil
}

// Record implements account.Tx.
func (t *transaction) Record(ctx context.Context, mark string, expires time.Time) error {
	return t.inserted("recording a mark", t.client.Mark.Create().SetID(mark).SetRecorded(true).SetExpiresMs(toMillis(expires)).Exec(ctx))
}

// EndProviderSession implements account.Tx. Its lock is the one of a login that
// begins a session: that has ended, or waits and then finds the mark.
func (t *transaction) EndProviderSession(
	ctx context.Context, mark, reason string, at, expires time.Time,
) ([]identity.UserID, error) {
	if err := t.dialect.lock(ctx, t.tx, []string{mark}); err != nil {
		return nil, t.fail(err)
	}
	if _, err := t.tx.ExecContext(ctx, t.dialect.placeholders(t.dialect.recordMark()), mark, toMillis(expires)); err != nil {
		return nil, t.fail(fmt.Errorf("entstore: recording a mark: %w", err))
	}
	now := toMillis(at)
	if _, err := t.tx.ExecContext(ctx, t.dialect.placeholders(revokeProviderSession), now, reason, mark, now, now); err != nil {
		return nil, t.fail(fmt.Errorf("entstore: revoking sessions: %w", err))
	}
	rows, err := t.tx.QueryContext(ctx, t.dialect.placeholders(selectRevokedUsers), mark, now) //nolint:rowserrcheck // ScanSlice does it
	if err != nil {
		return nil, t.fail(fmt.Errorf("entstore: listing revoked users: %w", err))
	}
	defer rows.Close() //nolint:errcheck // ScanSlice returns what went wrong
	var users []identity.UserID
	if err := entsql.ScanSlice(rows, &users); err != nil {
		return nil, t.fail(fmt.Errorf("entstore: listing revoked users: %w", err))
	}
	return users, nil
}

// holdProviderSession waits for a transaction that ends a session at the provider,
// and lets none begin until this one ends. It returns ErrOvertaken if that
// was ended before.
func (s *signIns) holdProviderSession(ctx context.Context, tx *sql.Tx, mark string, at time.Time) error {
	if err := s.dialect.lock(ctx, tx, []string{mark}); err != nil {
		return err
	}
	row := tx.StmtContext(ctx, s.recorded).QueryRowContext(ctx, mark, toMillis(at)) //nolint:sqlclosecheck // the transaction closes it
	ended, err := isRecorded(row)
	if err == nil && ended {
		err = account.ErrOvertaken
	}
	return err
}
