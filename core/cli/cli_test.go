package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/cli"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/provider/cotter"
)

const (
	valid = `auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e-0c52-4f52-9a3e-7d8f0a1b2c3d"
}

session "own" {
}

database "vault" {
  url = "vault://hunter2"
}
`
	misspelled = "base_ulr"
)

type vaultSettings struct {
	URL config.Secret `hcl:"url" doc:"where it is"`
}

// vaultType is a type of database with a secret.
var vaultType = database.Define(database.Definition[vaultSettings]{
	Type: "vault",
	Open: func(context.Context, vaultSettings, database.Env) (database.Database, error) {
		return nil, errors.New("this test opens nothing")
	},
})

// outcome is the result of a run of the command.
type outcome struct {
	code           int
	stdout, stderr string
}

func run(t *testing.T, stdin string, args ...string) outcome {
	t.Helper()
	return runWith(t, vaultType, stdin, args...)
}

// runWith runs the command with a type of database.
func runWith(t *testing.T, db config.Type, stdin string, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := cli.New(cotter.Type, db)
	cmd.SetArgs(args)
	cmd.SetIn(strings.NewReader(stdin))
	cmd.SetOut(&stdout)
	cmd.SetErr(&stderr)
	err := cmd.ExecuteContext(t.Context())
	return outcome{code: cli.ExitCode(err), stdout: stdout.String(), stderr: stderr.String()}
}

func write(t *testing.T, content string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "auth.hcl")
	if err := os.WriteFile(path, []byte(content), 0o640); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestValidate_ValidWithWarning(t *testing.T) {
	t.Parallel()
	path := write(t, valid)
	got := run(t, "", "validate", path)
	if got.code != cli.ExitOK || got.stdout != path+" is valid.\n" || !strings.HasPrefix(got.stderr, "Warning: Secret \"url\" is in the file\n") {
		t.Errorf("%+v", got)
	}
	if strings.Contains(got.stderr, "hunter2") {
		t.Errorf("the secret is shown:\n%s", got.stderr)
	}
}

func TestValidate_Problems(t *testing.T) {
	t.Parallel()
	got := run(t, "", "validate", write(t, strings.Replace(valid, "base_url", misspelled, 1)))
	if got.code != cli.ExitError || got.stdout != "" || !strings.Contains(got.stderr, "\n   2:   base_ulr = \"https://api.example.com\"\n") {
		t.Errorf("%+v", got)
	}
	if strings.Contains(got.stderr, "exit code") || strings.Contains(got.stderr, "Error: Error") {
		t.Errorf("more than the diagnostics is printed:\n%s", got.stderr)
	}
}

func TestValidate_AmbiguousProviders(t *testing.T) {
	t.Parallel()
	const first = "provider \"cotter\" {"
	second := `provider "cotter" "other" {
  api_key_id = "6f0a5a3e-0c52-4f52-9a3e-7d8f0a1b2c3d"
}

`
	got := run(t, "", "validate", write(t, strings.Replace(valid, first, second+first, 1)))
	if got.code != cli.ExitError || !strings.Contains(got.stderr, "Ambiguous provider") || !strings.Contains(got.stderr, "line 9") {
		t.Errorf("%+v", got)
	}
}

func TestValidate_JSON(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		src              string
		code             int
		valid            bool
		errors, warnings int
	}{
		"Valid":   {valid, cli.ExitOK, true, 0, 1},
		"Invalid": {strings.Replace(valid, "base_url", misspelled, 1), cli.ExitError, false, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := run(t, "", "validate", "--json", write(t, c.src))
			var result struct {
				FormatVersion string           `json:"format_version"`
				Valid         bool             `json:"valid"`
				ErrorCount    int              `json:"error_count"`
				WarningCount  int              `json:"warning_count"`
				Diagnostics   []map[string]any `json:"diagnostics"`
			}
			if err := json.Unmarshal([]byte(got.stdout), &result); err != nil {
				t.Fatalf("%v in %s", err, got.stdout)
			}
			if got.code != c.code || result.Valid != c.valid || result.ErrorCount != c.errors || result.WarningCount != c.warnings ||
				len(result.Diagnostics) != c.errors+c.warnings || result.FormatVersion != "1.0" {
				t.Errorf("%d, %+v", got.code, result)
			}
			if got.stderr != "" {
				t.Errorf("on standard error: %s", got.stderr)
			}
		})
	}
}

