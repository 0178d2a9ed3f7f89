// Package provider is the seam between cotterpin and those who sign people in.
//
// A provider is one method, [Provider]. What else it can do it says by
// implementing [Issuers], [Checker], [Refresher] or [Routes], which are found
// by type assertion. A type of provider, what stands behind
// `provider "cotter" { … }`, is made with [Define]. There is no registry: types
// are values that a program hands to core.With.
//
// The suite that each provider must pass is in package providertest.
package provider

import (
	"context"
	"slices"
	"time"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/web"
)

// Use says what a credential is presented for.
type Use int

const (
	// Login is the exchange of fresh tokens for a session. The provider
	// demands everything it can demand, and that the token was issued at most
	// login_max_age ago.
	Login Use = iota
	// Request is the recognition of a caller by the token itself, without a
	// login. Only the slot that [Issuers] names is filled.
	Request
)

// Credential is what the front end handed over, not yet believed. A refresh
// token is never part of it.
type Credential struct {
	Use         Use
	AccessToken string
	IDToken     string
}

// Slot names the member of a [Credential] that decides who issued it, and that
// recognises callers in session "provider_token".
type Slot int

// The slots.
const (
	AccessToken Slot = iota
	IDToken
)

// Token returns the token in the slot, "" if there is none.
func (c Credential) Token(s Slot) string {
	if s == IDToken {
		return c.IDToken
	}
	return c.AccessToken
}

// WithToken returns the credential with the token put into the slot.
func (c Credential) WithToken(s Slot, raw string) Credential {
	if s == IDToken {
		c.IDToken = raw
	} else {
		c.AccessToken = raw
	}
	return c
}

// Provider verifies credentials.
//
// Verify returns what the credential proves, or an error by code (package
// autherr): InvalidToken for every fault of the credential, whatever the cause;
// TokenExpired if everything is right but the lifetime or, at login, the age;
// TemporarilyUnavailable if the keys could not be looked at. It reads nothing
// but the credential, writes nothing, and is called by many goroutines at once.
// It waits for keys no longer than ctx allows.
type Provider interface {
	Verify(ctx context.Context, c Credential) (identity.Identity, error)
}

// Issuer says which tokens are addressed to a provider.
type Issuer struct {
	Issuer   string   // the token's iss, byte-exact
	Audience []string // one of these must be (among) the token's aud
	Slot     Slot     // where to look

	// KeySource says where the keys are from, such as the URL of a JWKS.
	// Providers that share an issuer must share it.
	KeySource string
}

// Issuers is the ability to be found by the token: it lets a login leave out
// the provider's name. It is asked once, at start.
type Issuers interface {
	Issuers() []Issuer
}

// Checker is the ability to say whether credentials can be verified now.
// Check starts what is needed (the first fetch of keys) if nothing has, waits
// for it as long as ctx allows, and returns nil once the provider has keys.
type Checker interface {
	Check(ctx context.Context) error
}

// Refreshed is what a provider gives for a refresh token. The credential is
// not yet verified.
type Refreshed struct {
	Credential   Credential
	RefreshToken string // the next one; the old one may be dead by now
}

// Refresher is the ability to exchange a refresh token for new tokens.
//
// Errors by code: InvalidToken if the provider refuses the token,
// TemporarilyUnavailable if it cannot be reached or fails. The refresh token
// appears in no error.
type Refresher interface {
	Refresh(ctx context.Context, refreshToken string) (Refreshed, error)
}

// Routes is the ability to answer requests of its own, below
// {auth.path}/{name of the block}. The path of the request is already cut: it
// begins with the slash after that prefix. See [web.Handler].
type Routes interface {
	Routes() web.Handler
}

// Common holds the arguments that every provider block has. Start from
// [DefaultCommon].
type Common struct {
	// DisplayName is what people read. "" means the name of the block.
	DisplayName string `hcl:"display_name,optional" doc:"what people read; default: the name of the block"`

	// Trust lists the contacts that this provider is believed to have verified:
	// "email", "phone". Default: none.
	Trust []string `hcl:"trust,optional" doc:"contacts we believe it has verified: email, phone"`

	// ClockSkew is how far the provider's clock may be off. Default 30 s, at
	// most 2 minutes.
	ClockSkew config.Duration `hcl:"clock_skew,optional" doc:"how far the provider's clock may be off; at most 120s"`

	// LoginMaxAge is how long after it was issued a token may be posted to the
	// login, again and again. Default 15 minutes; zero: as long as it lives.
	LoginMaxAge config.Duration `hcl:"login_max_age,optional" doc:"how long after its issue a token may be posted to the login; 0s: as long as it lives"`

	// Cache is how many tokens are remembered that recognise the callers of
	// requests, so that their signature is not checked each time; see
	// [token.Cache]. Each takes at most 4 KiB of memory. Default 10 000 (40 MiB),
	// at most a million; zero: none. Logins are verified in full.
	Cache int `hcl:"cache,optional" doc:"how many verified tokens of requests are remembered, in 4 KiB each; 0: none"`

	// HTTP says how the provider is called. nil means the defaults.
	HTTP *HTTP `hcl:"http,block" doc:"how the provider is called"`
}

// HTTP is the block `http` in a provider block.
type HTTP struct {
	// Timeout bounds one call, the body included. Default 5 s, at most 30 s.
	Timeout config.Duration `hcl:"timeout,optional" doc:"bound of one call, the body included; default 5s, at most 30s"`
	// CAFile names a PEM file of the authorities to believe in place of the
	// system's. Default: the system's.
	CAFile string `hcl:"ca_file,optional" doc:"PEM file of the authorities to believe in place of the system's"`
}

// DefaultCommon returns the common arguments where the file is silent.
func DefaultCommon() Common {
	return Common{
		ClockSkew:   config.Duration(30 * time.Second),
		LoginMaxAge: config.Duration(15 * time.Minute),
		Cache:       10_000,
	}
}

// DefaultHTTP returns the arguments of `http` where the file is silent.
func DefaultHTTP() HTTP {
	return HTTP{Timeout: config.Duration(5 * time.Second)}
}

// Trusts reports whether the contact ("email" or "phone") is listed in Trust.
func (c Common) Trusts(contact string) bool {
	return slices.Contains(c.Trust, contact)
}
