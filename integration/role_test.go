package integration_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/integration/engine"
)

// role is a role of the server that a program connects as. It has no rights.
type role struct {
	engine *engine.Engine
	admin  *sql.DB
	base   config.Secret // the administrator's URL
	name   string
}

// roleStatements create a role, make it the owner of the database, change its
// password, end its connections, and drop it. "%[1]s" is the role, "%[2]s" the
// password, "%[3]s" the database.
var roleStatements = map[string]struct{ create, own, change, disconnect, drop []string }{
	"postgres": {
		create:     []string{"CREATE ROLE %[1]s LOGIN PASSWORD '%[2]s'"},
		own:        []string{"ALTER DATABASE %[3]s OWNER TO %[1]s"},
		change:     []string{"ALTER ROLE %[1]s PASSWORD '%[2]s'"},
		disconnect: []string{"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '%[1]s'"},
		drop:       []string{"ALTER DATABASE %[3]s OWNER TO CURRENT_USER", "DROP OWNED BY %[1]s", "DROP ROLE %[1]s"},
	},
	"mysql": {
		create:     []string{"CREATE USER %[1]s IDENTIFIED BY '%[2]s'", "GRANT SELECT ON %[3]s.* TO %[1]s"}, // else it could not connect
		own:        []string{"GRANT ALL ON %[3]s.* TO %[1]s"},
		change:     []string{"ALTER USER %[1]s IDENTIFIED BY '%[2]s'"},
		disconnect: []string{"KILL USER %[1]s"},
		drop:       []string{"DROP USER %[1]s"},
	},
}

func newRole(t *testing.T, e *engine.Engine) *role {
	t.Helper()
	base := newDatabase(t, e)
	admin, err := openPool(e, base)
	if err != nil {
		t.Fatal(err)
	}
	r := &role{engine: e, admin: admin, base: base, name: "r" + strings.ToLower(rand.Text())}
	r.execute(t, roleStatements[e.Driver].create, "first")
	t.Cleanup(func() {
		r.execute(t, roleStatements[e.Driver].drop)
		_ = admin.Close()
	})
	return r
}

// execute executes statements as the administrator.
func (r *role) execute(t *testing.T, statements []string, password ...string) {
	t.Helper()
	database := strings.TrimPrefix(parse(t, r.base).Path, "/")
	for _, statement := range statements {
		query := fmt.Sprintf(statement, r.name, strings.Join(password, "")+"-password", database)
		if _, err := r.admin.ExecContext(context.Background(), query); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// change changes the password, and ends all connections.
func (r *role) change(t *testing.T, password string) {
	t.Helper()
	r.execute(t, roleStatements[r.engine.Driver].change, password)
	r.execute(t, roleStatements[r.engine.Driver].disconnect)
}

// url returns the URL of the role with a password.
func (r *role) url(password string) config.Secret {
	u, err := url.Parse(r.base.Reveal())
	if err != nil {
		panic("the URL cannot be parsed")
	}
	u.User = url.UserPassword(r.name, password+"-password")
	return config.NewSecret(u.String())
}

// block returns a database block with the first password, and the file that it
// reads the URL from.
func (r *role) block(t *testing.T) (block, file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "url")
	replaceFile(t, file, r.url("first").Reveal()+"\n")
	return fmt.Sprintf("database %q {\n  url = trimspace(file(%q))\n}\n", r.engine.Driver, file), file
}

// checksPasswords reports whether the server checks passwords: one on this host
// may trust all its users.
func (r *role) checksPasswords(t *testing.T) bool {
	t.Helper()
	pool, err := openPool(r.engine, r.url("wrong"))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	return pool.PingContext(t.Context()) != nil
}
