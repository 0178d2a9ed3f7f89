package configfile_test

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/internal/configfile"
	"github.com/cotterpin/cotterpin/core/provider"
)

// The types of these tests have all types of argument that a block can have.

type cotterSettings struct {
	APIKeyID string `hcl:"api_key_id" doc:"the API key"`
	BaseURL  string `hcl:"base_url,optional" doc:"where the API is"`
}

type oidcSettings struct {
	Issuer         string            `hcl:"issuer" doc:"the issuer"`
	Audience       []string          `hcl:"audience" doc:"clients that tokens must be issued to"`
	RequiredClaims map[string]string `hcl:"required_claims,optional" doc:"claims that a token must have"`
	Retries        *int              `hcl:"retries,optional" doc:"how often it is tried again"`
	Claims         *oidcClaims       `hcl:"claims,block" doc:"where the claims are"`
}

type oidcClaims struct {
	Subject string `hcl:"subject,optional" doc:"the subject"`
	Email   string `hcl:"email,optional" doc:"the email address"`
}

type emulatorSettings struct {
	Users []string `hcl:"users,optional" doc:"users that exist from the start"`
}

type sqliteSettings struct {
	Path    string           `hcl:"path,optional" doc:"the file"`
	Migrate database.Migrate `hcl:"migrate,optional" doc:"what is done about the tables"`
}

type postgresSettings struct {
	URL          config.Secret   `hcl:"url" doc:"the connection"`
	MaxOpenConns int             `hcl:"max_open_conns,optional" doc:"how many connections are open at most"`
	Password     *config.Secret  `hcl:"password,optional" doc:"in place of the one in url"`
	Patience     config.Duration `hcl:"patience,optional" doc:"time limit of a statement"`
}

var errNotOpened = errors.New("this test opens nothing")

func refuse[C, E, T any](context.Context, C, E) (T, error) { return *new(T), errNotOpened }

var (
	cotterType = provider.Define(provider.Definition[cotterSettings]{
		Type:    "cotter",
		Default: cotterSettings{BaseURL: "https://www.cotter.app/api/v0"},
		Open:    refuse[cotterSettings, provider.Env, provider.Driver],
	})
	oidcType = provider.Define(provider.Definition[oidcSettings]{
		Type:    "oidc",
		Default: oidcSettings{Claims: &oidcClaims{Subject: "/sub", Email: "/email"}},
		Validate: func(s oidcSettings, _ provider.Env) []config.Problem {
			if len(s.Audience) == 0 {
				return []config.Problem{{Argument: "audience", Message: "must list at least one client"}}
			}
			if s.Claims.Subject == "/" {
				return []config.Problem{{Argument: "claims.subject", Message: "must name a claim"}}
			}
			return nil
		},
		Open: refuse[oidcSettings, provider.Env, provider.Driver],
	})
	emulatorType = provider.Define(provider.Definition[emulatorSettings]{
		Type: "emulator",
		Validate: func(_ emulatorSettings, env provider.Env) []config.Problem {
			switch {
			case !env.Development:
				return []config.Problem{{Message: "any client can sign in as any user: set mode = \"development\""}}
			case env.BaseURL != "" && !strings.HasPrefix(env.BaseURL, "http://localhost"):
				return []config.Problem{{Message: "base_url must be on localhost"}}
			default:
				return nil
			}
		},
		Open: refuse[emulatorSettings, provider.Env, provider.Driver],
	})
	sqliteType = database.Define(database.Definition[sqliteSettings]{
		Type:    "sqlite",
		Default: sqliteSettings{Path: "auth.db"},
		Validate: func(s sqliteSettings, _ database.Env) []config.Problem {
			if !slices.Contains([]database.Migrate{"", database.MigrateCheck, database.MigrateApply, database.MigrateOff}, s.Migrate) {
				return []config.Problem{{Argument: "migrate", Message: `must be "check", "apply" or "off"`}}
			}
			return nil
		},
		Open: refuse[sqliteSettings, database.Env, database.Database],
	})
	postgresType = database.Define(database.Definition[postgresSettings]{
		Type:    "postgres",
		Default: postgresSettings{MaxOpenConns: 10},
		Open:    refuse[postgresSettings, database.Env, database.Database],
	})
)

// loader returns a loader with all types of these tests and the environment.
func loader(environment map[string]string) configfile.Loader {
	return configfile.Loader{
		Types: []config.Type{cotterType, oidcType, emulatorType, sqliteType, postgresType},
		LookupEnv: func(name string) (string, bool) {
			value, ok := environment[name]
			return value, ok
		},
	}
}
