package providertest

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/verify"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/web"
)

// Opened is a provider block as the kit opens it, alone in its configuration, in
// development mode.
type Opened struct {
	set      *verify.Set
	provider *verify.Provider
}

// Open validates a block and opens it, with time.Now as the clock if now is nil.
// Problems of the arguments fail the test; the error is that of opening.
func Open(t testing.TB, instance provider.Instance, now func() time.Time) (*Opened, error) {
	t.Helper()
	if now == nil {
		now = time.Now
	}
	host := verify.Host{
		Development: true,
		BaseURL:     "http://localhost:8080",
		Path:        "/auth",
		Now:         now,
		Log:         slog.New(slog.DiscardHandler),
	}
	complete := instance.WithDefaults()
	problems := complete.Type.Validate(complete.Settings, provider.Env{
		Name: complete.Name, Development: host.Development, BaseURL: host.BaseURL, MountPath: host.Path + "/" + complete.Name,
	})
	for _, problem := range append(problems, complete.Common.Problems()...) {
		if problem.Warning {
			continue
		}
		t.Fatalf("argument %q %s", problem.Argument, problem.Message)
	}
	p, err := verify.Open(t.Context(), instance, host)
	if err != nil {
		return nil, err
	}
	set := verify.NewSet(p)
	t.Cleanup(set.Close)
	return &Opened{set, p}, nil
}

// Login verifies the tokens of a sign-in.
func (o *Opened) Login(ctx context.Context, tokens provider.Tokens) (identity.Identity, error) {
	id, _, err := o.set.Login(ctx, o.provider.Name, tokens)
	return id, err
}

// Request verifies a token that recognizes the caller of a request.
func (o *Opened) Request(ctx context.Context, raw string) (identity.Identity, error) {
	return o.set.Authenticate(ctx, raw)
}

// Ready returns nil once there are keys.
func (o *Opened) Ready(ctx context.Context) error { return o.provider.Ready(ctx) }

// Refresher returns nil if the driver cannot refresh.
func (o *Opened) Refresher() provider.Refresher { return o.provider.Refresher() }

// CodeFlow returns nil if the driver cannot sign users in by redirects.
func (o *Opened) CodeFlow() provider.CodeFlow { return o.provider.CodeFlow() }

// LoginByCode verifies the tokens that the provider returned for a code. The ID token
// must have the nonce in tokens.
func (o *Opened) LoginByCode(ctx context.Context, tokens provider.Tokens) (identity.Identity, error) {
	id, _, err := o.provider.LoginByCode(ctx, tokens)
	return id, err
}

// Routes returns the driver's own routes, nil if it has none.
func (o *Opened) Routes() web.Handler { return o.provider.Routes() }
