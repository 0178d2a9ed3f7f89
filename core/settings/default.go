package settings

import "time"

const day = 24 * time.Hour

// DefaultAuth returns the arguments of `auth` where the file is silent.
func DefaultAuth() Auth {
	return Auth{Mode: Production, Path: "/auth"}
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
		Transport:  []string{Cookie},
		MaxPerUser: 20,
	}
}

// DefaultProviderTokenSession returns the arguments of
// `session "provider_token"` where the file is silent.
func DefaultProviderTokenSession() ProviderTokenSession {
	return ProviderTokenSession{
		Transport: []string{Bearer},
		User:      UserRequired,
		CacheTTL:  Duration(time.Minute),
	}
}

// DefaultCookie returns the arguments of `cookie` where the file is silent.
// Name stays empty: it follows the scheme of base_url.
func DefaultCookie() CookieSettings {
	return CookieSettings{SameSite: "lax"}
}
