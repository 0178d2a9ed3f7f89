package httpapi_test

import (
	"net/netip"
	"testing"

	"github.com/cotterpin/cotterpin/core/internal/httpapi"
)

func TestClientIsThePeerUnlessThatIsATrustedProxy(t *testing.T) {
	t.Parallel()
	proxies := httpapi.Proxies{Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}}
	for name, c := range map[string]struct {
		remote    string
		forwarded []string
		want      string
	}{
		"PeerAlone":              {"192.0.2.7:1234", nil, "192.0.2.7"},
		"PeerWithoutPort":        {"192.0.2.7", nil, "192.0.2.7"},
		"IPv6PeerWithZone":       {"[fe80::1%eth0]:1234", nil, "fe80::1"},
		"MappedPeer":             {"[::ffff:192.0.2.7]:1234", nil, "192.0.2.7"},
		"UntrustedPeerSaysElse":  {"192.0.2.7:1234", []string{"9.9.9.9"}, "192.0.2.7"},
		"TrustedProxy":           {"10.1.2.3:1234", []string{"198.51.100.4"}, "198.51.100.4"},
		"TwoTrustedProxies":      {"10.1.2.3:1234", []string{"198.51.100.4, fd00::5"}, "198.51.100.4"},
		"TwoLines":               {"10.1.2.3:1234", []string{"1.1.1.1", "198.51.100.4"}, "198.51.100.4"},
		"ForgedEntryInFront":     {"10.1.2.3:1234", []string{"9.9.9.9, 198.51.100.4, 10.9.9.9"}, "198.51.100.4"},
		"GarbageEndsTheSearch":   {"10.1.2.3:1234", []string{"198.51.100.4, unknown"}, "10.1.2.3"},
		"NothingForwarded":       {"10.1.2.3:1234", nil, "10.1.2.3"},
		"TrustedAllTheWay":       {"10.1.2.3:1234", []string{"10.4.4.4, 10.5.5.5"}, "10.4.4.4"},
		"PeerThatIsNoAddress":    {"@", []string{"9.9.9.9"}, "invalid IP"},
		"ForwardedWithPortGiven": {"10.1.2.3:1234", []string{"198.51.100.4:99"}, "198.51.100.4"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var lines []string
			for _, line := range c.forwarded {
				lines = append(lines, "X-Forwarded-For", line)
			}
			r := request("GET", "/", "h", lines...)
			r.Remote = c.remote
			if got := proxies.Client(r).String(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if got := (httpapi.Proxies{}).Client(r); got.IsValid() && len(c.forwarded) > 0 && got.String() == c.forwarded[0] {
				t.Errorf("without trusted proxies: %s", got)
			}
		})
	}
}
