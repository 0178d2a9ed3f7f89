package configfile

import (
	"slices"
	"time"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/internal/claim"
)

func (r *rules) session() {
	own, token := r.settings.Own, r.settings.ProviderToken
	if own == nil && token == nil {
		r.wrongAs("Missing session block", Path{Block: BlockSession}, `add session "own" {} for sessions of the kit, or session "provider_token" {} to accept the provider's token at each request, or both`)
		return
	}
	if own != nil {
		r.own(ownPath, *own)
	}
	if token != nil {
		r.providerToken(tokenPath, *token)
	}
	if own != nil && token != nil {
		r.bothSessions(*own, *token)
	}
	r.defaultSession()
}

var (
	ownPath   = Path{Block: BlockSession, Label: config.StrategyOwn}
	tokenPath = Path{Block: BlockSession, Label: config.StrategyProviderToken}
)

// bothSessions checks what two session blocks must not share.
func (r *rules) bothSessions(own config.OwnSession, token config.ProviderTokenSession) {
	https := r.settings.usesHTTPS()
	if name := token.Cookie.NameFor(https); name == own.Cookie.NameFor(https) ||
		own.Format == config.FormatJWT && name == own.Cookie.RefreshNameFor(https) {
		r.wrong(tokenPath.in("cookie").in("name"), "must not be %q: that is a cookie of session \"own\"", name)
	}
	if token.User == config.UserNone {
		r.wrong(tokenPath.in("user"), `must be "required" next to session "own", which stores users`)
	}
}

// defaultSession checks what only settings written in Go can have wrong.
func (r *rules) defaultSession() {
	switch name := r.settings.DefaultSession; {
	case name == "",
		name == config.StrategyOwn && r.settings.Own != nil,
		name == config.StrategyProviderToken && r.settings.ProviderToken != nil:
	default:
		r.wrong(Path{Block: BlockSession}, "the default session %q is not one of the session blocks", name)
	}
}

// maxSession is the longest time that browsers store a cookie (RFC 6265bis,
// section 5.5).
const maxSession = 400 * 24 * time.Hour

func (r *rules) own(at Path, own config.OwnSession) {
	switch ttl, idle := own.TTL.Std(), own.IdleTTL.Std(); {
	case ttl < time.Second || ttl > maxSession:
		r.wrong(at.in("ttl"), `must be between "1s" and "400d", the longest time that browsers store a cookie`)
	case idle != 0 && idle < time.Second:
		r.wrong(at.in("idle_ttl"), `must be at least "1s"; "0s" is no limit`)
	case idle > ttl:
		r.wrong(at.in("idle_ttl"), "must not be longer than ttl, which is %q", own.TTL)
	}
	if own.MaxPerUser < 1 {
		r.wrong(at.in("max_per_user"), "must be at least 1")
	}
	r.format(at, own)
	r.keySecret(at.in("key_secret"), own)
	r.keptClaims(at.in("claims"), own.Claims)
	r.transports(at, own.Transport)
	r.cookie(at, own.Transport, own.Cookie)
	if r.settings.Database == nil {
		r.wrongAs("Missing database block", at, "sessions are stored in a database: add a block such as database \"sqlite\" {}")
	}
}

// The longest values of access_ttl and refresh_grace.
const (
	maxAccessTTL    = 15 * time.Minute
	maxRefreshGrace = time.Minute
)

func (r *rules) format(at Path, own config.OwnSession) {
	if own.Format != config.FormatOpaque && own.Format != config.FormatJWT {
		r.wrong(at.in("format"), `must be "opaque" or "jwt"`)
	}
	if own.Check != config.CheckNone && own.Check != config.CheckDatabase {
		r.wrong(at.in("check"), `must be "none" or "database"`)
	}
	if access := own.AccessTTL.Std(); access < time.Second || access > maxAccessTTL {
		r.wrong(at.in("access_ttl"), `must be between "1s" and "15m": that long a revoked session may still be recognized`)
	}
	if grace := own.RefreshGrace.Std(); grace < 0 || grace > maxRefreshGrace {
		r.wrong(at.in("refresh_grace"), `must be at most "1m"`)
	}
	switch ttl := own.CacheTTL.Std(); {
	case ttl < 0:
		r.wrong(at.in("cache_ttl"), `must not be negative; "0s" queries the database at each request`)
	case ttl > 0 && own.Format == config.FormatJWT:
		r.wrong(at.in("cache_ttl"), `must be "0s" with format "jwt", whose access tokens are valid for access_ttl without the database if check = "none"`)
	}
	if own.Format == config.FormatJWT {
		r.noTokenClaims(at.in("claims"), own.Claims)
	}
}

