package config

import (
	"time"

	"github.com/cotterpin/cotterpin/core/internal/defaults"
)

// The session strategies, which are the labels of the block `session`.
const (
	StrategyOwn           = "own"
	StrategyProviderToken = "provider_token"
)

// Values of Transport: how a session travels.
const (
	TransportCookie = "cookie"
	TransportBearer = "bearer"
)

// Values of OwnSession.Format.
const (
	FormatOpaque = "opaque"
	FormatJWT    = "jwt"
)

// Values of OwnSession.Check.
const (
	CheckNone     = "none"
	CheckDatabase = "database"
)

// OwnSession is the block `session "own"`.
type OwnSession struct {
	// TTL is the longest duration of a session. Default 30 days.
	TTL Duration `hcl:"ttl,optional" doc:"the longest duration of a session"`

	// IdleTTL is the longest duration without a request, at most TTL. [Off] is
	// no limit. Default 7 days. The last request is recorded at most once every
	// min(1 h, IdleTTL/10), so a session may expire that much earlier.
	IdleTTL Duration `hcl:"idle_ttl,optional" doc:"the longest duration without a request, at most ttl; 0s is no limit"`

	// Transport lists how sessions travel. The first is the default of a login.
	// Default cookie.
	Transport []string `hcl:"transport,optional" doc:"cookie, bearer, or both; the first is the default of a login"`

	// MaxPerUser is the number of active sessions of a user. One more login
	// revokes the oldest. Default 20.
	MaxPerUser int `hcl:"max_per_user,optional" doc:"active sessions of a user; one more login revokes the oldest"`

	// Claims lists further claims of the provider's token that the session
	// keeps for guards: plain names, or JSON Pointers (RFC 6901) such as
	// "/realm_access/roles". Of claims that are larger than 1 KiB together, those
	// listed first are kept as long as they fit, and the log names the others. acr
	// and auth_time are always kept. Default none.
	Claims []string `hcl:"claims,optional" doc:"further claims of the provider's token, by name or JSON Pointer, that the session keeps for guards: as many of the first as fit into 1 KiB"`

	// CacheTTL is how long a session in format "opaque" that was found is accepted
	// without another database query. The default, zero, queries at each request.
	//
	// Logout, revocation, disabling and deletion take effect on the same process at
	// once. On other processes they take effect within a second with PostgreSQL, whose
	// notifications remove the session; while they are lost nothing is cached. With
	// other databases they take effect within CacheTTL. A guard can demand a query, and
	// the kit's own routes always do.
	CacheTTL Duration `hcl:"cache_ttl,optional" doc:"format opaque: how long a session that was found is accepted without another database query; another process may revoke it: with postgres that takes effect within a second, otherwise within this time; 0s queries at each request"`

	// Format is [FormatOpaque], the default: random tokens that are looked up in the
	// database at each request; or [FormatJWT]: signed access tokens, which other
	// services can verify with /jwks.json, and refresh tokens.
	Format string `hcl:"format,optional" doc:"opaque: tokens that are looked up in the database at each request; jwt: signed access tokens and refresh tokens"`

	// AccessTTL is how long after its logout or revocation a session in format "jwt"
	// is still recognized with Check [CheckNone], and how long its access tokens are
	// valid: 1 second to 15 minutes. No token outlives its session. Default 5 minutes.
	AccessTTL Duration `hcl:"access_ttl,optional" doc:"format jwt: how long an access token is valid, at most 15m, also after logout if check is none"`

	// RefreshGrace is how long the last refresh token that was exchanged may be
	// exchanged for the same successor again, while that is unused: for tabs that
	// refresh at the same time and responses that are lost. At most one minute. [Off]:
	// any second use ends the session. Default 10 seconds.
	RefreshGrace Duration `hcl:"refresh_grace,optional" doc:"format jwt: how long a second use of a refresh token returns the same successor, at most 1m, while that is unused; 0s: any second use ends the session"`

	// Check is [CheckNone], the default: after logout, revocation, disabling or
	// deletion a guard accepts an access token of format "jwt" until it expires, at
	// most AccessTTL later, and no request queries the database. [CheckDatabase]: each
	// request queries it, and they take effect at the next request. A guard can
	// demand that alone, and the kit's own routes always do.
	Check string `hcl:"check,optional" doc:"format jwt: none: a revoked session is recognized until its access token expires, and requests do not query the database; database: each request queries it"`

	// KeySecret encrypts the server keys of format "jwt" in the database, with
	// AES-256-GCM: see [Secret.Key] for its form. Zero stores them unencrypted, so
	// that anyone who can read the database or a backup can sign tokens. After a
	// change, stored keys cannot be decrypted: `cotterpin keys rotate --revoke`
	// replaces them, and users sign in again.
	KeySecret Secret `hcl:"key_secret,optional" doc:"encrypts the server keys of format \"jwt\" in the database: 32 bytes in base64url; omitted: they are stored unencrypted"`

	// Cookie describes the session cookie; nil is the default.
	Cookie *Cookie `hcl:"cookie,block"`
}

// WithDefaults returns s with its zero fields set to their defaults.
func (s OwnSession) WithDefaults() OwnSession {
	return defaults.Fill(s, OwnSession{
		TTL:        Duration(30 * day),
		IdleTTL:    Duration(7 * day),
		Transport:  []string{TransportCookie},
		MaxPerUser: 20,
		CacheTTL:   Off,

		Format:       FormatOpaque,
		AccessTTL:    Duration(5 * time.Minute),
		RefreshGrace: Duration(10 * time.Second),
		Check:        CheckNone,

		Cookie: new(Cookie{}.WithDefaults()),
	})
}

// Values of ProviderTokenSession.User.
const (
	UserRequired = "required"
	UserNone     = "none"
)

// ProviderTokenSession is the block `session "provider_token"`.
type ProviderTokenSession struct {
	// Transport lists how tokens travel. The first is the default of a login.
	// Default bearer.
	Transport []string `hcl:"transport,optional" doc:"bearer, cookie, or both; the first is the default of a login"`

	// User is [UserRequired], the default, or [UserNone], which stores nothing
	// and needs no database.
	User string `hcl:"user,optional" doc:"required: the identity must be registered; none: no users and no database"`

	// CacheTTL is how long a user that was found is used without another
	// database query. A user that was not found is never cached. [Off] queries
	// the database at each request. Default one minute.
	CacheTTL Duration `hcl:"cache_ttl,optional" doc:"how long a user that was found is used without another database query; 0s queries at each request"`

	// Cookie describes the cookie; nil is the default.
	Cookie *Cookie `hcl:"cookie,block"`
}

// WithDefaults returns s with its zero fields set to their defaults.
func (s ProviderTokenSession) WithDefaults() ProviderTokenSession {
	return defaults.Fill(s, ProviderTokenSession{
		Transport: []string{TransportBearer},
		User:      UserRequired,
		CacheTTL:  Duration(time.Minute),
		Cookie:    new(Cookie{}.WithDefaults()),
	})
}
