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
		Type:          customprovider.Type,
		KeyIDOptional: true,
		Settings: func(i *providertest.Issuer) any {
			return &customprovider.Settings{URL: i.URL(), Audience: []string{providertest.Audience}}
		},
		Mint: func(i *providertest.Issuer, email string, edits ...providertest.Edit) provider.Tokens {
			return provider.Tokens{AccessToken: i.OIDCToken(email, edits...)}
		},
	})
}

func TestType_UnverifiedEmail(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	settings := &customprovider.Settings{URL: i.URL(), Audience: []string{providertest.Audience}}
	opened, err := providertest.Open(t, provider.NewInstance(customprovider.Type, "", settings, provider.Trust("email")), i.Now)
	if err != nil {
		t.Fatal(err)
	}
	for verified, want := range map[bool]string{true: "ada@example.com", false: ""} {
		raw := i.OIDCToken("ada@example.com", providertest.Claim("email_verified", verified))
		if id, err := opened.Login(t.Context(), provider.Tokens{AccessToken: raw}); err != nil || id.Email.Value != want {
			t.Errorf("email_verified %t: got %q and %v, want %q", verified, id.Email.Value, err, want)
		}
	}
}
