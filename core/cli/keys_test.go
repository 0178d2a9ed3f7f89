package cli_test

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/cli"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
)

// memoryType returns a type of database that opens db.
func memoryType(db database.Database) config.Type {
	return database.Define(database.Definition[struct{}]{
		Type: "memory",
		Open: func(context.Context, struct{}, database.Env) (database.Database, error) { return db, nil },
	})
}

var (
	withKeys = strings.NewReplacer(
		"session \"own\" {\n", "session \"own\" {\n  format = \"jwt\"\n  key_secret = trimspace(\""+strings.Repeat("A", 43)+"\")\n",
		"database \"vault\" {\n  url = \"vault://hunter2\"\n", "database \"memory\" {\n",
	).Replace(valid)

	keyID   = regexp.MustCompile(`[A-Za-z0-9_-]{22}`)
	keyTime = regexp.MustCompile(`\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z`)
)

// masked returns output without ids and times.
func masked(output string) string {
	return keyTime.ReplaceAllString(keyID.ReplaceAllString(output, "ID"), "TIME")
}

func TestKeys_Table(t *testing.T) {
	t.Parallel()
	file, db := write(t, withKeys), memoryType(memstore.New())
	const head = "ID                      PURPOSE  STATE    CREATED               ACTIVE FROM\n"
	for _, step := range []struct{ args, want string }{
		{"list", ""},
		{"rotate", "refresh active|sign active"},
		{"list", "refresh active|sign active"},
		{"rotate", "refresh active|refresh next|sign active|sign next"},
		{"rotate --revoke", "refresh active|refresh next|refresh next|sign revoked|sign revoked|sign active"},
		{"list", "refresh active|refresh next|refresh next|sign revoked|sign revoked|sign active"},
	} {
		got := runWith(t, db, "", append(strings.Fields("keys "+step.args), "--file", file)...)
		if got.code != cli.ExitOK || got.stderr != "" {
			t.Fatalf("%s: %+v", step.args, got)
		}
		lines := strings.Split(strings.TrimSuffix(masked(got.stdout), "\n"), "\n")
		var states []string
		for _, line := range lines[1:] {
			if cells := strings.Fields(line); len(cells) == 5 && cells[0] == "ID" && cells[3] == "TIME" && cells[4] == "TIME" {
				states = append(states, cells[1]+" "+cells[2])
			}
		}
		if joined := strings.Join(states, "|"); joined != step.want || len(states) != len(lines)-1 {
			t.Errorf("%s: got\n%s\nwant %s", step.args, got.stdout, step.want)
		}
		if step.want != "" && strings.Contains(step.want, "revoked") && !strings.HasPrefix(got.stdout, head) {
			t.Errorf("%s: got\n%s\nwant the head\n%s", step.args, got.stdout, head)
		}
	}
}

func TestKeys_JSON(t *testing.T) {
	t.Parallel()
	db := memoryType(memstore.New())
	if got := runWith(t, db, withKeys, "keys", "list", "--json", "--file", "-"); got != (outcome{stdout: "{\n  \"keys\": []\n}\n"}) {
		t.Errorf("without keys: %+v", got)
	}
	got := runWith(t, db, withKeys, "keys", "rotate", "--json", "--file", "-")
	const key = `{"id":"ID","purpose":"PURPOSE","state":"active","created_at":"TIME","active_at":"TIME"}`
	want := `{"keys":[` + strings.Replace(key, "PURPOSE", "refresh", 1) + "," + strings.Replace(key, "PURPOSE", "sign", 1) + "]}"
	if compact := strings.Join(strings.Fields(masked(got.stdout)), ""); got.code != cli.ExitOK || got.stderr != "" || compact != want {
		t.Errorf("got %+v, want %s", got, want)
	}
}

func TestKeys_Problems(t *testing.T) {
	t.Parallel()
	db := memoryType(memstore.New())
	if got := runWith(t, db, withKeys, "keys", "rotate", "--file", "-"); got.code != cli.ExitOK {
		t.Fatalf("valid settings: %+v", got)
	}
	away := database.Define(database.Definition[struct{}]{
		Type: "memory",
		Open: func(context.Context, struct{}, database.Env) (database.Database, error) {
			return nil, errors.New("it is away")
		},
	})
	for name, c := range map[string]struct {
		src  string
		args string
		db   config.Type
		want []string
	}{
		"NoFormat":    {strings.Replace(withKeys, `format = "jwt"`, "", 1), "list", db, []string{"No server keys", `session "own" with format = "jwt"`}},
		"OtherSecret": {strings.Replace(withKeys, "AAAA", "BAAA", 1), "rotate", db, []string{"cannot decrypt server key", "keys rotate --revoke"}},
		"NoSecret":    {strings.Replace(withKeys, "key_secret", "# key_secret", 1), "rotate", db, []string{"has no key_secret: set it"}},
		"Misspelled":  {strings.Replace(withKeys, "base_url", misspelled, 1), "rotate", db, []string{"line 2"}},
		"Away":        {withKeys, "list", away, []string{"Database cannot be opened", "it is away"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"keys"}, strings.Fields(c.args)...)
			got := runWith(t, c.db, c.src, append(args, "--file", "-")...)
			text := strings.Join(strings.Fields(got.stderr), " ")
			for _, want := range c.want {
				if !strings.Contains(text, want) {
					t.Errorf("got %+v, want %q", got, want)
				}
			}
			if got.code != cli.ExitError || got.stdout != "" || strings.Contains(got.stderr, "AAAA") {
				t.Errorf("got %+v", got)
			}
			got = runWith(t, c.db, c.src, append(args, "--json", "--file", "-")...)
			var report struct {
				Valid       bool
				Diagnostics []json.RawMessage
			}
			if err := json.Unmarshal([]byte(got.stdout), &report); err != nil || report.Valid || len(report.Diagnostics) == 0 {
				t.Errorf("as JSON: %+v, %v", got, err)
			}
		})
	}
}

func TestKeys_Usage(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		`there is no command "rotat": did you mean "rotate"?`:      {"keys", "rotat"},
		`there is no command "xyz": the commands are list, rotate`: {"keys", "xyz"},
		`cotterpin keys rotate accepts no argument, but got "now"`: {"keys", "rotate", "now"},
	} {
		if got := run(t, "", args...); got.code != cli.ExitError || got.stderr != "Error: "+want+"\n" {
			t.Errorf("%v: got %+v, want %s", args, got, want)
		}
	}
	if got := run(t, "", "keys"); got.code != cli.ExitOK || !strings.Contains(got.stdout, "rotate") {
		t.Errorf("without a command: %+v", got)
	}
}
