package config_test

import (
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"github.com/cotterpin/cotterpin/core/config"
)

func TestLoginFailuresFollowTheModeUnlessTheyAreGiven(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		auth config.Auth
		want int
	}{
		"Production":           {config.Auth{Mode: config.ModeProduction}, 60},
		"Development":          {config.Auth{Mode: config.ModeDevelopment}, 0},
		"ZeroInProduction":     {config.Auth{Mode: config.ModeProduction, LoginFailures: new(0)}, 0},
		"GivenWhenDeveloping":  {config.Auth{Mode: config.ModeDevelopment, LoginFailures: new(5)}, 5},
		"ModeOfTheZeroSetting": {config.Auth{}, 60},
	} {
		if got := c.auth.Failures(); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestProxiesAreAddressesAndNetworks(t *testing.T) {
	t.Parallel()
	auth := config.Auth{TrustedProxies: []string{"10.0.0.7", "10.1.2.3/8", "2001:db8::1", "::ffff:10.0.0.9", "proxy.internal", ""}}
	want := []netip.Prefix{
		netip.MustParsePrefix("10.0.0.7/32"),
		netip.MustParsePrefix("10.0.0.0/8"),
		netip.MustParsePrefix("2001:db8::1/128"),
		netip.MustParsePrefix("10.0.0.9/32"),
	}
	if got := auth.ProxyPrefixes(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestDefaultsAreNotShared(t *testing.T) {
	t.Parallel()
	first := config.DefaultOwnSession()
	first.Transport[0] = "changed"
	if second := config.DefaultOwnSession(); !reflect.DeepEqual(second.Transport, []string{config.TransportCookie}) {
		t.Errorf("the next default is %v", second.Transport)
	}
}

func TestTheNameOfTheCookieFollowsTheScheme(t *testing.T) {
	t.Parallel()
	if got := config.DefaultCookieName(true); got != "__Host-session" {
		t.Errorf("over https %q", got)
	}
	if got := config.DefaultCookieName(false); got != "cotterpin_session" {
		t.Errorf("over http %q", got)
	}
}