func TestFmt_JSON(t *testing.T) {
	t.Parallel()
	got := run(t, "", "fmt", "--json", write(t, valid))
	if got.code != cli.ExitOK || !strings.Contains(got.stdout, `"diagnostics": []`) || !strings.Contains(got.stdout, `"changed": []`) {
		t.Errorf("%+v", got)
	}
}

func TestFmt_Rewrite(t *testing.T) {
	t.Parallel()
	tidy, untidy := write(t, valid), write(t, strings.ReplaceAll(valid, "  ", ""))
	got := run(t, "", "fmt", tidy, untidy)
	if got.code != cli.ExitOK || got.stdout != untidy+"\n" || got.stderr != "" {
		t.Errorf("%+v", got)
	}
	for _, path := range []string{tidy, untidy} {
		if content := read(t, path); content != valid {
			t.Errorf("%s is now\n%s", path, content)
		}
	}
	if info, err := os.Stat(untidy); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the mode is %v, %v", info.Mode(), err)
	}
}

func TestFmt_Check(t *testing.T) {
	t.Parallel()
	src := strings.ReplaceAll(valid, "  ", "")
	tidy, untidy := write(t, valid), write(t, src)
	if got := run(t, "", "fmt", "--check", tidy); got != (outcome{code: cli.ExitOK}) {
		t.Errorf("tidy: %+v", got)
	}
	if got := run(t, "", "fmt", "--check", tidy, untidy); got != (outcome{code: cli.ExitChanges, stdout: untidy + "\n"}) {
		t.Errorf("untidy: %+v", got)
	}
	if read(t, untidy) != src {
		t.Error("the file is rewritten")
	}
}

func TestFmt_StandardInput(t *testing.T) {
	t.Parallel()
	untidy := strings.ReplaceAll(valid, "  ", "")
	if got := run(t, untidy, "fmt", "-"); got != (outcome{code: cli.ExitOK, stdout: valid}) {
		t.Errorf("%+v", got)
	}
	if got := run(t, untidy, "fmt", "--check", "-"); got != (outcome{code: cli.ExitChanges, stdout: "-\n"}) {
		t.Errorf("check: %+v", got)
	}
}

func TestFmt_InvalidFile(t *testing.T) {
	t.Parallel()
	const broken = "auth {\n"
	path, untidy := write(t, broken), write(t, strings.ReplaceAll(valid, "  ", ""))
	got := run(t, "", "fmt", path, untidy)
	if got.code != cli.ExitError || got.stdout != untidy+"\n" || !strings.HasPrefix(got.stderr, "Error: Unclosed configuration block\n") {
		t.Errorf("%+v", got)
	}
	if read(t, path) != broken {
		t.Error("the invalid file is rewritten")
	}
}

func TestNew_WrongUsage(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"UnknownCommand":     {"valdate"},
		"UnknownFlag":        {"validate", "--jsn"},
		"MissingFile":        {"validate", filepath.Join(t.TempDir(), "auth.hcl")},
		"EmulatorWithoutKey": {"emulator", "--addr", "127.0.0.1:0"},
		"EmulatorKey":        {"emulator", "--addr", "127.0.0.1:0", "--api-key", "a b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := run(t, "", args...)
			if got.code != cli.ExitError || !strings.HasPrefix(got.stderr, "Error: ") {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestEmulator_LoopbackOnly(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"0.0.0.0:0", "[::]:0", "192.0.2.1:0", "id.example.com:0", "nowhere"} {
		got := run(t, "", "emulator", "--addr", addr, "--api-key", "a")
		if got.code != cli.ExitError || !strings.HasPrefix(got.stderr, "Error: emulator: --addr must be ") {
			t.Errorf("%s: %+v", addr, got)
		}
	}
}

func TestEmulator_Serve(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"localhost:0", "127.0.0.1:0", ":0"} {
		t.Run(addr, func(t *testing.T) {
			t.Parallel()
			testEmulator(t, addr)
		})
	}
}

func testEmulator(t *testing.T, addr string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stdout, writer := io.Pipe()
	cmd := cli.New()
	cmd.SetArgs([]string{"emulator", "--json", "--addr", addr, "--api-key", "6f0a5a3e"})
	cmd.SetOut(writer)
	cmd.SetErr(io.Discard)
	ended := make(chan error, 1)
	go func() {
		ended <- cmd.ExecuteContext(ctx)
		writer.Close()
	}()

	var listening struct{ URL string }
	if err := json.NewDecoder(stdout).Decode(&listening); err != nil {
		t.Fatalf("it does not start: %v", err)
	}
	response, err := http.Get(listening.URL + "/api/v0/token/jwks")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("its keys: %s", response.Status)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("it ends with %v", err)
	}
}
