package config

import "time"

const day = 24 * time.Hour

// DefaultAuth returns the arguments of `auth` where the file is silent.
func DefaultAuth() Auth {
	return Auth{Mode: ModeProduction, Path: "/auth"}
}

// DefaultUsers returns the arguments of `users` where the file is silent.
func DefaultUsers() Users {
	return Users{Create: true}
}

// DefaultOwnSession returns the arguments of `session "own"` where the file is
// silent.
func DefaultOwnSession() OwnSession {
	return OwnSession{
		TTL:        Duration(30 * day),
		IdleTTL:    Duration(7 * day),
		Transport:  []string{TransportCookie},
		MaxPerUser: 20,
	}
}

// DefaultProviderTokenSession returns the arguments of
// `session "provider_token"` where the file is silent.
func DefaultProviderTokenSession() ProviderTokenSession {
	return ProviderTokenSession{
		Transport: []string{TransportBearer},
		User:      UserRequired,
		CacheTTL:  Duration(time.Minute),
	}
}

// DefaultCookie returns the arguments of `cookie` where the file is silent.
// Name stays empty: it follows the scheme of base_url.
func DefaultCookie() Cookie {
	return Cookie{SameSite: "lax"}
}

// DefaultCookieName returns the name of the session cookie where the file is
// silent. The prefix "__Host-" binds the cookie to one host (RFC 6265bis,
// section 4.1.3.2) and needs https; localhost's ports share their cookies, so
// that the other name is one that no other application has.
func DefaultCookieName(https bool) string {
	if https {
		return "__Host-session"
	}
	return "cotterpin_session"
}
