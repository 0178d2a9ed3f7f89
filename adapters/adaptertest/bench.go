package adaptertest

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider"
)

// Load is what a benchmark drives an application with: GET /guarded with one
// header line, again and again.
type Load struct {
	Kit   *core.Kit // nil: the framework alone
	Guard bool      // whether the route is guarded

	Header, Line string
}

// Bench measures what a kit costs over the bare framework: mounted in front of
// a route, and guarding it too. start serves the load inside the process, with
// a handler that does nothing, and returns what makes one request.
//
// The kit's provider takes every token at no cost, and nothing is stored. What
// is measured is the way to the verdict and back.
func Bench(b *testing.B, start func(b *testing.B, load Load) (request func())) {
	b.Helper()
	kit := newCredulousKit(b)
	token := strings.Repeat("eyJhbGciOiJFUzI1NiJ9", 40) // as long as Cotter's
	for _, c := range []struct {
		name string
		load Load
	}{
		{"Bare", Load{nil, false, "Authorization", "Bearer " + token}},
		{"Mounted", Load{kit, false, "Authorization", "Bearer " + token}},
		{"GuardedByBearer", Load{kit, true, "Authorization", "Bearer " + token}},
		{"GuardedByCookie", Load{kit, true, "Cookie", "theme=dark; " + cookieName + "=" + token}},
	} {
		b.Run(c.name, func(b *testing.B) {
			request := start(b, c.load)
			b.ReportAllocs()
			for b.Loop() {
				request()
			}
		})
	}
}

// newCredulousKit returns a kit without users whose sessions are the tokens of
// a provider that believes everything.
func newCredulousKit(t testing.TB) *core.Kit {
	t.Helper()
	tokens := config.ProviderTokenSession{}
	tokens.User = config.UserNone
	tokens.Transport = []string{config.TransportBearer, config.TransportCookie}
	s := core.Settings{
		Providers:     []provider.Instance{{Type: credulousType, Settings: new(struct{})}},
		ProviderToken: &tokens,
	}
	s.Auth.Mode = config.ModeDevelopment
	s.Auth.BaseURL = baseURL
	kit, err := core.New(t.Context(), s, core.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := kit.Close(); err != nil {
			t.Error(err)
		}
	})
	return kit
}

// credulous is a provider that takes everybody for whom their token names: the
// subject is the text of the request itself.
type credulous struct{}

var credulousType = provider.Define(provider.Definition[struct{}]{
	Type: "credulous",
	Open: func(context.Context, struct{}, provider.Env) (provider.Provider, error) { return credulous{}, nil },
})

func (credulous) Verify(_ context.Context, c provider.Credential) (identity.Identity, error) {
	return identity.Identity{Key: identity.Key{Issuer: "https://issuer.example", Subject: c.AccessToken}}, nil
}
