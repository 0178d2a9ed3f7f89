package entstore

import (
	"context"
	"database/sql"
	"strings"

	"entgo.io/ent/dialect"

	"github.com/cotterpin/cotterpin/core/identity"
)

// loginColumns lists the columns of an identity that a login updates; see
// recordLogin.
var loginColumns = []string{"provider", "identifier", "email", "email_verified", "phone", "phone_verified", "last_login_ms"}

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
		login.Provider, login.Identifier, login.Email, login.EmailVerified, login.Phone, login.PhoneVerified,
		toMillis(login.LastLoginAt), login.ID, toNullMillis(login.NotBefore), login.IdentityID))
}
