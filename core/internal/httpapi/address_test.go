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
			if got, _ := proxies.Client(r); got.String() != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if got, _ := (httpapi.Proxies{}).Client(r); got.IsValid() && len(c.forwarded) > 0 && got.String() == c.forwarded[0] {
				t.Errorf("without trusted proxies: %s", got)
			}
		})
	}
}

// S07, S08: what indicates that an address is shared by many clients.
func TestProxies_Doubt(t *testing.T) {
	t.Parallel()
	listed := httpapi.Proxies{Trusted: []netip.Prefix{netip.MustParsePrefix("10.1.2.3/32")}}
	socket := httpapi.Proxies{Unix: true}
	const forwarded = "X-Forwarded-For"
	for name, c := range map[string]struct {
		proxies httpapi.Proxies
		remote  string
		lines   []string
		client  string
		doubt   httpapi.Doubt
	}{
		"nothing forwarded":          {listed, "192.0.2.7:1", nil, "192.0.2.7", 0},
		"loopback, none forwarded":   {listed, "127.0.0.1:1", nil, "127.0.0.1", 0},
		"loopback":                   {listed, "127.0.0.1:1", []string{forwarded, "192.0.2.9"}, "127.0.0.1", httpapi.LocalProxy},
		"IPv6 loopback":              {listed, "[::1]:1", []string{forwarded, "192.0.2.9"}, "::1", httpapi.LocalProxy},
		"mapped loopback":            {listed, "[::ffff:127.0.0.1]:1", []string{forwarded, "192.0.2.9"}, "127.0.0.1", httpapi.LocalProxy},
		"private":                    {listed, "192.168.0.9:1", []string{forwarded, "192.0.2.9"}, "192.168.0.9", httpapi.LocalProxy},
		"unique local":               {listed, "[fd00::9]:1", []string{forwarded, "192.0.2.9"}, "fd00::9", httpapi.LocalProxy},
		"link-local":                 {listed, "[fe80::9%eth0]:1", []string{forwarded, "192.0.2.9"}, "fe80::9", httpapi.LocalProxy},
		"shared space":               {listed, "100.64.0.9:1", []string{forwarded, "192.0.2.9"}, "100.64.0.9", httpapi.LocalProxy},
		"empty value":                {listed, "127.0.0.1:1", []string{forwarded, ""}, "127.0.0.1", httpapi.LocalProxy},
		"Forwarded":                  {listed, "127.0.0.1:1", []string{"Forwarded", "for=192.0.2.9"}, "127.0.0.1", httpapi.LocalProxy},
		"X-Real-IP":                  {listed, "127.0.0.1:1", []string{"X-Real-Ip", "192.0.2.9"}, "127.0.0.1", httpapi.LocalProxy},
		"public":                     {listed, "192.0.2.7:1", []string{forwarded, "192.0.2.9"}, "192.0.2.7", httpapi.PublicProxy},
		"listed":                     {listed, "10.1.2.3:1", []string{forwarded, "192.0.2.9"}, "192.0.2.9", 0},
		"listed, own request":        {listed, "10.1.2.3:1", nil, "10.1.2.3", 0},
		"listed, another field":      {listed, "10.1.2.3:1", []string{"Forwarded", "for=192.0.2.9"}, "10.1.2.3", httpapi.NoForwarded},
		"listed, no address":         {listed, "10.1.2.3:1", []string{forwarded, "unknown"}, "10.1.2.3", httpapi.NoForwarded},
		"unlisted behind listed":     {listed, "10.1.2.3:1", []string{forwarded, "192.0.2.9, 10.9.9.9"}, "10.9.9.9", httpapi.LocalProxy},
		"client sends the field too": {listed, "10.1.2.3:1", []string{forwarded, "1.1.1.1, 192.0.2.9"}, "192.0.2.9", 0},
		"client behind a socket":     {socket, "@", []string{forwarded, "192.0.2.9"}, "192.0.2.9", 0},
		"socket, nothing forwarded":  {socket, "", nil, "invalid IP", httpapi.NoForwarded},
		"socket, no address":         {socket, "@", []string{forwarded, "unknown"}, "invalid IP", httpapi.NoForwarded},
		"socket that is not listed":  {listed, "@", []string{forwarded, "192.0.2.9"}, "invalid IP", httpapi.NoAddress},
		"TCP next to a socket":       {socket, "127.0.0.1:1", []string{forwarded, "192.0.2.9"}, "127.0.0.1", httpapi.LocalProxy},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := request("GET", "/", "h", c.lines...)
			r.Remote = c.remote
			if client, doubt := c.proxies.Client(r); client.String() != c.client || doubt != c.doubt {
				t.Errorf("got %s and doubt %d, want %s and %d", client, doubt, c.client, c.doubt)
			}
		})
	}
}
