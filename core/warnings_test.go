package core_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/oidc"
	"github.com/cotterpin/cotterpin/ent/sqlite"
)

// A warning of a provider type is no error, in a file and in Go, and is logged at
// the start.
func TestSettings_TypeWarnings(t *testing.T) {
	t.Parallel()
	const file = `
auth { base_url = "https://api.example.com" }
provider "oidc" "corp" {
  issuer   = "https://id.example.com"
  audience = ["app"]
  nonce    = "required"
}
session "provider_token" { user = "none" }
`
	parsed, err := core.Parse(t.Context(), "auth.hcl", []byte(file), core.WithTypes(oidc.Type))
	if err != nil {
		t.Fatal(err)
	}
	written := core.Settings{
		Auth: config.Auth{BaseURL: "https://api.example.com"},
		Providers: []provider.Instance{
			oidc.Provider("corp", oidc.Settings{Issuer: "https://id.example.com", Audience: []string{"app"}, Nonce: "required"}),
		},
		ProviderToken: &config.ProviderTokenSession{User: config.UserNone},
	}
	for name, settings := range map[string]core.Settings{"file": parsed, "Go": written} {
		warnings := settings.Warnings()
		if len(warnings) != 1 || warnings[0].Severity != config.SeverityWarning || warnings[0].Summary != `Weak value for "nonce"` {
			t.Errorf("%s: warnings %v, want one about nonce", name, warnings)
		}
		if inFile := warnings[0].Range != nil; inFile != (name == "file") || inFile && warnings[0].Range.Start.Line != 6 {
			t.Errorf("%s: the range is %+v", name, warnings[0].Range)
		}
		if err := settings.Validate(); err != nil {
			t.Errorf("%s: a warning is an error: %v", name, err)
		}
		var log bytes.Buffer
		kit, err := core.New(t.Context(), settings, core.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := kit.Close(); err != nil {
			t.Error(err)
		}
		if strings.Count(log.String(), "configuration_warning") != 1 || !strings.Contains(log.String(), "nonce_form") {
			t.Errorf("%s: the log is %s", name, &log)
		}
	}
}

// In production, the keys that sign tokens are encrypted, or there is a warning
// at the block.
func TestSettings_KeySecretWarning(t *testing.T) {
	t.Parallel()
	const file = `
auth {
  mode     = "production"
  base_url = "https://api.example.com"
}
provider "oidc" "corp" {
  issuer   = "https://id.example.com"
  audience = ["app"]
}
session "own" {
  format = "jwt"
}
database "sqlite" {
  path = "auth.db"
}
`
	for name, c := range map[string]struct {
		old, replacement string
		want             int
	}{
		"Absent":      {"", "", 1},
		"Given":       {`format = "jwt"`, `format = "jwt"` + "\n  key_secret = trimspace(\"" + strings.Repeat("A", 43) + "\")", 0},
		"Opaque":      {`"jwt"`, `"opaque"`, 0},
		"Development": {`"production"`, `"development"`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src := strings.Replace(file, c.old, c.replacement, 1)
			settings, err := core.Parse(t.Context(), "auth.hcl", []byte(src), core.WithTypes(oidc.Type, sqlite.Type))
			if err != nil {
				t.Fatal(err)
			}
			found := 0
			for _, w := range settings.Warnings() {
				if w.Summary == "Server keys are not encrypted" && w.Range != nil && w.Range.Start.Line == 10 {
					found++
				}
			}
			if found != c.want {
				t.Errorf("%d warnings about key_secret, want %d: %v", found, c.want, settings.Warnings())
			}
		})
	}
}
