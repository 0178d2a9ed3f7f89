// Package settings holds the blocks of the configuration file that are the
// kit's own, as data: one struct a block, with its `hcl` and `doc` tags. They
// are filled by package config from a file, or by a program in Go; everything
// the file says can be said in Go. What lives (clock, log, hooks) is not here.
//
// Defaults are in this package's Default functions alone. The zero value of a
// field means zero, not "default", but where its comment says otherwise.
package config

import "net/netip"

// Modes of Auth.Mode.
const (
	ModeProduction  = "production"
	ModeDevelopment = "development"
)

// Auth is the block `auth`.
type Auth struct {
	// Mode is "production" (default) or "development". Only development allows
	// http, and the emulator.
	Mode string `hcl:"mode,optional" doc:"production, or development: allows http and the emulator"`

	// BaseURL is the origin under which the application is reached, such as
	// "https://api.example.com". Required; no path, no trailing slash.
	BaseURL string `hcl:"base_url" doc:"the application's origin, such as https://api.example.com"`

	// Path is where the kit's routes are. Default "/auth".
	Path string `hcl:"path,optional" doc:"where the kit's routes are"`

	// AllowedOrigins may call the kit from a browser: CORS and the
	// cross-origin guard alike. Default: none but BaseURL.
	AllowedOrigins []string `hcl:"allowed_origins,optional" doc:"origins that may call from a browser (CORS and the cross-origin guard)"`

	// TrustedProxies are addresses or CIDR blocks whose X-Forwarded-For is
	// believed. Default: none; the caller is the peer of the socket.
	TrustedProxies []string `hcl:"trusted_proxies,optional" doc:"addresses or CIDR blocks whose X-Forwarded-For is believed"`

	// LoginFailures is how many refused logins and refreshes an address (an
	// IPv6 /64) has in a minute before it gets 429. 0 is no limit. Default: 60
	// in production, 0 in development; a nil pointer means the default.
	LoginFailures *int `hcl:"login_failures,optional" doc:"refused logins and refreshes an address has in a minute; 0 is no limit; default 60, in development 0"`
}

// Users is the block `users`.
type Users struct {
	// Create says whether an unknown identity becomes a user at its first
	// login. Default true; false answers registration_closed.
	Create bool `hcl:"create,optional" doc:"whether an unknown identity becomes a user at its first login"`
}

// The session strategies, which are labels of the block `session`, and what
// the token of a session travels in.
const (
	StrategyOwn           = "own"
	StrategyProviderToken = "provider_token"

	TransportCookie = "cookie"
	TransportBearer = "bearer"
)

// OwnSession is the block `session "own"`.
type OwnSession struct {
	// TTL is how long a session lasts at most. Default 30 days.
	TTL Duration `hcl:"ttl,optional" doc:"how long a session lasts at most"`
	// IdleTTL is how long a session lasts without a request; at most TTL, zero
	// switches it off. Default 7 days. The last request is written down at most
	// every min(1 h, IdleTTL/10), so a session may end that much early.
	IdleTTL Duration `hcl:"idle_ttl,optional" doc:"how long a session lasts without a request; 0s: no limit"`
	// Transport lists what sessions may travel in: "cookie", "bearer". The
	// first is the default of a login. Default cookie.
	Transport []string `hcl:"transport,optional" doc:"cookie, bearer, or both; the first is the default of a login"`
	// MaxPerUser is how many sessions a user has; a login over it ends the
	// oldest. Default 20.
	MaxPerUser int `hcl:"max_per_user,optional" doc:"how many sessions a user has; the oldest is ended"`
	// Claims names further claims of the provider's token that the session
	// keeps, so that guards can ask for them. Default none.
	Claims []string `hcl:"claims,optional" doc:"further claims of the provider's token that the session keeps for guards"`
	// Cookie; nil means the defaults.
	Cookie *Cookie `hcl:"cookie,block"`
}

// ProviderTokenSession is the block `session "provider_token"`.
type ProviderTokenSession struct {
	// Transport lists what tokens may travel in: "bearer", "cookie". Default bearer.
	Transport []string `hcl:"transport,optional" doc:"bearer, cookie, or both; the first is the default of a login"`
	// User is "required" (default: the identity must be registered) or "none"
	// (nothing is stored; no database).
	User string `hcl:"user,optional" doc:"required: the identity must be registered; none: no users and no database"`
	// CacheTTL is how long a found identity is trusted without asking the
	// database again. Default 60 s. "Not registered" is never cached.
	CacheTTL Duration `hcl:"cache_ttl,optional" doc:"how long a found identity is trusted without asking the database"`
	// Cookie; nil means the defaults.
	Cookie *Cookie `hcl:"cookie,block"`
}

// Values of ProviderTokenSession.User.
const (
	UserRequired = "required"
	UserNone     = "none"
)

// Cookie is the block `cookie` in a session block. Path is always "/",
// HttpOnly always set, Secure set unless base_url is http.
type Cookie struct {
	// Name; "" means "__Host-session", or "cotterpin_session" where base_url is http.
	Name string `hcl:"name,optional" doc:"default __Host-session, over http cotterpin_session"`
	// Domain widens the cookie to sub-domains; not possible with the prefix
	// "__Host-". Default: this host alone.
	Domain string `hcl:"domain,optional" doc:"widens the cookie to sub-domains; not with __Host-"`
	// SameSite is "lax" (default), "strict" or "none".
	SameSite string `hcl:"same_site,optional" doc:"lax, strict or none"`
	// Partitioned ties the cookie to the top-level site (CHIPS). Default false.
	Partitioned bool `hcl:"partitioned,optional" doc:"ties the cookie to the top-level site (CHIPS)"`
}

// Failures returns LoginFailures or, where it is nil, the default of the mode.
func (a Auth) Failures() int {
	switch {
	case a.LoginFailures != nil:
		return *a.LoginFailures
	case a.Mode == ModeDevelopment:
		return 0
	default:
		return 60
	}
}

// ProxyPrefixes returns TrustedProxies as networks. What is neither an address
// nor a CIDR block is left out; the rules of package config refuse it.
func (a Auth) ProxyPrefixes() []netip.Prefix {
	var prefixes []netip.Prefix
	for _, text := range a.TrustedProxies {
		if prefix, err := ParseProxy(text); err == nil {
			prefixes = append(prefixes, prefix)
		}
	}
	return prefixes
}

// ParseProxy reads an element of TrustedProxies: an address or a CIDR block.
func ParseProxy(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		address = address.Unmap().WithZone("")
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	return prefix.Masked(), err
}
