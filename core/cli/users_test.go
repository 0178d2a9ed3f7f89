package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/cli"
)

var inMemory = strings.Replace(valid, "database \"vault\" {\n  url = \"vault://hunter2\"\n", "database \"memory\" {\n", 1)

// usersFile writes lines for an import.
func usersFile(t *testing.T, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "users.jsonl")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const (
	lineAda = `{"subject":"ada","email":"ada@example.com"}`
	lineBob = `{"subject":"bob","external_id":"7"}`

	resultJSON = `{
  "lines": 2,
  "created": 1,
  "updated": 0,
  "unchanged": 0,
  "skipped": 0,
  "rejected": 1,
  "rejections": [
    {
      "line": 2,
      "problem": "phone must be in E.164 form, such as \"+12025550100\""
    }
  ]
}
`
)

func TestUsers_Import(t *testing.T) {
	t.Parallel()
	db, file := memstore.New(), write(t, inMemory)
	users := func() int {
		t.Helper()
		stored, err := db.Accounts().List(t.Context(), account.Query{Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		return len(stored)
	}
	invalid := usersFile(t, lineAda, `{"subject":"bob","phone":"2"}`)
	const rejection = "line 2: phone must be in E.164 form, such as \"+12025550100\"\n"
	for _, step := range []struct {
		name  string
		args  []string
		want  outcome
		users int
	}{
		{"DryRun", []string{usersFile(t, lineAda, lineBob), "--dry-run"}, outcome{stdout: "Would import 2 lines: 2 created, 0 updated, 0 unchanged, 0 skipped.\n"}, 0},
		{"Rejected", []string{invalid}, outcome{code: cli.ExitError, stderr: rejection + "Error: Failure\n\ncore: 1 of 2 lines are rejected, and nothing is imported: correct them first\n"}, 0},
		{"RejectedJSON", []string{invalid, "--json"}, outcome{code: cli.ExitError, stdout: resultJSON}, 0},
		{"Import", []string{usersFile(t, lineAda, lineBob)}, outcome{stdout: "Imported 2 lines: 2 created, 0 updated, 0 unchanged, 0 skipped.\n"}, 2},
		{"Again", []string{usersFile(t, lineAda, lineBob)}, outcome{stdout: "Imported 2 lines: 0 created, 0 updated, 2 unchanged, 0 skipped.\n"}, 2},
	} {
		got := runWith(t, memoryType(db), "", append([]string{"users", "import", "--provider", "cotter", "--file", file}, step.args...)...)
		if got != step.want || users() != step.users {
			t.Errorf("%s: got %+v and %d users, want %+v and %d", step.name, got, users(), step.want, step.users)
		}
	}
}

func TestUsers_ImportUsage(t *testing.T) {
	t.Parallel()
	file, lines := write(t, inMemory), usersFile(t, lineAda)
	for want, args := range map[string][]string{
		"--provider is required":             {lines},
		"name a file":                        {"-", "--provider", "cotter"},
		"needs one file, but got 0":          {"--provider", "cotter"},
		"needs one file, but got 2":          {lines, lines, "--provider", "cotter"},
		"users import: open ":                {lines + "x", "--provider", "cotter"},
		`the providers are "cotter"`:         {lines, "--provider", "other"},
		"accepts the issuers":                {lines, "--provider", "cotter", "--issuer", "https://other.example"},
		"there is no command \"imprt\": did": nil,
	} {
		args = append([]string{"users", "import", "--file", file}, args...)
		if len(args) == 4 {
			args = []string{"users", "imprt"}
		}
		if strings.Contains(want, "got 0") {
			args = []string{"users", "import", "--file", file, "--provider", "cotter"}
		}
		got := runWith(t, memoryType(memstore.New()), "", args...)
		if got.code != cli.ExitError || !strings.Contains(got.stderr, want) || got.stdout != "" {
			t.Errorf("%v: %+v, want %s", args, got, want)
		}
	}
}
