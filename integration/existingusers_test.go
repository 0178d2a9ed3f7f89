package integration_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

const existingUsers = "existingusers"

// TestExistingUsers_KeepRows signs in the 1,000 people of the example, and each has
// the row and the orders from before. Then it signs in people without a certain row.
//
// Cases: A15. Databases: sqlite, postgres.
func TestExistingUsers_KeepRows(t *testing.T) {
	t.Parallel()
	supported := slices.DeleteFunc(servable(), func(b backend) bool { return strings.HasPrefix(b.name, "mariadb") })
	onEach(t, supported, func(t *testing.T, b backend) {
		const people = 1000
		issuer, database := providertest.NewIssuer(t), b.create(t)
		p := startOn(t, database, existingUsers, issuer, ownSession)
		inBulk(people, func(i int) {
			email := fmt.Sprintf("person-%d@example.com", i+1)
			if i%2 == 0 {
				email = strings.ToUpper(email)
			}
			payload := issuer.Login(email).Payload()
			a := p.untilServed(t, func() reply { return p.login(t, payload) })
			a.is(t, http.StatusCreated, "")
			p.hasOrders(t, p.signedIn(t, a), fmt.Sprint(i+1), fmt.Sprintf(`"Teapot for Person %d"`, i+1))
		})
		database.isConsistent(t, people)
		database.has(t, 0, `SELECT count(*) FROM auth_users JOIN auth_identities ON auth_identities.user_id = auth_users.id
			JOIN users ON CAST(users.id AS text) = auth_users.external_id WHERE lower(users.email) <> lower(auth_identities.email)`)
		p.refusesUncertain(t, issuer)

		// PostgreSQL compares a Kelvin sign in lower case as k.
		database.execute(t, "INSERT INTO users (email, name) VALUES ('\u212Aay@example.com', 'Mallory')")
		database.has(t, 1003, "SELECT count(*) FROM users")
		p.hasOrders(t, p.signIn(t, issuer, "kay@example.com"), "1004", "")
		database.isConsistent(t, people+1)
	})
}

// refusesUncertain logs in people who have no verified email address, several rows,
// or a row that has another sign-in. Nothing is written.
func (p *program) refusesUncertain(t *testing.T, issuer *providertest.Issuer) {
	t.Helper()
	before := p.database.rows(t)
	for _, c := range []struct {
		email  string
		edit   providertest.Edit
		status int
		code   string
	}{
		{"person-7@example.com", providertest.Claim("authentication_method", "WEBAUTHN"), http.StatusForbidden, "email_not_verified"},
		{"grace@example.com", providertest.Claim("authentication_method", "WEBAUTHN"), http.StatusForbidden, "email_not_verified"},
		{"kim@example.com", nil, http.StatusConflict, "email_ambiguous"},
		{"Kim@example.com", nil, http.StatusConflict, "email_ambiguous"},
		{"person-7@example.com", nil, http.StatusConflict, "account_taken"},
	} {
		edits := []providertest.Edit{providertest.Claim("sub", providertest.SubjectOf("another "+c.email))}
		if c.edit != nil {
			edits = append(edits, c.edit)
		}
		token := issuer.AccessToken(c.email, edits...)
		p.add(token)
		a, err := p.try("POST", "/auth/login", posting(fmt.Sprintf(`{"oauth_token":{"access_token":%q}}`, token)))
		if err != nil {
			t.Fatal(err)
		}
		a.is(t, c.status, c.code)
		p.send(t, "GET", "/api/orders", bearer(token)).is(t, http.StatusUnauthorized, "invalid_token")
	}
	if got := p.database.rows(t); got != before {
		t.Errorf("refused logins wrote: %+v, then %+v", before, got)
	}
	p.database.has(t, 1002, "SELECT count(*) FROM users")
}

// hasOrders checks the caller's row of the application and orders.
func (p *program) hasOrders(t *testing.T, s signedIn, id, orders string) {
	t.Helper()
	a := p.send(t, "GET", "/api/orders", s.credential)
	if want := fmt.Sprintf(`{"orders":[%s],"user_id":%q}`, orders, id); a.Status != http.StatusOK || strings.TrimSpace(a.Body) != want {
		t.Errorf("got %d %s, want %s", a.Status, a.Body, want)
	}
}

// has checks the result of a query for a number.
func (s scratch) has(t *testing.T, want int, query string) {
	t.Helper()
	db, err := s.look()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var got int
	if err := db.QueryRowContext(t.Context(), query).Scan(&got); err != nil || got != want {
		t.Errorf("%s: got %d (error %v), want %d", query, got, err, want)
	}
}

// TestExistingUsers_README runs the commands of the guide in its order, and compares
// what they print with their comments.
func TestExistingUsers_README(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(err)
		}
	}
	text, err := os.ReadFile("../examples/existingusers/README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(string(text), -1)
	if len(blocks) != 3 || blocks[0][1] != "go run ./examples/existingusers\n" {
		t.Fatalf("the guide has other commands: %q", blocks)
	}
	p := start(t, existingUsers, "")
	script := blocks[1][1] + blocks[2][1]
	command := exec.CommandContext(t.Context(), "sh", "-ec", strings.ReplaceAll(script, "http://localhost:8080", strings.TrimSuffix(p.page, "/")))
	command.Dir = t.TempDir()
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	for _, comment := range regexp.MustCompile(` # (.*)`).FindAllStringSubmatch(script, -1) {
		if !strings.Contains(string(output), comment[1]) {
			t.Errorf("%q is not in\n%s", comment[1], output)
		}
	}
}
