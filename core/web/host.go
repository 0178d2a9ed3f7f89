package web

import (
	"net/netip"
	"strings"
)

// IsLoopback reports whether a host without port is "localhost" or a loopback
// address (RFC 6761, section 6.3). It resolves no name.
func IsLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback()
}
