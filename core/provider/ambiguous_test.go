package provider_test

import (
	"testing"

	"github.com/cotterpin/cotterpin/core/provider"
)

func TestProvidersOfOneIssuerDifferInAudienceAndShareTheirKeys(t *testing.T) {
	t.Parallel()
	first := provider.Issuer{Issuer: "https://id.example.com", Audience: []string{"a", "b"}, KeySource: "keys"}
	for name, c := range map[string]struct {
		second provider.Issuer
		want   string
	}{
		"another audience":                  {provider.Issuer{Issuer: first.Issuer, Audience: []string{"c"}, KeySource: "keys"}, ""},
		"another issuer, all else the same": {provider.Issuer{Issuer: "https://id.example.org", Audience: first.Audience, KeySource: "keys"}, ""},
		"an audience in common":             {provider.Issuer{Issuer: first.Issuer, Audience: []string{"c", "b"}, KeySource: "keys"}, "second"},
		"another audience and other keys":   {provider.Issuer{Issuer: first.Issuer, Audience: []string{"c"}, KeySource: "other keys"}, "second"},
	} {
		set := setOf(
			provider.Named{Name: "first", Provider: addressed{issuers: []provider.Issuer{first}}},
			provider.Named{Name: "second", Provider: addressed{issuers: []provider.Issuer{c.second}}},
		)
		if got, err := set.Ambiguous(); got != c.want || (err != nil) != (c.want != "") {
			t.Errorf("%s: got %q and %v, want %q", name, got, err, c.want)
		}
	}
}
