package entstore

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"strings"

	"entgo.io/ent/dialect"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

// countOthers counts the active sessions of a user except one.
const countOthers = `SELECT COUNT(*) FROM auth_sessions AS s WHERE s.user_id = ? AND s.id <> ? AND ` + isActive

// revokeOldest revokes the oldest of a user's active sessions except one. MySQL
// has no offset without a limit, and no limit in a subquery that is not a table.
const revokeOldest = `UPDATE auth_sessions SET revoked_ms = ?, revoke_reason = ?
	WHERE user_id = ? AND revoked_ms IS NULL AND id IN (SELECT id FROM (
		SELECT s.id FROM auth_sessions AS s WHERE s.user_id = ? AND s.id <> ? AND ` + isActive + `
		ORDER BY s.created_ms DESC, s.id DESC LIMIT ? OFFSET ?) AS oldest)`

// continueSession replaces everything of an active session except its id.
var continueSession = `UPDATE auth_sessions AS s SET ` +
	strings.Join(strings.Split(strings.TrimSpace(newColumns), ","), " = ?,") + ` = ?
	WHERE s.id = ? AND s.lookup = ? AND s.user_id = ? AND s.identity_id = ? AND s.transport = ? AND ` + isActive

// reasonMaxPerUser is why the oldest sessions of a user are revoked.
const reasonMaxPerUser = "max_per_user"

// insertSession returns the statement that adds a session and returns how many
// other active ones its user has. MySQL, where an INSERT returns nothing, adds it
// only if those are fewer than the last parameter.
func (d Dialect) insertSession() string {
	marks := "?" + strings.Repeat(", ?", strings.Count(allColumns, ","))
	if d.returns() {
		return `INSERT INTO auth_sessions (` + allColumns + `) VALUES (` + marks + `) RETURNING (` + countOthers + `)`
	}
	return `INSERT INTO auth_sessions (` + allColumns + `) SELECT ` + marks + ` FROM DUAL WHERE (` + countOthers + `) < ?`
}

// signIns are the sign-ins of a [Database].
type signIns struct {
	engine
	prepared
	login, insert, evict, resume, recorded *sql.Stmt
}

func newSignIns(ctx context.Context, e engine) (*signIns, error) {
	s := &signIns{engine: e}
	s.prepared = prepared{
		&s.login:    e.dialect.updateLogin(),
		&s.insert:   e.dialect.insertSession(),
		&s.evict:    revokeOldest,
		&s.resume:   continueSession,
		&s.recorded: selectRecorded,
	}
	if err := e.prepare(ctx, s.prepared); err != nil {
		return nil, err
	}
	return s, nil
}

// signIn records the login and begins its session, if there is one.
func (s *signIns) signIn(ctx context.Context, in database.SignIn) error {
	switch {
	case in.Within != nil:
		return s.inReadCommitted(ctx, func(tx *sql.Tx) error {
			if err := s.write(ctx, tx, in); err != nil {
				return err
			}
			return s.run(ctx, tx, in.Within)
		})
	case in.Session != nil:
		return s.inTx(ctx, func(tx *sql.Tx) error { return s.write(ctx, tx, in) })
	default:
		return s.record(ctx, in)
	}
}

func (s *signIns) write(ctx context.Context, tx *sql.Tx, in database.SignIn) error {
	if in.Session != nil && in.Session.ProviderSession != "" {
		if err := s.holdProviderSession(ctx, tx, in.Session.ProviderSession, in.Session.CreatedAt); err != nil {
			return err
		}
	}
	found, err := recordLogin(ctx, tx.StmtContext(ctx, s.login), in.User)
	if err := loginRecorded(found, err); err != nil || in.Session == nil {
		return err
	}
	if in.Continues != (session.Lookup{}) {
		return s.resumeSession(ctx, tx, in)
	}
	return s.beginSession(ctx, tx, *in.Session, in.MaxSessions)
}

// resumeSession replaces the session that the login continues.
func (s *signIns) resumeSession(ctx context.Context, tx *sql.Tx, in database.SignIn) error {
	r := *in.Session
	row, err := values(r)
	if err != nil {
		return err
	}
	now := toMillis(r.CreatedAt)
	row = append(row[1:], r.ID, in.Continues[:], r.UserID, r.IdentityID, r.Transport, now, now)
	resumed, err := affected(tx.StmtContext(ctx, s.resume).ExecContext(ctx, row...)) //nolint:sqlclosecheck // the transaction closes it
	if err := oneFound("continuing a session", resumed, err, account.ErrOvertaken); err != nil {
		return err
	}
	return s.evictOldest(ctx, tx, r, in.MaxSessions)
}

