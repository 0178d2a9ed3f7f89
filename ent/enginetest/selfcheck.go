package enginetest

import (
	"strings"
	"testing"

	"entgo.io/ent/dialect"

	"github.com/cotterpin/cotterpin/core/database"
)

// testSelfCheck changes the tables so that they break a guarantee of the stores.
// The checks of the version and of the columns do not detect such changes.
func (e Engine) testSelfCheck(t *testing.T) {
	const inexact = "byte-wise"
	type breach struct{ statement, want string }
	breaches := map[string]map[string]breach{
		dialect.Postgres: {
			"CaseInsensitiveSubject": {`ALTER TABLE auth_identities ALTER subject TYPE varchar COLLATE ignoring_case`, inexact},
			"CaseInsensitiveIssuer":  {`ALTER TABLE auth_identities ALTER issuer TYPE varchar COLLATE ignoring_case`, inexact},
			"NoUniqueKey":            {`DROP INDEX auth_identities_issuer_subject`, "unique key"},
			"CaseInsensitiveID": { // the trigger refers to the column
				`DO $$ BEGIN
					DROP TRIGGER auth_user_updated ON auth_users;
					ALTER TABLE auth_users ALTER external_id TYPE varchar COLLATE ignoring_case;
				END $$`, inexact,
			},
			"NoUniqueID": {`DROP INDEX auth_users_external_id_key`, "unique key over external_id"},
			"NoCascade":  {`ALTER TABLE auth_identities DROP CONSTRAINT auth_identities_auth_users_identities`, "ON DELETE CASCADE"},
		},
		dialect.MySQL: {
			"CaseInsensitiveSubject":       {collateSubject(e, "utf8mb4_general_nopad_ci", ""), inexact},
			"SubjectWithoutTrailingSpaces": {collateSubject(e, "utf8mb4_bin", ""), inexact},
			"CaseInsensitiveIssuer": {
				"ALTER TABLE auth_identities MODIFY issuer varchar(255) COLLATE utf8mb4_general_nopad_ci NOT NULL",
				inexact,
			},
			"CaseInsensitiveID":    {"ALTER TABLE auth_users MODIFY external_id varchar(255) COLLATE utf8mb4_general_nopad_ci", inexact},
			"IDWithTrailingSpaces": {"ALTER TABLE auth_users MODIFY external_id varchar(255) COLLATE utf8mb4_bin", inexact},
			"NoUniqueID":           {"DROP INDEX external_id ON auth_users", "unique key over external_id"},
			"NoUniqueKey":          {"DROP INDEX auth_identities_issuer_subject ON auth_identities", "unique key"},
			"NoCascade":            {"ALTER TABLE auth_identities DROP FOREIGN KEY auth_identities_auth_users_identities", "ON DELETE CASCADE"},
		},
	}
	for name, c := range breaches[e.Dialect.Name] {
		t.Run("RejectedTables/"+name, func(t *testing.T) {
			t.Parallel()
			url := e.NewDatabase(t)
			e.open(t, url)
			pool := e.pool(t, url)
			if e.Dialect.Name == dialect.Postgres {
				execute(t, pool, "CREATE COLLATION ignoring_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
			}
			execute(t, pool, c.statement)
			if _, err := e.Open(t.Context(), url, database.MigrateCheck); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Open: got %v, want an error with %q", err, c.want)
			}
		})
	}
	t.Run("NoRowsLeft", func(t *testing.T) {
		t.Parallel()
		url := e.NewDatabase(t)
		e.open(t, url)
		pool := e.pool(t, url)
		for _, table := range []string{"auth_users", "auth_identities", "auth_sessions", "auth_keys", "auth_marks"} {
			var rows int
			if err := pool.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+table).Scan(&rows); err != nil || rows != 0 {
				t.Errorf("%s has %d rows, want none (error %v)", table, rows, err)
			}
		}
	})
}

// collateSubject returns a statement that sets the collation of the subject.
func collateSubject(e Engine, mysql, postgres string) string {
	if e.Dialect.Name == dialect.MySQL {
		return "ALTER TABLE auth_identities MODIFY subject varchar(255) COLLATE " + mysql + " NOT NULL"
	}
	return `ALTER TABLE auth_identities ALTER subject TYPE varchar COLLATE "` + postgres + `"`
}
