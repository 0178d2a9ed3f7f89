package configfile

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/cotterpin/cotterpin/core/config"
)

const (
	hostPrefix   = "__Host-"
	securePrefix = "__Secure-"
)

// cookieName is a token (RFC 6265, section 4.1.1; RFC 9110, section 5.6.2).
var cookieName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

// cookie checks the cookie of the session block at the path. Rules that compare
// with base_url are skipped while that is invalid.
func (r *rules) cookie(session Path, transport []string, c *config.Cookie) {
	at := session.in("cookie")
	if c.Name != "" && !cookieName.MatchString(c.Name) {
		r.wrong(at.in("name"), "must consist of letters, digits and the punctuation that is valid in a cookie's name, such as \"__Host-session\"")
	}
	if !slices.Contains([]string{"lax", "strict", "none"}, c.SameSite) {
		r.wrong(at.in("same_site"), `must be "lax", "strict" or "none"`)
	}
	base, ok := r.base()
	if !ok {
		return
	}
	if base.Scheme == "http" {
		r.cookieOverHTTP(at, *c)
	}
	if c.Domain != "" {
		r.cookieDomain(at.in("domain"), *c, base)
	}
	cookieAlone := slices.Contains(transport, config.TransportCookie) && !slices.Contains(transport, config.TransportBearer)
	if cookieAlone && c.SameSite != "none" {
		r.sameSite(c.SameSite, base)
	}
}

// cookieOverHTTP rejects what browsers accept over https only (RFC 6265bis,
// sections 4.1.3 and 5.6.2; CHIPS).
func (r *rules) cookieOverHTTP(at Path, c config.Cookie) {
	if hasPrefix(c.Name, hostPrefix) || hasPrefix(c.Name, securePrefix) {
		r.wrong(at.in("name"), "browsers accept a cookie with this name over https only, and base_url is http: leave the name out")
	}
	if c.SameSite == "none" {
		r.wrong(at.in("same_site"), `browsers accept "none" over https only, and base_url is http: use "lax" or "strict"`)
	}
	if c.Partitioned {
		r.wrong(at.in("partitioned"), "browsers accept a partitioned cookie over https only, and base_url is http: leave it out")
	}
}

// hasPrefix compares as browsers do: in any case of letters.
func hasPrefix(name, prefix string) bool {
	return len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix)
}

func (r *rules) cookieDomain(at Path, c config.Cookie, base *url.URL) {
	host := base.Hostname()
	_, isPublic := publicsuffix.EffectiveTLDPlusOne(c.Domain)
	switch _, isAddress := netip.ParseAddr(host); {
	case hasPrefix(c.NameFor(base.Scheme == "https"), hostPrefix):
		r.wrong(at, `a cookie whose name begins with "__Host-" belongs to one host: leave the domain out, or choose another name, such as "__Secure-session"`)
	case isAddress == nil:
		r.wrong(at, "the host of base_url is an address, which has no domains above it: leave the domain out")
	case c.Domain != host && !strings.HasSuffix(host, "."+c.Domain):
		r.wrong(at, "must be the host of base_url, %q, or a domain above it, without a dot in front", host)
	case isPublic != nil:
		r.wrong(at, "must not be a public suffix, below which every organization can have a host: browsers reject such a cookie")
	}
}

// sameSite rejects allowed origins from which browsers never send the cookie.
func (r *rules) sameSite(policy string, base *url.URL) {
	for _, origin := range r.settings.Auth.AllowedOrigins {
		if originProblem(origin, r.mayBeDevelopment()) != "" {
			continue
		}
		if u, err := url.Parse(origin); err == nil && siteOf(u) != siteOf(base) {
			r.wrong(Path{Block: BlockAuth, Argument: "allowed_origins"},
				`%q is on another site than base_url (%s), and browsers send no cookie from one site to another under same_site = %q: serve it below that site, add "bearer" to transport, or set same_site = "none"`,
				origin, siteOf(base), policy)
		}
	}
}
