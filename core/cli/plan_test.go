package cli_test

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/cli"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
)

// planned is a database that can be planned.
type planned struct {
	changes  database.Changes
	err      error
	applied  int
	provider string // of its only identity
}

func (p *planned) Changes(context.Context) (database.Changes, error) { return p.changes, p.err }

func (p *planned) Identities(context.Context) iter.Seq2[identity.User, error] {
	return func(yield func(identity.User, error) bool) {
		yield(identity.User{ID: uuid.UUID{15: 1}, Provider: p.provider, Key: identity.Key{Issuer: "https://" + p.provider, Subject: "ada"}}, nil)
	}
}

func (p *planned) Apply(context.Context) error {
	p.applied++
	return p.err
}

func (*planned) Close() error { return nil }

func (p *planned) databaseType() config.Type {
	return database.Define(database.Definition[vaultSettings]{
		Type: "vault",
		Open: func(context.Context, vaultSettings, database.Env) (database.Database, error) {
			return nil, errors.New("a plan opens the database")
		},
		Plan: func(context.Context, vaultSettings, database.Env) (database.Planner, error) { return p, nil },
	})
}

// pending are the changes of a new file.
var pending = database.Changes{
	Creates: "/srv/auth.db", Migrate: database.MigrateCheck, Required: 2,
	Migrations: []database.Migration{
		{Version: 1, Name: "00001_schema.sql", SQL: "CREATE TABLE auth_users (id INTEGER);\n"},
		{Version: 2, Name: "00002_keys.sql", SQL: "CREATE TABLE auth_keys (id INTEGER);\n"},
	},
}

const pendingText = `The file /srv/auth.db is created.
The tables are migrated from version 0 to version 2.
The table auth_migrations is created first, which records the versions.

-- 00001_schema.sql
CREATE TABLE auth_users (id INTEGER);

-- 00002_keys.sql
CREATE TABLE auth_keys (id INTEGER);

PROVIDER  ISSUER        BLOCK  IDENTITIES  ELSEWHERE  LINKABLE  STRANDED
gone      https://gone  none   1           0          0         1

1 stranded: they sign in only while a block of their provider is there, active or draining.
To link more of them, see users.link_on, and trust of the provider blocks.
`

func TestPlan_Text(t *testing.T) {
	t.Parallel()
	file := write(t, valid)
	current := database.Changes{Migrate: database.MigrateCheck, Version: 2, Required: 2}
	for name, c := range map[string]struct {
		changes database.Changes
		want    string // the beginning
		code    int    // with --detailed-exitcode
	}{
		"Pending": {pending, pendingText, cli.ExitPending},
		"Nothing": {current, "Nothing is pending: the tables are at version 2, and this program needs version 2.\n\nPROVIDER", cli.ExitOK},
		"Off":     {database.Changes{Migrate: database.MigrateOff, Required: 2}, "The application migrates the tables (migrate = \"off\"), and they have what", cli.ExitOK},
	} {
		p := &planned{changes: c.changes, provider: "gone"}
		got := runWith(t, p.databaseType(), "", "plan", file)
		if got.code != cli.ExitOK || got.stderr != "" || !strings.HasPrefix(got.stdout, c.want) || strings.Contains(got.stdout, "\x1b") {
			t.Errorf("%s: got %+v, want %s", name, got, c.want)
		}
		if detailed := runWith(t, p.databaseType(), "", "plan", file, "--detailed-exitcode"); detailed.code != c.code || detailed.stdout != got.stdout || detailed.stderr != "" {
			t.Errorf("%s: with --detailed-exitcode %+v, want code %d", name, detailed, c.code)
		}
		if p.applied != 0 {
			t.Errorf("%s: applied", name)
		}
	}
}

