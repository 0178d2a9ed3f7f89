package httpapi

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/cotterpin/cotterpin/core/web"
)

// CrossOriginGuard refuses requests that a page of another origin made a
// browser send. It decides exactly as [http.CrossOriginProtection] does, with
// TrustedOrigins added as trusted, but on values rather than on a request of
// net/http: GET, HEAD and OPTIONS pass, and so does a request that bears
// neither Sec-Fetch-Site nor Origin: browsers send one of them since 2023.
type CrossOriginGuard struct {
	TrustedOrigins []string // scheme://host[:port], exact
}

// Allows reports whether the request may go on.
func (g CrossOriginGuard) Allows(r web.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return true
	}
	origin := r.First("Origin")
	switch r.First("Sec-Fetch-Site") {
	case "same-origin", "none":
		return true
	case "":
		return origin == "" || isOn(origin, r.Host) || g.trusts(origin)
	default:
		return g.trusts(origin)
	}
}

func (g CrossOriginGuard) trusts(origin string) bool {
	return slices.Contains(g.TrustedOrigins, origin)
}

// isOn reports whether an origin is on the host, whatever its scheme.
func isOn(origin, host string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Host == host
}
