// Package provider is the seam between cotterpin and identity providers.
//
// A provider type, such as `provider "cotter" { … }`, is made with [Define]. Its
// [Driver] declares which tokens are valid ([Rules]) and maps their claims to an
// identity. The kit does the rest: it selects the provider, verifies the tokens,
// caches the result, applies login_max_age, clock_skew and trust, and checks the
// identity that the driver returns. A driver with further abilities implements
// [CodeFlow], [Refresher] or [Routes].
//
// There is no registry: types are values that a program passes to
// core.WithTypes. Package providertest has the suite that each type must pass.
package provider

import (
	"context"

	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/token"
	"github.com/cotterpin/cotterpin/core/web"
)

// Driver is an opened provider block. Many goroutines use it at the same time.
type Driver interface {
	// Rules declares which tokens are valid. It is called once, after Open.
	Rules() Rules

	// Identify maps verified claims to an identity. It depends on its argument
	// alone, because the kit caches the result, and it performs no I/O.
	//
	// The issuer must be that of the claims, the subject the claim that the Rules name
	// and as [identity.IsSubject] demands, and each contact, the authentication
	// method and the identifier valid or empty; anything else fails the request
	// with code internal and reason bad_identity. A Verification is what the token
	// proves: the kit lowers it where the block has no `trust` in the contact.
	// Provider, Audience, IssuedAt and ExpiresAt are set by the kit.
	//
	// Errors by code: InvalidToken for claims that contradict each other or the
	// driver's own rules.
	Identify(v Verified) (identity.Identity, error)
}

// TokenKind distinguishes the tokens that a client can post.
type TokenKind int

// The token kinds.
const (
	AccessToken TokenKind = iota
	IDToken
)

// Tokens are the tokens of one sign-in, as received: nothing in them is
// verified. "" means that there is none.
type Tokens struct {
	AccessToken string
	IDToken     string
	Nonce       string // with which the sign-in began
}

// Of returns the token of that kind, "" if there is none.
func (t Tokens) Of(kind TokenKind) string {
	if kind == IDToken {
		return t.IDToken
	}
	return t.AccessToken
}

// With returns t with the token of that kind replaced.
func (t Tokens) With(kind TokenKind, raw string) Tokens {
	if kind == IDToken {
		t.IDToken = raw
	} else {
		t.AccessToken = raw
	}
	return t
}

// Verified contains the verified claims of one sign-in or request.
type Verified struct {
	AccessToken token.Claims // zero if there is no access token
	IDToken     token.Claims // zero if there is no ID token

	// UserInfo contains the claims of the UserInfo endpoint, zero unless the kit has
	// called [Rules.UserInfo]. They are those of the same user.
	UserInfo token.Claims
}

// Of returns the claims of that kind, zero if there is no such token.
func (v Verified) Of(kind TokenKind) token.Claims {
	if kind == IDToken {
		return v.IDToken
	}
	return v.AccessToken
}

// Refreshed is the result of a refresh. The tokens are not verified yet.
type Refreshed struct {
	Tokens       Tokens
	RefreshToken string // the next one; the provider may have revoked the old one
}

// Refresher is the ability to exchange a refresh token for new tokens.
//
// Errors by code: InvalidToken if the provider refuses the token,
// TemporarilyUnavailable if it cannot be reached or fails. No error contains
// the refresh token.
type Refresher interface {
	Refresh(ctx context.Context, refreshToken string) (Refreshed, error)
}

// Routes is the ability to serve requests below {auth.path}/{name of the block}.
// The path of a request begins with the slash after that prefix. See
// [web.Handler].
type Routes interface {
	Routes() web.Handler
}
