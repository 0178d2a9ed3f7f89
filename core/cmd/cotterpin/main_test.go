package main

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// asCommand makes this test binary the command itself.
const asCommand = "COTTERPIN_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// command returns the command, run in a new directory with the given auth.hcl.
func command(t *testing.T, file string, args ...string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), asCommand+"=1")
	if err := os.WriteFile(filepath.Join(cmd.Dir, "auth.hcl"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	return cmd
}

func exitCode(err error) int {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	return 0
}

const development = `auth {
  mode     = "development"
  base_url = "http://localhost:8080"
}

provider "emulator" {
  users = ["ada@example.com"]
}

provider "cotter" {
  api_key_id = "6f0a5a3e-0c52-4f52-9a3e-7d8f0a1b2c3d"
  base_url   = "http://127.0.0.1:8081/api/v0"
  issuer     = "https://www.cotter.app"
  trust      = ["email", "phone"]
}

provider "oidc" "google" {
  issuer          = "https://accounts.google.com"
  audience        = ["1234567890-abc.apps.googleusercontent.com"]
  required_claims = { hd = "example.com" }
}

session "own" {}

database "sqlite" {
  path = "auth.db"
}
`

func TestMain_ExitCode(t *testing.T) {
	t.Parallel()
	untidy := strings.ReplaceAll(development, "  ", "")
	for name, c := range map[string]struct {
		file string
		args string
		code int
	}{
		"Valid":        {development, "validate", 0},
		"Invalid":      {strings.Replace(development, "sqlite", "sqlight", 1), "validate", 1},
		"Formatted":    {development, "fmt --check", 0},
		"NotFormatted": {untidy, "fmt --check", 3},
		"Formats":      {untidy, "fmt", 0},
		"Broken":       {"auth {", "fmt --check", 1},
		"UnknownFlag":  {development, "validate --color", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			output, err := command(t, c.file, strings.Fields(c.args)...).CombinedOutput()
			if code := exitCode(err); code != c.code {
				t.Errorf("got exit code %d, want %d:\n%s", code, c.code, output)
			}
		})
	}
}

func TestMain_EmulatorSignal(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			cmd := command(t, "", "emulator", "--addr", "127.0.0.1:0", "--api-key", "6f0a5a3e")
			stderr, err := cmd.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			line, err := bufio.NewReader(stderr).ReadString('\n')
			if err != nil || !strings.HasPrefix(line, "listening on http://127.0.0.1:") {
				t.Fatalf("got %q, %v", line, err)
			}
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err != nil {
				t.Errorf("got %v, want exit code 0", err)
			}
		})
	}
}

// G10: the emulator's block does not repeat what is wrong in the block auth.
func TestMain_NoConsequences(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ given, changed string }{
		"Production":  {`mode     = "development"`, `mode     = "production"`},
		"UnknownMode": {`mode     = "development"`, `mode     = "dev"`},
		"BaseURL":     {`"http://localhost:8080"`, `"http://localhost:8080/app"`},
		"Misspelled":  {"base_url = \"http://localhost", "base_ulr = \"http://localhost"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := strings.Replace(development, c.given, c.changed, 1)
			if name == "Production" {
				file = strings.NewReplacer("http://", "https://", "127.0.0.1:8081", "www.cotter.app").Replace(file)
			}
			output, err := command(t, file, "validate").CombinedOutput()
			if exitCode(err) != 1 || strings.Count(string(output), "Error: ") != 1 {
				t.Errorf("got\n%s\nwant one error", output)
			}
		})
	}
}