// noTokenClaims rejects claims that own tokens have with another meaning.
func (r *rules) noTokenClaims(at Path, names []string) {
	for _, name := range names {
		if claim.IsOfOwnToken(name) {
			r.wrong(at, "must not list %q: a token of format \"jwt\" has this claim with another meaning", name)
		}
	}
}

func (r *rules) keySecret(at Path, own config.OwnSession) {
	if own.KeySecret.IsZero() {
		if own.Format == config.FormatJWT && !r.mayBeDevelopment() {
			r.add(problem{
				at:      at,
				summary: "Server keys are not encrypted",
				message: `anyone who can read the database or a backup could sign tokens of any user: set key_secret = env("NAME"), 32 random bytes in base64url`,
				warning: true,
			})
		}
		return
	}
	if _, err := own.KeySecret.Key(); err != nil {
		r.wrong(at, "%s", err.Error())
	}
}

func (r *rules) keptClaims(at Path, names []string) {
	for i, name := range names {
		switch problem := claim.Problem(name); {
		case problem != "":
			r.wrong(at, "no token can have this claim: %q %s", name, problem)
		case claim.IsRegistered(claim.Top(name)):
			r.wrong(at, "must not list %q: the kit verifies iss, sub, aud, exp, nbf and iat, and a session has its own", name)
		case slices.Contains(names[:i], name):
			r.wrong(at, "must list %q once", name)
		}
	}
}

func (r *rules) providerToken(at Path, token config.ProviderTokenSession) {
	hasDatabase, alone := r.settings.Database != nil, r.settings.Own == nil
	switch {
	case token.User != config.UserRequired && token.User != config.UserNone:
		r.wrong(at.in("user"), `must be "required" or "none"`)
	case token.User == config.UserRequired && !hasDatabase && alone:
		r.wrongAs("Missing database block", at, `users are stored in a database: add a block such as database "sqlite" {}, or set user = "none" to store no users`)
	case token.User == config.UserNone && hasDatabase && alone:
		r.wrongAs("Unused database block", Path{Block: BlockDatabase, Label: r.settings.Database.Type.Name()},
			`session "provider_token" with user = "none" stores nothing: remove this block, or that argument`)
	}
	if token.CacheTTL.Std() < 0 {
		r.wrong(at.in("cache_ttl"), `must not be negative; "0s" queries the database at each request`)
	}
	r.transports(at, token.Transport)
	r.cookie(at, token.Transport, token.Cookie)
}

// mayBeBearer reports whether sessions travel as bearer tokens: also while that is
// not known, because the block or the argument is invalid.
func (r *rules) mayBeBearer() bool {
	mayBe := func(strategy string, transport []string) bool {
		at := Path{Block: BlockSession, Label: strategy, Argument: "transport"}
		return r.failed(at) || slices.Contains(transport, config.TransportBearer)
	}
	own, token := r.settings.Own, r.settings.ProviderToken
	return own == nil && token == nil ||
		own != nil && mayBe(config.StrategyOwn, own.Transport) ||
		token != nil && mayBe(config.StrategyProviderToken, token.Transport)
}

func (r *rules) transports(at Path, transport []string) {
	at = at.in("transport")
	if len(transport) == 0 {
		r.wrong(at, `must list "cookie", "bearer" or both`)
	}
	for i, t := range transport {
		switch {
		case t != config.TransportCookie && t != config.TransportBearer:
			r.wrong(at, `%q is not a transport: use "cookie", "bearer" or both`, t)
		case slices.Contains(transport[:i], t):
			r.wrong(at, "must list %q once", t)
		}
	}
}
