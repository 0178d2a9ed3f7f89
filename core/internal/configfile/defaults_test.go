package configfile_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/internal/configfile"
	"github.com/cotterpin/cotterpin/core/provider"
)

// little is a file with the required arguments only.
const little = `
auth { base_url = "https://api.example.com" }
provider "cotter" { api_key_id = "key" }
provider "oidc" {
  issuer   = "https://id.example.com"
  audience = ["web"]
}
session "own" {}
database "postgres" { url = env("DATABASE_URL") }
`

// littleInGo is the same, written in Go.
func littleInGo() configfile.File {
	return configfile.File{
		Auth: config.Auth{BaseURL: "https://api.example.com"},
		Providers: []provider.Instance{
			{Type: cotterType, Settings: &cotterSettings{APIKeyID: "key"}},
			{Type: oidcType, Settings: &oidcSettings{Issuer: "https://id.example.com", Audience: []string{"web"}}},
		},
		Own:      &config.OwnSession{},
		Database: &database.Instance{Type: postgresType, Settings: &postgresSettings{URL: config.NewSecret(databaseURL)}},
	}
}

// A03: every argument that a literal in Go leaves out is the default of the file.
func TestFile_WithDefaults(t *testing.T) {
	t.Parallel()
	parsed, err := loader(environment).Parse("auth.hcl", []byte(little))
	if err != nil {
		t.Fatal(err)
	}
	wantContents(t, littleInGo().WithDefaults(), contentsOf(parsed))

	token := configfile.File{ProviderToken: &config.ProviderTokenSession{}}.WithDefaults().ProviderToken
	if want := (config.ProviderTokenSession{}).WithDefaults(); !reflect.DeepEqual(*token, want) {
		t.Errorf("session \"provider_token\" is %+v, want %+v", *token, want)
	}
}

func TestFile_WithDefaultsCopies(t *testing.T) {
	t.Parallel()
	given := littleInGo()
	given.WithDefaults()
	if want := littleInGo(); !reflect.DeepEqual(contentsOf(given), contentsOf(want)) || given.Providers[0].Name != "" {
		t.Errorf("the literal has changed to\n%s", asJSON(contentsOf(given)))
	}
}

// A03: each field of the file's structs has a zero value that is the default, and
// a value that is the file's "0s", 0 or false.
func TestDefaults_ExplicitZero(t *testing.T) {
	t.Parallel()
	off := configfile.File{
		Auth:          config.Auth{LoginFailures: new(0)},
		Users:         config.Users{Create: new(false)},
		Own:           &config.OwnSession{IdleTTL: config.Off, Transport: []string{}},
		ProviderToken: &config.ProviderTokenSession{CacheTTL: config.Off},
		Providers: []provider.Instance{{
			Type: oidcType, Settings: &oidcSettings{Retries: new(0)},
			Common: provider.Common{ClockSkew: config.Off, LoginMaxAge: config.Off},
		}},
	}.WithDefaults()
	settings, ok := off.Providers[0].Settings.(*oidcSettings)
	if !ok {
		t.Fatalf("the settings are a %T", off.Providers[0].Settings)
	}
	for name, got := range map[string]bool{
		"login_failures": off.Auth.Failures() == 0,
		"create":         !*off.Users.Create,
		"idle_ttl":       off.Own.IdleTTL.Std() == 0,
		"transport":      len(off.Own.Transport) == 0,
		"cache_ttl":      off.ProviderToken.CacheTTL.Std() == 0,
		"clock_skew":     off.Providers[0].Common.ClockSkew.Std() == 0,
		"login_max_age":  off.Providers[0].Common.LoginMaxAge.Std() == 0,
		"http":           off.Providers[0].Common.HTTP.Timeout.Std() == 5*time.Second,
		"of a type":      *settings.Retries == 0,
	} {
		if !got {
			t.Errorf("%s: the explicit value is lost", name)
		}
	}
}
