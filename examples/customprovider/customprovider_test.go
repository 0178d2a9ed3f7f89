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
			opened, err := open(t, customprovider.Settings{URL: i.URL(), Audience: providertest.Audience})
			if err != nil {
				t.Fatal(err)
			}
			return opened
		},
	})
}

func TestCheckAsksForTheKeys(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		path string // of the gateway
		want bool
	}{
		"Published": {"", true},
		"Missing":   {"/elsewhere", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opened, err := open(t, customprovider.Settings{URL: providertest.NewIssuer(t).URL() + c.path, Audience: "crm"})
			if err != nil {
				t.Fatal(err)
			}
			if err := opened.(provider.Checker).Check(t.Context()); (err == nil) != c.want {
				t.Errorf("got %v, want keys: %t", err, c.want)
			}
		})
	}
}

func TestWithoutAnAudienceThereIsNoProvider(t *testing.T) {
	t.Parallel()
	good := customprovider.Settings{URL: "https://gateway.example.com", Audience: "crm"}
	if _, err := open(t, good); err != nil {
		t.Fatal(err)
	}
	good.Audience = ""
	if opened, err := open(t, good); err == nil || opened != nil {
		t.Errorf("got %v and %v", opened, err)
	}
}

func open(t *testing.T, s customprovider.Settings) (provider.Provider, error) {
	t.Helper()
	client, err := provider.NewHTTPClient(nil, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	return customprovider.Type.Open(t.Context(), &s, provider.Env{
		Name:        "gateway",
		Common:      provider.DefaultCommon(),
		Development: true,
		HTTPClient:  client,
		Now:         time.Now,
		Log:         slog.New(slog.DiscardHandler),
	})
}
