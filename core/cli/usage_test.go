package cli_test

import (
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/cli"
)

// G03: several files, and standard input in both forms.
func TestValidate_Files(t *testing.T) {
	t.Parallel()
	first, second, invalid := write(t, valid), write(t, valid), write(t, "auth {")
	got := run(t, "", "validate", first, second)
	if got.code != cli.ExitOK || got.stdout != first+" is valid.\n"+second+" is valid.\n" {
		t.Errorf("two valid files: %+v", got)
	}
	got = run(t, "", "validate", first, invalid)
	if got.code != cli.ExitError || got.stdout != first+" is valid.\n" || !strings.Contains(got.stderr, "on "+invalid+" line 1") {
		t.Errorf("an invalid file: %+v", got)
	}
	if got := run(t, "", "validate", "--json", first, invalid); got.code != cli.ExitError || !strings.Contains(got.stdout, `"error_count": 1`) {
		t.Errorf("an invalid file as JSON: %+v", got)
	}
}

func TestValidate_StandardInput(t *testing.T) {
	t.Parallel()
	const asJSON = `{
  "auth": {"base_url": "https://api.example.com"},
  "provider": {"cotter": {"cotter": {"api_key_id": "6f0a5a3e"}}},
  "session": {"provider_token": {"user": "none"}}
}`
	if got := run(t, valid, "validate", "-"); got.code != cli.ExitOK || got.stdout != "- is valid.\n" {
		t.Errorf("valid: %+v", got)
	}
	if got := run(t, asJSON, "validate", "-"); got != (outcome{code: cli.ExitOK, stdout: "- is valid.\n"}) {
		t.Errorf("valid JSON: %+v", got)
	}
	if got := run(t, strings.Replace(valid, "base_url", misspelled, 1), "validate", "-"); got.code != cli.ExitError || !strings.Contains(got.stderr, "on stdin line 2") {
		t.Errorf("invalid: %+v", got)
	}
}

// G04: the directory that has no file is named.
func TestValidate_MissingFile(t *testing.T) {
	t.Chdir(t.TempDir())
	got := run(t, "", "validate")
	if got.code != cli.ExitError || !strings.HasPrefix(got.stderr, "Error: Configuration file not found\n\nThere is no file auth.hcl in /") {
		t.Errorf("%+v", got)
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	command, flag := run(t, "", "version"), run(t, "", "--version")
	if command.code != cli.ExitOK || command != flag || !strings.HasPrefix(command.stdout, "cotterpin ") {
		t.Errorf("got %+v and %+v", command, flag)
	}
	if got := run(t, "", "version", "--json"); got.code != cli.ExitOK || !strings.Contains(got.stdout, `"version": `) {
		t.Errorf("as JSON: %+v", got)
	}
}

// G03: errors of usage contain what to do.
func TestNew_UsageAdvice(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		`there is no command "valdate": did you mean "validate"?`:                                                {"valdate"},
		`there is no command "xyz": the commands are apply, emulator, fmt, keys, plan, users, validate, version`: {"xyz"},
		"unknown flag: --jsn: see cotterpin validate --help":                                                     {"validate", "--jsn"},
		`cotterpin version accepts no argument, but got "now"`:                                                   {"version", "now"},
	} {
		if got := run(t, "", args...); got.code != cli.ExitError || got.stderr != "Error: "+want+"\n" {
			t.Errorf("%v: got %+v, want %s", args, got, want)
		}
	}
	if got := run(t, ""); got.code != cli.ExitOK || !strings.Contains(got.stdout, "validate") {
		t.Errorf("without a command: %+v", got)
	}
}
