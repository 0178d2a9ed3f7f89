package httpapi_test

import (
	"net/netip"
	"testing"

	"github.com/cotterpin/cotterpin/core/internal/httpapi"
)

func TestProxies_Client(t *testing.T) {
	t.Parallel()
	proxies := httpapi.Proxies{Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}}
	for name, c := range map[string]struct {
		remote    string
		forwarded []string
		want      string
	}{
		"peer":                      {"192.0.2.7:1234", nil, "192.0.2.7"},
		"peer without port":         {"192.0.2.7", nil, "192.0.2.7"},
		"IPv6 peer with zone":       {"[fe80::1%eth0]:1234", nil, "fe80::1"},
		"mapped peer":               {"[::ffff:192.0.2.7]:1234", nil, "192.0.2.7"},
		"untrusted peer":            {"192.0.2.7:1234", []string{"9.9.9.9"}, "192.0.2.7"},
		"trusted proxy":             {"10.1.2.3:1234", []string{"198.51.100.4"}, "198.51.100.4"},
		"two trusted proxies":       {"10.1.2.3:1234", []string{"198.51.100.4, fd00::5"}, "198.51.100.4"},
		"two lines":                 {"10.1.2.3:1234", []string{"1.1.1.1", "198.51.100.4"}, "198.51.100.4"},
		"forged entry in front":     {"10.1.2.3:1234", []string{"9.9.9.9, 198.51.100.4, 10.9.9.9"}, "198.51.100.4"},
		"garbage behind the client": {"10.1.2.3:1234", []string{"198.51.100.4, unknown"}, "10.1.2.3"},
		"nothing forwarded":         {"10.1.2.3:1234", nil, "10.1.2.3"},
		"trusted addresses only":    {"10.1.2.3:1234", []string{"10.4.4.4, 10.5.5.5"}, "10.4.4.4"},
		"peer is not an address":    {"@", []string{"9.9.9.9"}, "invalid IP"},
		"forwarded with port":       {"10.1.2.3:1234", []string{"198.51.100.4:99"}, "198.51.100.4"},
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
