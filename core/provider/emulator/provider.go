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

// APIKeyID is the API key of each `provider "emulator"`, which the page of an
// application sends as api_key and as header API_KEY_ID.
const APIKeyID = "5c7d0e61-3f0a-4b8e-9d2c-7a1b64e0f385" //nolint:gosec // every page shows its API key

// Type is `provider "emulator"`: an emulator below the kit's own routes, and
// Cotter's driver, which fetches keys and refreshes as it would over the network,
// faults included. Where the block has no `trust`, email addresses and phone
// numbers are trusted, because the emulator requires a code.
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

	// InsecureRemote lets anyone who can reach the emulator sign in as any user.
	// Default: it serves this machine alone.
	InsecureRemote bool `hcl:"insecure_remote,optional" doc:"lets anyone who can reach the emulator sign in as any user; default: only this machine"`
}

// Provider returns a `provider "emulator"` block written in Go. An empty name
// means "emulator".
func Provider(name string, s Settings, options ...provider.Option) provider.Instance {
	return provider.NewInstance(Type, name, &s, options...)
}

func validate(s Settings, env provider.Env) []config.Problem {
	if !env.Development {
		return []config.Problem{{
			Message: `anyone can sign in at the emulator as any user, so it is refused in production: use provider "cotter", or set mode = "development" in auth`,
		}}
	}
	var problems []config.Problem
	if env.BaseURL != "" && !s.InsecureRemote && !isLoopbackURL(env.BaseURL) {
		problems = append(problems, config.Problem{
			Message: `the emulator needs a loopback base_url in auth, such as "http://localhost:8080"; insecure_remote = true opens it to anyone who can reach it`,
		})
	}
	for _, identifier := range s.Users {
		if !validIdentifier(identifier) {
			problems = append(problems, config.Problem{Argument: "users", Message: identifierRule})
		}
	}
	return problems
}

func isLoopbackURL(address string) bool {
	u, err := url.Parse(address)
	return err == nil && isLoopback(u.Host)
}

// inProcessURL is the API's address for the client that calls it in the process.
const inProcessURL = "http://localhost/api/v0"

func open(ctx context.Context, s Settings, env provider.Env) (provider.Driver, error) {
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
	client := *env.HTTPClient
	client.Transport = inProcess{e}
	env.HTTPClient = &client
	opened, err := cotter.Type.Open(ctx, &cotter.Settings{
		APIKeyID: APIKeyID,
		BaseURL:  inProcessURL,
		Issuer:   e.options.IssuerURL,
	}, env)
	if err != nil {
		return nil, fmt.Errorf("emulator: %w", err)
	}
	able, ok := opened.(cotterDriver)
	if !ok {
		return nil, errors.New("emulator: Cotter's driver has lost an ability")
	}
	return &hosted{cotterDriver: able, emulator: e}, nil
}

// cotterDriver is what Cotter's driver can do.
type cotterDriver interface {
	provider.Driver
	provider.Refresher
	provider.UserLister
}

// hosted is Cotter's driver with the emulator that it calls.
type hosted struct {
	cotterDriver
	emulator *Emulator
}

var _ provider.Routes = (*hosted)(nil)

// Rules implements [provider.Driver].
func (h *hosted) Rules() provider.Rules {
	rules := h.cotterDriver.Rules()
	rules.DefaultTrust = []string{"email", "phone"}
	return rules
}

// Routes implements [provider.Routes].
func (h *hosted) Routes() web.Handler { return h.emulator }
