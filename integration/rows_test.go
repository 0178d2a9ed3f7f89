package integration_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite" // the driver that reads what the programs wrote
)

// rows is how many rows the tables have.
type rows struct{ users, identities, sessions int }

func (p *program) rows(t *testing.T) rows {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(p.folder, "auth.db")+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var r rows
	err = db.QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM auth_users),
		(SELECT count(*) FROM auth_identities), (SELECT count(*) FROM auth_sessions)`).
		Scan(&r.users, &r.identities, &r.sessions)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
