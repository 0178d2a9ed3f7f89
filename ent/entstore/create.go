package entstore

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"strings"

	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

// countOthers counts the live sessions of a user but one.
const countOthers = `SELECT COUNT(*) FROM auth_sessions AS s WHERE s.user_id = ? AND s.id <> ? AND ` + isLive

// revokeSurplus ends the oldest of a user's live sessions but one. MySQL has no
// offset without a limit, and no limit in a subquery that is not a table.
const revokeSurplus = `UPDATE auth_sessions SET revoked_ms = ?, revoke_reason = ?
	WHERE user_id = ? AND revoked_ms IS NULL AND id IN (SELECT id FROM (
		SELECT s.id FROM auth_sessions AS s WHERE s.user_id = ? AND s.id <> ? AND ` + isLive + `
		ORDER BY s.created_ms DESC, s.id DESC LIMIT ? OFFSET ?) AS surplus)`

// reasonMaxPerUser is why the oldest sessions of a user are revoked.
const reasonMaxPerUser = "max_per_user"

// insertSession returns the statement that adds a session and counts the live
// ones that its user has beside it. MySQL, where an INSERT returns nothing, adds
// it only if those are fewer than the last parameter.
func (d Dialect) insertSession() string {
	marks := "?" + strings.Repeat(", ?", strings.Count(allColumns, ","))
	if d.returns() {
		return `INSERT INTO auth_sessions (` + allColumns + `) VALUES (` + marks + `) RETURNING (` + countOthers + `)`
	}
	return `INSERT INTO auth_sessions (` + allColumns + `) SELECT ` + marks + ` FROM DUAL WHERE (` + countOthers + `) < ?`
}

// Create implements session.Store. The new session is never among those that
// are ended for it, whatever the clocks of several machines say.
func (s *sessions) Create(ctx context.Context, r session.Record, login identity.User, limit int) error {
	return s.dialect.persist(ctx, func() error {
		return s.inTx(ctx, func(tx *sql.Tx) error {
			login.ID, login.IdentityID = r.UserID, r.IdentityID
			found, err := recordLogin(ctx, tx.StmtContext(ctx, s.login), login)
			if err := oneFound("recording a login", found, err, session.ErrNotFound); err != nil {
				return err
			}
			return s.add(ctx, tx, r, limit)
		})
	})
}

// add inserts the session of a user whose other logins wait.
func (s *sessions) add(ctx context.Context, tx *sql.Tx, r session.Record, limit int) error {
	row, err := values(r)
	if err != nil {
		return err
	}
	now := toMillis(r.CreatedAt)
	row = append(row, r.UserID, r.ID, now, now)
	insert := tx.StmtContext(ctx, s.insert)
	if !s.dialect.returns() {
		return s.insertBelow(ctx, tx, insert, row, r, limit)
	}
	var others int
	if err := insert.QueryRowContext(ctx, row...).Scan(&others); err != nil {
		return notCreated(err)
	}
	if others < limit {
		return nil
	}
	return s.makeRoom(ctx, tx, r, limit)
}

// insertBelow inserts the row of a session below the limit, if need be after
// room was made for it.
func (s *sessions) insertBelow(ctx context.Context, tx *sql.Tx, insert *sql.Stmt, row []any, r session.Record, limit int) error {
	row = append(row, limit)
	inserted, err := affected(insert.ExecContext(ctx, row...))
	switch {
	case err != nil:
		return notCreated(err)
	case inserted == 1:
		return nil
	}
	if err := s.makeRoom(ctx, tx, r, limit); err != nil {
		return err
	}
	if _, err := insert.ExecContext(ctx, row...); err != nil {
		return notCreated(err)
	}
	return nil
}

// makeRoom ends the oldest of the user's other sessions, so that with this one
// there are no more than the limit.
func (s *sessions) makeRoom(ctx context.Context, tx *sql.Tx, r session.Record, limit int) error {
	now := toMillis(r.CreatedAt)
	_, err := tx.StmtContext(ctx, s.endSurplus).ExecContext(ctx, //nolint:sqlclosecheck // the transaction closes it
		now, reasonMaxPerUser, r.UserID, r.UserID, r.ID, now, now, math.MaxInt32, limit-1)
	if err != nil {
		return fmt.Errorf("entstore: ending the oldest sessions: %w", err)
	}
	return nil
}

func notCreated(err error) error { return fmt.Errorf("entstore: creating a session: %w", err) }