// record records a login without a session: one statement is a transaction.
func (s *signIns) record(ctx context.Context, in database.SignIn) error {
	var found int
	err := s.writers.execute(ctx, func() (err error) {
		found, err = recordLogin(ctx, s.login, in.User)
		return err
	})
	return loginRecorded(found, err)
}

func loginRecorded(found int, err error) error {
	return oneFound("recording a login", found, err, account.ErrOvertaken)
}

// beginSession inserts the session of a user whose other logins wait.
func (s *signIns) beginSession(ctx context.Context, tx *sql.Tx, r session.Session, limit int) error {
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
	return s.evictOldest(ctx, tx, r, limit)
}

// insertBelow inserts the row of a session if the user has fewer than limit,
// else evicts the oldest first.
func (s *signIns) insertBelow(ctx context.Context, tx *sql.Tx, insert *sql.Stmt, row []any, r session.Session, limit int) error {
	row = append(row, limit)
	inserted, err := affected(insert.ExecContext(ctx, row...))
	switch {
	case err != nil:
		return notCreated(err)
	case inserted == 1:
		return nil
	}
	if err := s.evictOldest(ctx, tx, r, limit); err != nil {
		return err
	}
	if _, err := insert.ExecContext(ctx, row...); err != nil {
		return notCreated(err)
	}
	return nil
}

// evictOldest revokes the oldest of the user's other sessions, so that with this
// one there are at most limit.
func (s *signIns) evictOldest(ctx context.Context, tx *sql.Tx, r session.Session, limit int) error {
	now := toMillis(r.CreatedAt)
	_, err := tx.StmtContext(ctx, s.evict).ExecContext(ctx, //nolint:sqlclosecheck // the transaction closes it
		now, reasonMaxPerUser, r.UserID, r.UserID, r.ID, now, now, math.MaxInt32, limit-1)
	if err != nil {
		return fmt.Errorf("entstore: revoking the oldest sessions: %w", err)
	}
	return nil
}

func notCreated(err error) error { return fmt.Errorf("entstore: creating a session: %w", err) }

// loginColumns lists the columns of an identity that a login updates; see
// recordLogin.
var loginColumns = []string{"provider", "identifier", "email", "email_verified", "email_folded", "phone", "phone_verified", "last_login_ms"}

// updateLogin returns the statement that records a login unless the user was
// disabled, or not_before_ms changed, since the login read the user. It locks the
// user's row until the transaction ends, so that concurrent logins and
// administration of one user are serialized. SQLite locks the whole database.
func (d Dialect) updateLogin() string {
	set := func(qualifier string) string {
		return qualifier + strings.Join(loginColumns, " = ?, "+qualifier) + " = ?"
	}
	switch d.Name {
	case dialect.Postgres:
		return `UPDATE auth_identities AS i SET ` + set("") + `
			FROM (SELECT id FROM auth_users
				WHERE id = ? AND disabled_ms IS NULL AND not_before_ms IS NOT DISTINCT FROM ? FOR NO KEY UPDATE) AS u
			WHERE i.user_id = u.id AND i.id = ?`
	case dialect.MySQL: // an UPDATE locks a row even if it changes nothing
		return `UPDATE auth_users AS u JOIN auth_identities AS i ON i.user_id = u.id
			SET ` + set("i.") + `, u.created_ms = u.created_ms
			WHERE u.id = ? AND u.disabled_ms IS NULL AND u.not_before_ms <=> ? AND i.id = ?`
	default:
		return `UPDATE auth_identities SET ` + set("") + ` WHERE user_id =
			(SELECT id FROM auth_users WHERE id = ? AND disabled_ms IS NULL AND not_before_ms IS ?) AND id = ?`
	}
}

// recordLogin executes updateLogin. It returns 0 if the user changed, or has no
// such identity.
func recordLogin(ctx context.Context, update *sql.Stmt, login identity.User) (found int, err error) {
	return affected(update.ExecContext(ctx,
		login.Provider, login.Identifier, login.Email, login.EmailVerified, identity.FoldEmail(login.Email), login.Phone, login.PhoneVerified,
		toMillis(login.LastLoginAt), login.ID, toNullMillis(login.NotBefore), login.IdentityID))
}
