package emulator

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/cotter"
	"github.com/cotterpin/cotterpin/core/web"
)

// APIKeyID is the API key of every `provider "emulator"`: what the page of an
// application sends as api_key and as header API_KEY_ID.
const APIKeyID = "5c7d0e61-3f0a-4b8e-9d2c-7a1b64e0f385" //nolint:gosec // every page shows its API key

// Type is `provider "emulator"`: an emulator below the kit's own routes, and
// Cotter's provider on it, which fetches keys and refreshes as it would over the
// network, faults included. Where the block has no `trust`, e-mail addresses and
// phone numbers are trusted: the emulator asked for a code.
var Type = provider.Define(provider.Definition[Settings]{
	Type:     "emulator",
	Summary:  "Cotter on this process, for development: own keys, codes in a mailbox",
	Validate: validate,
	Open:     open,
})

// Settings are the arguments of `provider "emulator"`. The zero value is the
// default.
type Settings struct {
	// Users are identifiers that exist from the start and that the sign-in page
	// suggests. Default: none.
	Users []string `hcl:"users,optional" doc:"identifiers that exist from the start and that the sign-in page suggests"`

	// InsecureRemote lets everybody in who can reach the emulator. Default: it
	// answers this machine alone.
	InsecureRemote bool `hcl:"insecure_remote,optional" doc:"lets everybody in who can reach the emulator, not this machine alone"`
}

func validate(s Settings, env provider.Env) []config.Problem {
	var problems []config.Problem
	if !env.Development {
		problems = append(problems, config.Problem{
			Message: `the emulator lets anybody sign in as anybody and is refused in production: use provider "cotter", or set mode = "development" in auth`,
		})
	}
	if base, err := url.Parse(env.BaseURL); !s.InsecureRemote && (err != nil || !isLoopback(base.Host)) {
		problems = append(problems, config.Problem{
			Message: `the emulator needs a loopback base_url in auth, such as "http://localhost:8080"; insecure_remote = true opens it to everybody who can reach it`,
		})
	}
	for _, identifier := range s.Users {
		if !validIdentifier(identifier) {
			problems = append(problems, config.Problem{Argument: "users", Message: identifierRule})
		}
	}
	return problems
}

// inProcessURL is the API's address for the client that stays in the process.
const inProcessURL = "http://localhost/api/v0"

func open(ctx context.Context, s Settings, env provider.Env) (provider.Provider, error) {
	if problems := validate(s, env); len(problems) > 0 {
		return nil, errors.New("emulator: " + problems[0].Message)
	}
	e, err := New(Options{
		APIKeyID:       APIKeyID,
		IssuerURL:      env.BaseURL + env.MountPath,
		BasePath:       env.MountPath,
		Users:          s.Users,
		InsecureRemote: s.InsecureRemote,
		Now:            env.Now,
		Log:            env.Log,
	})
	if err != nil {
		return nil, err
	}
	verifying, err := cotter.Type.Open(ctx, &cotter.Settings{
		APIKeyID: APIKeyID,
		BaseURL:  inProcessURL,
		Issuer:   e.options.IssuerURL,
	}, e.envOfCotter(env))
	if err != nil {
		return nil, fmt.Errorf("emulator: %w", err)
	}
	able, ok := verifying.(cotterProvider)
	if !ok {
		return nil, errors.New("emulator: Cotter's provider has lost an ability")
	}
	return &hosted{cotterProvider: able, emulator: e}, nil
}

// envOfCotter is the environment of a provider that calls the emulator as if it
// were Cotter.
func (e *Emulator) envOfCotter(env provider.Env) provider.Env {
	client := *env.HTTPClient
	client.Transport = inProcess{e}
	env.HTTPClient = &client
	if len(env.Common.Trust) == 0 {
		env.Common.Trust = []string{"email", "phone"}
	}
	return env
}

// cotterProvider is what Cotter's provider can do.
type cotterProvider interface {
	provider.Provider
	provider.Issuers
	provider.Checker
	provider.Refresher
}

// hosted is Cotter's provider with the emulator that it talks to.
type hosted struct {
	cotterProvider
	emulator *Emulator
}

var _ provider.Routes = (*hosted)(nil)

// Routes is [provider.Routes].
func (h *hosted) Routes() web.Handler { return h.emulator }
