package postgres

import (
	"context"
	"database/sql"
	"fmt"
)

// explainRights adds to an error about a missing right which it is, of which
// schema or table, and what to do.
func explainRights(ctx context.Context, db *sql.DB, err error) error {
	if !has(err, insufficientPrivilege) && !has(err, invalidSchemaName) {
		return err
	}
	for _, query := range []string{missingTableRight, missingSchema, missingSchemaRight} {
		var advice string
		if db.QueryRowContext(ctx, query).Scan(&advice) == nil {
			return fmt.Errorf("postgres: %s: %w", advice, err)
		}
	}
	return err
}

// The queries return one row, what is missing and what to do, or none. See
// https://www.postgresql.org/docs/15/functions-info.html.
const (
	ownTables = `(VALUES ('auth_migrations'), ('auth_users'), ('auth_identities'), ('auth_sessions'), ('auth_keys')) AS own (name)`

	missingTableRight = `
		SELECT format('the role %I lacks rights: as the owner of the tables run %s', current_user, string_agg(statement, '; '))
		FROM (
			SELECT format('GRANT %s ON %I.%I TO %I',
				string_agg(privilege, ', ' ORDER BY privilege), current_schema(), name, current_user) AS statement
			FROM ` + ownTables + ` CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS privilege
			WHERE NOT COALESCE(has_table_privilege(to_regclass(format('%I.%I', current_schema(), name))::oid, privilege), true)
				AND (name <> 'auth_migrations' OR privilege = 'SELECT')
			GROUP BY name ORDER BY name
		) AS missing
		HAVING COUNT(*) > 0`

	missingSchema = `
		SELECT format('the role %I can use no schema of its search_path, %s: '
				|| 'run GRANT USAGE, CREATE ON SCHEMA public TO %1$I, or set search_path',
			current_user, current_setting('search_path'))
		WHERE current_schema() IS NULL`

	missingSchemaRight = `
		SELECT format('the role %I lacks CREATE on the schema %I: run GRANT CREATE ON SCHEMA %2$I TO %1$I '
				|| 'as the owner of the schema or database, or migrate once as a role that has the right',
			current_user, current_schema())
		WHERE NOT has_schema_privilege(current_schema(), 'CREATE')`
)
