package integration_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
	"github.com/cotterpin/cotterpin/integration/child"
)

// importFile writes a file of users for an import, and returns its path.
func importFile(t *testing.T, lines []map[string]any) string {
	t.Helper()
	var content bytes.Buffer
	for _, line := range lines {
		if err := json.NewEncoder(&content).Encode(line); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "users.jsonl")
	if err := os.WriteFile(path, content.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func importLines(users int) []map[string]any {
	lines := make([]map[string]any, users)
	for n := range lines {
		identifier := fmt.Sprintf("user-%d@example.com", n)
		lines[n] = map[string]any{
			"subject": providertest.SubjectOf(identifier), "identifier": identifier, "email": identifier, "email_verified": n%2 == 0,
			"phone": fmt.Sprintf("+1202%07d", n), "external_id": fmt.Sprint(n), "created_at": "2021-07-31T12:00:00Z",
		}
	}
	return lines
}

// people returns a line for each user with its identity, without ids.
func (s scratch) people(t *testing.T) []string {
	t.Helper()
	return s.strings(t, `SELECT i.issuer, i.subject, i.provider, i.identifier,
		i.email, i.email_folded, i.email_verified, i.phone, i.phone_verified,
		i.created_ms, i.last_login_ms, u.external_id, u.created_ms, u.disabled_ms, u.not_before_ms
		FROM auth_users u LEFT JOIN auth_identities i ON i.user_id = u.id`)
}

// ids returns the external id and the id of each user.
func (s scratch) ids(t *testing.T) []string {
	t.Helper()
	return s.strings(t, "SELECT external_id, id FROM auth_users")
}

// strings returns the sorted rows of a query as text.
func (s scratch) strings(t *testing.T, query string) []string {
	t.Helper()
	db, err := s.look()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new([]byte)
		}
		if err := rows.Scan(values...); err != nil {
			t.Fatal(err)
		}
		var line strings.Builder
		for _, value := range values {
			fmt.Fprintf(&line, "%q ", *value.(*[]byte))
		}
		lines = append(lines, line.String())
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(lines)
	return lines
}

// TestImport_Killed kills imports at 20 random times, each time continuing the one
// before. The result is that of an import that was not interrupted, and no user gets
// another id.
//
// Cases: A18. Databases: sqlite, postgres, mariadb.
func TestImport_Killed(t *testing.T) {
	t.Parallel()
	onEach(t, servable(), func(t *testing.T, b backend) {
		t.Helper()
		const users, kills = 2000, 20
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		random := rand.New(rand.NewPCG(seed, seed))
		issuer := providertest.NewIssuer(t)
		arguments := []string{"users", "import", importFile(t, importLines(users)), "--provider", "cotter"}

		whole := newImport(t, b, issuer, arguments)
		began := time.Now()
		whole.finish(t, fmt.Sprintf("Imported %d lines: %d created, 0 updated, 0 unchanged, 0 skipped.\n", users, users))
		took := time.Since(began)
		want := whole.people(t)

		var i *interrupted
		for killed := 0; killed < kills; {
			if i == nil {
				i = newImport(t, b, issuer, arguments)
			}
			began := time.Now()
			if i.kill(t, time.Duration(random.Int64N(int64(took)))) {
				killed++
				continue
			}
			took = min(took, time.Since(began))
			i.isComplete(t, want) // and the next one begins
			i = nil
		}
		if i != nil {
			i.finish(t, fmt.Sprintf("Imported %d lines: ", users))
			i.isComplete(t, want)
		}
	})
}

// interrupted is an import into a database that is killed and continued.
type interrupted struct {
	scratch
	configuration string
	arguments     []string
	stored        []string // the ids of users before the last kill
}

// newImport creates a database with tables.
func newImport(t *testing.T, b backend, issuer *providertest.Issuer, arguments []string) *interrupted {
	t.Helper()
	s := b.create(t)
	i := &interrupted{scratch: s, configuration: configurationOn(s.block, issuer, ownSession), arguments: arguments}
	if got := runCommand(t, i.configuration, "apply", "--auto-approve"); got.code != 0 {
		t.Fatalf("apply: %+v", got)
	}
	return i
}

// kill starts the import and kills it after a while, checks what is stored, and
// reports whether it had not ended before.
func (i *interrupted) kill(t *testing.T, after time.Duration) bool {
	t.Helper()
	c := command(t, i.configuration, i.arguments...)
	var stderr strings.Builder
	c.Stderr = &stderr
	if err := child.Start(c); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { _ = child.Kill(c) })
	err := c.Wait()
	timer.Stop()
	killed := isKilled(t, err)
	if !killed && exitCode(t, err) != 0 {
		t.Fatalf("the import fails: %s", &stderr)
	}
	i.keepsIDs(t)
	t.Logf("after %v: %d users", after, len(i.stored))
	return killed
}

