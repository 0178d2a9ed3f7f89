package integration_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
	"github.com/cotterpin/cotterpin/integration/engine"
)

// TestRotation_DatabasePassword rotates the password of the database's role in the
// file that the URL is read from, while the program runs.
//
// Cases: D09. Databases: postgres, mariadb.
func TestRotation_DatabasePassword(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, e *engine.Engine) {
		t.Helper()
		r := newRole(t, e)
		file := filepath.Join(t.TempDir(), "url")
		replaceFile(t, file, r.url("first").Reveal()+"\n")
		block := fmt.Sprintf("database %q {\n  url = trimspace(file(%q))\n}\n", e.Driver, file)
		issuer := providertest.NewIssuer(t)
		p := start(t, "nethttp", configurationOn(block, issuer, ownSession))
		p.add("first-password", "second-password")
		session := p.signIn(t, issuer, ada).credential
		p.me(t, session)

		r.change(t, "second")
		if r.checksPasswords(t) {
			cannotCheck(t, p.send(t, "GET", "/api/me", session))
		}
		replaceFile(t, file, r.url("second").Reveal()+"\n")
		p.untilServed(t, func() reply { return p.send(t, "GET", "/api/me", session) }).is(t, 200, "")
		p.me(t, p.signIn(t, issuer, "grace@example.com").credential)
		if code := p.end(t); code != 0 {
			t.Errorf("exit code %d", code)
		}
		for _, password := range []string{"first-password", "second-password"} {
			if strings.Contains(p.log, password) {
				t.Errorf("the log contains a password:\n%s", p.log)
			}
		}
	})
}

// role owns the database of a test.
type role struct {
	engine *engine.Engine
	admin  *sql.DB
	base   config.Secret // the administrator's URL
	name   string
}

// roleStatements create a role that owns the database, change its password, end its
// connections, and drop it. "%[1]s" is the role, "%[2]s" the password, "%[3]s" the
// database.
var roleStatements = map[string]struct{ create, change, disconnect, drop []string }{
	"postgres": {
		create:     []string{"CREATE ROLE %[1]s LOGIN PASSWORD '%[2]s'", "ALTER DATABASE %[3]s OWNER TO %[1]s"},
		change:     []string{"ALTER ROLE %[1]s PASSWORD '%[2]s'"},
		disconnect: []string{"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '%[1]s'"},
		drop:       []string{"ALTER DATABASE %[3]s OWNER TO CURRENT_USER", "DROP OWNED BY %[1]s", "DROP ROLE %[1]s"},
	},
	"mysql": {
		create:     []string{"CREATE USER %[1]s IDENTIFIED BY '%[2]s'", "GRANT ALL ON %[3]s.* TO %[1]s"},
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
	r.execute(t, roleStatements[e.Driver].create, "first-password")
	t.Cleanup(func() {
		r.execute(t, roleStatements[e.Driver].drop, "")
		_ = admin.Close()
	})
	return r
}

func (r *role) execute(t *testing.T, statements []string, password string) {
	t.Helper()
	database := strings.TrimPrefix(parse(t, r.base).Path, "/")
	for _, statement := range statements {
		if _, err := r.admin.ExecContext(context.Background(), fmt.Sprintf(statement, r.name, password, database)); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// change changes the password, and ends all connections.
func (r *role) change(t *testing.T, password string) {
	t.Helper()
	r.execute(t, roleStatements[r.engine.Driver].change, password+"-password")
	r.execute(t, roleStatements[r.engine.Driver].disconnect, "")
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

// replaceFile replaces a file in one step, as secrets are mounted.
func replaceFile(t *testing.T, path, content string) {
	t.Helper()
	next := path + ".next"
	if err := os.WriteFile(next, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, path); err != nil {
		t.Fatal(err)
	}
}