func TestPlan_JSON(t *testing.T) {
	t.Parallel()
	p := &planned{changes: pending, provider: "gone"}
	got := runWith(t, p.databaseType(), valid, "plan", "-", "--json", "--detailed-exitcode")
	var plan map[string]any
	if err := json.Unmarshal([]byte(got.stdout), &plan); err != nil || got.code != cli.ExitPending || got.stderr != "" {
		t.Fatalf("%+v: %v", got, err)
	}
	const want = `{"creates":"/srv/auth.db","database":"vault","identities":[{"block":"","elsewhere":0,"identities":1,` +
		`"issuer":"https://gone","linkable":0,"provider":"gone","state":"","stranded":1}],"migrate":"check","migrations":[` +
		`{"name":"00001_schema.sql","sql":"CREATE TABLE auth_users (id INTEGER);\n","version":1},` +
		`{"name":"00002_keys.sql","sql":"CREATE TABLE auth_keys (id INTEGER);\n","version":2}],"required":2,"version":0}`
	if sorted, _ := json.Marshal(plan); string(sorted) != want {
		t.Errorf("got  %s\nwant %s", sorted, want)
	}
}

func TestPlan_Errors(t *testing.T) {
	t.Parallel()
	failing := &planned{err: errors.New("the server is away")}
	for want, args := range map[string][]string{
		"Database cannot be used":                            {"plan", write(t, valid)},
		"An argument named \"base_ulr\" is not expected":     {"plan", write(t, strings.Replace(valid, "base_url", misspelled, 1))},
		"There is no file auth.hcl":                          {"plan"},
		"accepts at most 1 arg(s)":                           {"plan", "a", "b"},
		"there is no terminal for a prompt: apply the plan ": nil,
	} {
		p := failing
		if args == nil {
			p, args = &planned{changes: pending}, []string{"apply", write(t, valid)}
		}
		got := runWith(t, p.databaseType(), "yes\n", args...)
		if got.code != cli.ExitError || !strings.Contains(got.stderr, want) || p.applied != 0 {
			t.Errorf("%v: %+v, want %s", args, got, want)
		}
	}
	if got := run(t, "", "plan", write(t, valid)); got.code != cli.ExitError || !strings.Contains(got.stderr, `database "vault" has no plan`) {
		t.Errorf("a type without a plan: %+v", got)
	}
	if got := runWith(t, failing.databaseType(), "", "plan", "--json", write(t, valid)); got.code != cli.ExitError || got.stderr != "" || !strings.Contains(got.stdout, `"error_count": 1`) {
		t.Errorf("as JSON: %+v", got)
	}
}

func TestApply_AutoApprove(t *testing.T) {
	t.Parallel()
	file := write(t, valid)
	p := &planned{changes: pending, provider: "gone"}
	got := runWith(t, p.databaseType(), "", "apply", file, "--auto-approve")
	if want := pendingText + "\nApplied: the tables are at version 2.\n"; got != (outcome{stdout: want}) || p.applied != 1 {
		t.Errorf("%+v, applied %d times", got, p.applied)
	}
	got = runWith(t, p.databaseType(), "", "apply", file, "--auto-approve", "--json")
	if got.code != cli.ExitOK || got.stderr != "" || !json.Valid([]byte(got.stdout)) || p.applied != 2 {
		t.Errorf("as JSON: %+v, applied %d times", got, p.applied)
	}

	nothing := &planned{changes: database.Changes{Migrate: database.MigrateCheck, Version: 2, Required: 2}, provider: "gone"}
	if got := runWith(t, nothing.databaseType(), "", "apply", file); got.code != cli.ExitOK || nothing.applied != 0 || strings.Contains(got.stdout, "Applied") {
		t.Errorf("nothing to do: %+v, applied %d times", got, nothing.applied)
	}
}

// The database specifies why it cannot be migrated.
func TestApply_MigrateOff(t *testing.T) {
	t.Parallel()
	p := &refusing{planned{changes: database.Changes{Migrate: database.MigrateOff}}}
	instance := database.Define(database.Definition[vaultSettings]{
		Type: "vault",
		Open: func(context.Context, vaultSettings, database.Env) (database.Database, error) { return nil, nil },
		Plan: func(context.Context, vaultSettings, database.Env) (database.Planner, error) { return p, nil },
	})
	if got := runWith(t, instance, "", "plan", write(t, valid)); got.code != cli.ExitOK {
		t.Fatalf("plan: %+v", got)
	}
	got := runWith(t, instance, "", "apply", write(t, valid), "--auto-approve")
	if got.code != cli.ExitError || !strings.Contains(got.stderr, "the application migrates") {
		t.Errorf("%+v", got)
	}
}

type refusing struct{ planned }

func (*refusing) Apply(context.Context) error {
	return errors.New("the application migrates these tables")
}
