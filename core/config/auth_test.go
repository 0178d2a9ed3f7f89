package config_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/cotterpin/cotterpin/core/config"
)

func TestAuth_Failures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		auth config.Auth
		want int
	}{
		"Production":            {config.Auth{Mode: config.ModeProduction}, 60},
		"Development":           {config.Auth{Mode: config.ModeDevelopment}, 0},
		"ZeroInProduction":      {config.Auth{Mode: config.ModeProduction, LoginFailures: new(0)}, 0},
		"ExplicitInDevelopment": {config.Auth{Mode: config.ModeDevelopment, LoginFailures: new(5)}, 5},
		"DefaultMode":           {config.Auth{}, 60},
	} {
		if got := c.auth.Failures(); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestAuth_ProxyPrefixes(t *testing.T) {
	t.Parallel()
	auth := config.Auth{TrustedProxies: []string{"10.0.0.7", "10.1.2.3/8", "2001:db8::1", "::ffff:10.0.0.9", "proxy.internal", "unix", ""}}
	want := []netip.Prefix{
		netip.MustParsePrefix("10.0.0.7/32"),
		netip.MustParsePrefix("10.0.0.0/8"),
		netip.MustParsePrefix("2001:db8::1/128"),
		netip.MustParsePrefix("10.0.0.9/32"),
	}
	if got := auth.ProxyPrefixes(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if !auth.TrustsUnix() || (config.Auth{TrustedProxies: []string{"10.0.0.7", "UNIX"}}).TrustsUnix() {
		t.Error("exactly \"unix\" must make the peers of a Unix socket trusted")
	}
}