// keepsIDs checks that no user has another id than before, and that each has an
// identity.
func (i *interrupted) keepsIDs(t *testing.T) {
	t.Helper()
	now := i.ids(t)
	if r := i.rows(t); r.users != r.identities || len(now) != r.users {
		t.Fatalf("the rows are %+v", r)
	}
	for _, id := range i.stored {
		if _, found := slices.BinarySearch(now, id); !found {
			t.Fatalf("the user %s is no longer there", id)
		}
	}
	i.stored = now
}

// finish runs the import to its end.
func (i *interrupted) finish(t *testing.T, output string) {
	t.Helper()
	if got := runCommand(t, i.configuration, i.arguments...); got.code != 0 || got.stderr != "" || !strings.HasPrefix(got.stdout, output) {
		t.Fatalf("got %+v, want %s", got, output)
	}
}

// isComplete checks that all users are there, and that a further import changes
// nothing.
func (i *interrupted) isComplete(t *testing.T, want []string) {
	t.Helper()
	i.keepsIDs(t)
	if !slices.Equal(i.people(t), want) {
		t.Error("an interrupted import has other rows than one that was not interrupted")
	}
	before := i.dump(t)
	i.finish(t, fmt.Sprintf("Imported %d lines: 0 created, 0 updated, %d unchanged, 0 skipped.\n", len(want), len(want)))
	if i.dump(t) != before {
		t.Error("a repeated import changes rows")
	}
}

// TestImport_DryRun compares the rows before and after a dry run and a rejected
// file.
func TestImport_DryRun(t *testing.T) {
	t.Parallel()
	onEach(t, servable(), func(t *testing.T, b backend) {
		t.Helper()
		s, issuer := b.create(t), providertest.NewIssuer(t)
		configuration := configurationOn(s.block, issuer, ownSession)
		users := importLines(20)
		arguments := []string{"users", "import", importFile(t, users), "--provider", "cotter"}
		if got := runCommand(t, configuration, "users", "import", importFile(t, users[:10]), "--provider", "cotter"); got.code != 0 {
			t.Fatalf("the first ten: %+v", got)
		}
		before := s.dump(t)
		got := runCommand(t, configuration, append(arguments, "--dry-run")...)
		if want := "Would import 20 lines: 10 created, 0 updated, 10 unchanged, 0 skipped.\n"; got != (ran{stdout: want}) {
			t.Errorf("the dry run: %+v", got)
		}
		taken := map[string]any{"subject": "other", "external_id": "3"}
		got = runCommand(t, configuration, "users", "import", importFile(t, append(slices.Clone(users), taken)), "--provider", "cotter", "--json")
		if got.code != 1 || got.stderr != "" || !strings.Contains(got.stdout, `"line": 21,`) {
			t.Errorf("a rejected file: %+v", got)
		}
		if s.dump(t) != before {
			t.Error("a dry run, or the import of a rejected file, changes rows")
		}
		if got := runCommand(t, configuration, arguments...); got.code != 0 || s.rows(t).users != 20 {
			t.Errorf("the import: %+v", got)
		}
	})
}

// TestImport_FirstLogin signs in imported users.
//
// Cases: A18. Frameworks: nethttp, gin, fiber. Databases: sqlite, postgres, mariadb.
func TestImport_FirstLogin(t *testing.T) {
	t.Parallel()
	onEach(t, servable(), func(t *testing.T, b backend) {
		t.Helper()
		for n, framework := range frameworks {
			s, issuer := b.create(t), providertest.NewIssuer(t)
			p := startOn(t, s, framework, issuer, ownSession)
			identifier := fmt.Sprintf("user-%d@example.com", n)
			file := importFile(t, importLines(n+1))
			if got := runCommand(t, configurationOn(s.block, issuer, ownSession), "users", "import", file, "--provider", "cotter"); got.code != 0 {
				t.Fatalf("%+v", got)
			}
			before := s.ids(t)
			var response struct {
				Created bool
				User    struct {
					ID         string
					ExternalID *string `json:"external_id"`
				}
			}
			r := p.login(t, issuer.Login(identifier).Payload())
			r.is(t, http.StatusOK, "")
			r.decode(t, &response)
			imported := fmt.Sprintf("%q %q ", fmt.Sprint(n), response.User.ID)
			if response.Created || !slices.Equal(s.ids(t), before) || !slices.Contains(before, imported) {
				t.Errorf("%s: the login returns %+v, with the users %v", framework, response, before)
			}
			if response.User.ExternalID != nil && *response.User.ExternalID != fmt.Sprint(n) {
				t.Errorf("%s: external_id is %s, want %d", framework, *response.User.ExternalID, n)
			}
		}
	})
}
