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
	Unix    bool // whether peers without an address are trusted, as over a Unix socket
}

// Doubt is why an address may not be the client's. It is zero if nothing indicates
// that.
type Doubt int

// The doubts about an address.
const (
	NoAddress   Doubt = iota + 1 // the peer has none and is not trusted
	LocalProxy                   // a loopback or private address forwards requests and is not trusted
	PublicProxy                  // a public peer does: a proxy, or a client that sends the field
	NoForwarded                  // a trusted proxy does not name the client in X-Forwarded-For
)

// Client returns the client's address: the socket's peer or, if that is a
// trusted proxy, the nearest address in X-Forwarded-For that is not. The zero
// address if it is unknown.
func (p Proxies) Client(r web.Request) (netip.Addr, Doubt) {
	peer := parseAddress(r.Remote)
	client := peer
	var hops []string
	if lines := r.Header.Values("X-Forwarded-For"); len(lines) > 0 {
		hops = strings.Split(strings.Join(lines, ","), ",")
	}
	for len(hops) > 0 && p.trusts(client) {
		hop := parseAddress(strings.TrimSpace(hops[len(hops)-1]))
		if !hop.IsValid() {
			break
		}
		client, hops = hop, hops[:len(hops)-1]
	}
	return client, p.doubt(client, client == peer, len(hops) > 0 || forwardsOtherwise(r))
}

// doubt returns the doubt about an address: whether it is the peer's, and whether
// the request was forwarded from there. A public address behind a trusted proxy is
// that of the client, which may send the field too.
func (p Proxies) doubt(client netip.Addr, isPeer, forwards bool) Doubt {
	switch trusted := p.trusts(client); {
	case !client.IsValid() && !trusted:
		return NoAddress
	case trusted && (forwards || !client.IsValid()):
		return NoForwarded
	case !forwards || trusted:
		return 0
	case isLocal(client):
		return LocalProxy
	case isPeer:
		return PublicProxy
	default:
		return 0
	}
}

func (p Proxies) trusts(a netip.Addr) bool {
	if !a.IsValid() {
		return p.Unix
	}
	for _, prefix := range p.Trusted {
		if prefix.Contains(a) {
			return true
		}
	}
	return false
}

// forwardsOtherwise reports whether the request has a field in which proxies name
// the client, other than X-Forwarded-For and not read.
func forwardsOtherwise(r web.Request) bool {
	return len(r.Header.Values("X-Forwarded-For")) == 0 &&
		(len(r.Header.Values("Forwarded")) > 0 || len(r.Header.Values("X-Real-Ip")) > 0)
}

// shared is the address space between a provider and its customers, which is not
// public either (RFC 6598).
var shared = netip.MustParsePrefix("100.64.0.0/10")

func isLocal(a netip.Addr) bool {
	return a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || shared.Contains(a)
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
