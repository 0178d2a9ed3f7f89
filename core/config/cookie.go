package config

import (
	"cmp"

	"github.com/cotterpin/cotterpin/core/internal/defaults"
)

// Cookie is the block `cookie` in a session block. Path is always "/", HttpOnly
// is always set, and Secure is set unless base_url is http.
type Cookie struct {
	// Name of the cookie; "" is the default, see [Cookie.NameFor].
	Name string `hcl:"name,optional" doc:"default __Host-session, over http cotterpin_session; of session provider_token next to own __Host-provider and cotterpin_provider"`

	// Domain also sends the cookie to the subdomains of this domain. It excludes
	// a Name with the prefix "__Host-". Default: the host of base_url alone.
	Domain string `hcl:"domain,optional" doc:"also sends the cookie to the subdomains of this domain; not with a name that begins with __Host-"`

	// SameSite is "lax", the default, "strict" or "none".
	SameSite string `hcl:"same_site,optional" doc:"lax, strict or none"`

	// Partitioned ties the cookie to the top-level site (CHIPS). Default false.
	Partitioned bool `hcl:"partitioned,optional" doc:"ties the cookie to the top-level site (CHIPS)"`
}

// WithDefaults returns c with its zero fields set to their defaults. Name stays
// empty, because its default depends on the scheme of base_url.
func (c Cookie) WithDefaults() Cookie {
	return defaults.Fill(c, Cookie{SameSite: "lax"})
}

// ProviderCookieName returns the default name of the cookie of session
// "provider_token" next to session "own"; see [Cookie.NameFor].
func ProviderCookieName(https bool) string {
	if https {
		return "__Host-provider"
	}
	return "cotterpin_provider"
}

// RefreshNameFor returns the name of the cookie of refresh tokens of session "own"
// in format "jwt": that of the session cookie and "-refresh" or, if Name is empty,
// the default.
func (c Cookie) RefreshNameFor(https bool) string {
	switch {
	case c.Name != "":
		return c.Name + "-refresh"
	case https:
		return "__Host-refresh"
	default:
		return "cotterpin_refresh"
	}
}

// NameFor returns Name or, if it is empty, the default. The prefix "__Host-"
// binds the cookie to one host (RFC 6265bis, section 4.1.3.2) and needs https.
// Over http the default is specific to the kit, because all ports of localhost
// share their cookies.
func (c Cookie) NameFor(https bool) string {
	if https {
		return cmp.Or(c.Name, "__Host-session")
	}
	return cmp.Or(c.Name, "cotterpin_session")
}
