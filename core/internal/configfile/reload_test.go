package configfile_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/config"
)

const reloadNative = `auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {}

database "postgres" {
  url      = VALUE
  password = VALUE
}
`

const reloadJSON = `{
  "auth": {"base_url": "https://api.example.com"},
  "provider": {"cotter": {"cotter": {"api_key_id": "6f0a5a3e"}}},
  "session": {"own": {}},
  "database": {"postgres": {"url": VALUE, "password": VALUE}}
}
`

// D09: a secret that is read from a file follows the file, in both forms of the
// language.
func TestLoader_SecretReload(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ template, first, second string }{
		"File":     {`${file("secret")}`, "one\n", "two\n"},
		"Trimmed":  {`${trimspace(file("secret"))}`, "one", "two"},
		"Template": {`postgres://app:${trimspace(file("secret"))}@db/auth`, "postgres://app:one@db/auth", "postgres://app:two@db/auth"},
		"NoFile":   {`${env("PGPASSWORD")}`, "hunter2", "hunter2"},
	} {
		for file, src := range map[string]string{
			"auth.hcl":      strings.ReplaceAll(reloadNative, "VALUE", `"`+c.template+`"`),
			"auth.hcl.json": strings.ReplaceAll(reloadJSON, "VALUE", strconv.Quote(c.template)),
		} {
			t.Run(name+"/"+file, func(t *testing.T) {
				t.Parallel()
				directory := t.TempDir()
				write(t, directory, file, src)
				write(t, directory, "secret", "one\n")
				s, err := loader(environment).Load(filepath.Join(directory, file))
				if err != nil {
					t.Fatal(err)
				}
				settings, ok := s.Database.Settings.(*postgresSettings)
				if !ok {
					t.Fatalf("the settings are %T", s.Database.Settings)
				}
				follows(t, directory, settings.URL, c.first, c.second)
				follows(t, directory, *settings.Password, c.first, c.second)
			})
		}
	}
}

// follows changes the file that a secret may be read from.
func follows(t *testing.T, directory string, s config.Secret, first, second string) {
	t.Helper()
	for content, want := range map[string]string{"one\n": first, "two\n": second} {
		write(t, directory, "secret", content)
		if reloaded, err := s.Reload(); err != nil || reloaded.Reveal() != want || s.Reveal() != first {
			t.Errorf("with %q in the file: got %q, %v, want %q", content, reloaded.Reveal(), err, want)
		}
	}
	if err := os.Remove(filepath.Join(directory, "secret")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Reload(); first != second && (err == nil || !strings.Contains(err.Error(), "there is no file")) {
		t.Errorf("without the file: got %v, want an error", err)
	}
	write(t, directory, "secret", "one\n")
}

func write(t *testing.T, directory, file, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(directory, file), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
