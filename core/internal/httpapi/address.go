package httpapi

import (
	"net/netip"
	"strings"

	"github.com/cotterpin/cotterpin/core/web"
)

// Proxies lists the peers whose X-Forwarded-For is trusted. The zero value
// trusts none.
type Proxies struct {
	Trusted []netip.Prefix
}

// Client returns the client's address: the socket's peer or, if that is a
// trusted proxy, the nearest address in X-Forwarded-For that is not. The zero
// address if the peer is unknown.
func (p Proxies) Client(r web.Request) netip.Addr {
	client := parseAddress(r.Remote)
	if !p.trusts(client) {
		return client
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && p.trusts(client); i-- {
		hop := parseAddress(strings.TrimSpace(hops[i]))
		if !hop.IsValid() {
			break
		}
		client = hop
	}
	return client
}

func (p Proxies) trusts(a netip.Addr) bool {
	for _, prefix := range p.Trusted {
		if prefix.Contains(a) {
			return true
		}
	}
	return false
}

// parseAddress parses host:port or an address; anything else is the zero
// address.
func parseAddress(text string) netip.Addr {
	if hostPort, err := netip.ParseAddrPort(text); err == nil {
		return hostPort.Addr().Unmap().WithZone("")
	}
	a, _ := netip.ParseAddr(text)
	return a.Unmap().WithZone("")
}
