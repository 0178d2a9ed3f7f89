package integration_test

import (
	"os"
	"strings"
	"testing"

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
		r.execute(t, roleStatements[e.Driver].own)
		block, file := r.block(t)
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
