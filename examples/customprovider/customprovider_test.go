package customprovider_test

import (
	"testing"

	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
	"github.com/cotterpin/cotterpin/examples/customprovider"
)

func TestType_Suite(t *testing.T) {
	t.Parallel()
	providertest.Run(t, providertest.Subject{
		Type: customprovider.Type,
		Settings: func(i *providertest.Issuer) any {
			return &customprovider.Settings{URL: i.URL(), Audience: providertest.Audience}
		},
		Mint: func(i *providertest.Issuer, email string, edits ...providertest.Edit) provider.Tokens {
			return provider.Tokens{AccessToken: i.OIDCToken(email, edits...)}
		},
	})
}
