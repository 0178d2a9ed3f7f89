package config

import (
	"net/netip"
	"slices"

	"github.com/cotterpin/cotterpin/core/internal/defaults"
)

// Values of Auth.Mode.
const (
	ModeProduction  = "production"
	ModeDevelopment = "development"
)

// Auth is the block `auth`.
type Auth struct {
	// Mode is [ModeProduction], the default, or [ModeDevelopment].
	Mode string `hcl:"mode,optional" doc:"production, or development, which allows http and the emulator"`

	// BaseURL is the application's origin. Required.
	BaseURL string `hcl:"base_url" doc:"the application's origin, such as https://api.example.com"`

	// Path is the prefix of the kit's routes. Default "/auth".
	Path string `hcl:"path,optional" doc:"the prefix of the kit's routes"`

	// AllowedOrigins lists further origins that may call the kit from a browser or
	// an app's web view. Default none.
	AllowedOrigins []string `hcl:"allowed_origins,optional" doc:"origins that may call from a browser (CORS and the cross-origin guard); origins of apps, such as capacitor://localhost, need the transport bearer"`

	// TrustedProxies lists the addresses and CIDR blocks whose X-Forwarded-For
	// is trusted, and "unix" if that of a Unix socket's peer is. Default none: the
	// client's address is that of the socket. No other field is read.
	//
	// If a loopback or private address that is not listed forwards requests, the
	// kit logs a warning once, and LoginFailures does not apply to them, because
	// all clients share that address.
	TrustedProxies []string `hcl:"trusted_proxies,optional" doc:"addresses or CIDR blocks whose X-Forwarded-For is trusted; unix for the peers of a Unix socket"`

	// LoginFailures is the number of refused logins and refreshes per minute and
	// address (an IPv6 /64) before the response is 429. 0 is no limit. Default
	// 60, in development 0.
	LoginFailures *int `hcl:"login_failures,optional" doc:"refused logins and refreshes per minute and address; 0 is no limit; default 60, in development 0"`

	// RequestIDHeader is the header field in which the application's proxy or
	// middleware sends the id of a request, such as "X-Request-Id". Error responses
	// and log lines then contain that id, and error responses have the field.
	// Without the field, or if its value is not 1 to 128 letters, digits or
	// "-._~+/=:", the kit generates an id. Default: none; each id is generated.
	RequestIDHeader string `hcl:"request_id_header,optional" doc:"header field with the request's id, such as X-Request-Id, for errors and the log"`
}

// WithDefaults returns a with its zero fields set to their defaults.
// LoginFailures stays nil, because its default depends on Mode; see
// [Auth.Failures].
func (a Auth) WithDefaults() Auth {
	return defaults.Fill(a, Auth{Mode: ModeProduction, Path: "/auth"})
}

// Failures returns LoginFailures or, if it is nil, the default of the mode.
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

// TrustsUnix reports whether TrustedProxies contains "unix".
func (a Auth) TrustsUnix() bool { return slices.Contains(a.TrustedProxies, unixPeers) }

// unixPeers is the element of TrustedProxies for the peers of a Unix socket, which
// have no address.
const unixPeers = "unix"

// ProxyPrefixes returns TrustedProxies as networks, without "unix" and the elements
// that are neither an address nor a CIDR block, which the kit refuses at the start.
func (a Auth) ProxyPrefixes() []netip.Prefix {
	var prefixes []netip.Prefix
	for _, proxy := range a.TrustedProxies {
		if prefix, err := ParseProxy(proxy); err == nil {
			prefixes = append(prefixes, prefix)
		}
	}
	return prefixes
}

// ParseProxy parses an element of TrustedProxies: an address or a CIDR block.
func ParseProxy(s string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(s); err == nil {
		address = address.Unmap().WithZone("")
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(s)
	return prefix.Masked(), err
}
