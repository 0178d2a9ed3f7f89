package customprovider_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
	"github.com/cotterpin/cotterpin/examples/customprovider"
)

func TestProvider(t *testing.T) {
	t.Parallel()
	providertest.Run(t, providertest.Subject{
		Slot: provider.AccessToken,
		Mint: func(i *providertest.Issuer, identifier string, edits ...providertest.Edit) provider.Credential {
			return provider.Credential{AccessToken: i.OIDCToken(identifier, edits...)}
		},
		Open: func(t *testing.T, i *providertest.Issuer) provider.Provider {
			t.Helper()
			client, err := provider.NewHTTPClient(nil, "", nil)
			if err != nil {
				t.Fatal(err)
			}
			settings := &customprovider.Settings{URL: i.URL(), Audience: providertest.Audience}
			opened, err := customprovider.Type.Open(t.Context(), settings, provider.Env{
				Name:        "gateway",
				Common:      provider.DefaultCommon(),
				Development: true,
				HTTPClient:  client,
				Now:         time.Now,
				Log:         slog.New(slog.DiscardHandler),
			})
			if err != nil {
				t.Fatal(err)
			}
			return opened
		},
	})
}
