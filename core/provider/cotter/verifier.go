package cotter

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/token"
)

// Options are what a [Verifier] is made of.
type Options struct {
	APIKeyID    string
	Issuer      string
	AuthMethods []string // see Settings
	Keys        token.KeySet
	KeySource   string // where Keys are from; see provider.Issuer
	Common      provider.Common
	Now         func() time.Time // nil: time.Now
}

// Verifier verifies Cotter's tokens under the keys of any key set. It is a
// [provider.Provider] with the ability [provider.Issuers].
type Verifier struct {
	options  Options
	access   *token.Verifier
	id       *token.Verifier
	requests *token.Cache[identity.Identity] // of access tokens
}

var (
	_ provider.Provider = (*Verifier)(nil)
	_ provider.Issuers  = (*Verifier)(nil)
)

// New returns a verifier. An error means that the options are incomplete.
func New(o Options) (*Verifier, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	policy := token.Policy{
		Keys:          o.Keys,
		Issuer:        o.Issuer,
		Audience:      []string{o.APIKeyID},
		Algorithms:    []string{"ES256"},
		Types:         []string{"JWT"},
		KeyIDRequired: true,
		PlainHeader:   true,
		ClockSkew:     o.Common.ClockSkew.Std(),
		Now:           o.Now,
	}
	policy.Check = accessRules(o.AuthMethods)
	access, err := token.NewVerifier(policy)
	if err != nil {
		return nil, fmt.Errorf("cotter: %w", err)
	}
	policy.Check = idRules
	id, err := token.NewVerifier(policy)
	if err != nil {
		return nil, fmt.Errorf("cotter: %w", err)
	}
	v := &Verifier{options: o, access: access, id: id}
	v.requests = token.NewCache(access, o.Common.Cache, v.bearer)
	return v, nil
}

// Issuers says that access tokens for the API key are addressed to v.
func (v *Verifier) Issuers() []provider.Issuer {
	return []provider.Issuer{{
		Issuer:    v.options.Issuer,
		Audience:  []string{v.options.APIKeyID},
		Slot:      provider.AccessToken,
		KeySource: v.options.KeySource,
	}}
}

// Verify is [provider.Provider]. The access token is required; an ID token
// beside it must be right too, and about the same person. "Expired" is said
// only when nothing else is wrong with either. The access token of a request
// may have been verified before; a login is verified in full.
func (v *Verifier) Verify(ctx context.Context, c provider.Credential) (identity.Identity, error) {
	if c.AccessToken == "" {
		return identity.Identity{}, autherr.New(autherr.InvalidToken, "missing_access_token")
	}
	if c.Use == provider.Request && c.IDToken == "" {
		return v.requests.Verify(ctx, c.AccessToken)
	}
	access, late, err := v.open(ctx, v.access, c.AccessToken, c.Use)
	if err != nil {
		return identity.Identity{}, err
	}
	identifier := text(access, "identifier")
	if c.IDToken != "" {
		id, idLate, err := v.open(ctx, v.id, c.IDToken, c.Use)
		if err != nil {
			return identity.Identity{}, err
		}
		if identifier, err = match(access, id); err != nil {
			return identity.Identity{}, err
		}
		if late == nil {
			late = idLate
		}
	}
	if late != nil {
		return identity.Identity{}, late
	}
	return v.identity(access, identifier), nil
}

// open verifies one token. late is that it is right in every way but too old.
func (v *Verifier) open(ctx context.Context, rules *token.Verifier, raw string, use provider.Use) (c token.Claims, late, err error) {
	c, err = rules.Verify(ctx, raw)
	switch {
	case err == nil:
		return c, v.options.Common.CheckAge(use, c.IssuedAt, v.options.Now()), nil
	case autherr.CodeOf(err) == autherr.TokenExpired:
		return c, err, nil
	default:
		return c, nil, err
	}
}

// bearer is what a verified access token says by itself.
func (v *Verifier) bearer(access token.Claims) identity.Identity {
	return v.identity(access, text(access, "identifier"))
}

// identity is what a verified access token and the signed identifier say.
func (v *Verifier) identity(access token.Claims, identifier string) identity.Identity {
	// Not every database keeps a NUL.
	if strings.ContainsRune(identifier, 0) {
		identifier = ""
	}
	method := text(access, "authentication_method")
	if !identity.IsAuthMethod(method) {
		method = ""
	}
	id := identity.Identity{
		Key:        identity.Key{Issuer: access.Issuer, Subject: access.Subject},
		Identifier: identifier,
		AuthMethod: method,
		Audience:   access.Audience,
		IssuedAt:   access.IssuedAt,
		ExpiresAt:  access.ExpiresAt,
		Claims:     identity.NewClaims(access.Extra()),
	}
	switch {
	case identity.IsEmail(identifier):
		id.Email = identity.Contact{Value: identifier, Verification: v.verification("email", method)}
	case identity.IsPhone(identifier):
		id.Phone = identity.Contact{Value: identifier, Verification: v.verification("phone", method)}
	}
	return id
}

// verification says what a signed contact is worth. Only a code or a link that
// was sent to it proves that it was theirs at this login.
func (v *Verifier) verification(contact, method string) identity.Verification {
	switch {
	case !v.options.Common.Trusts(contact):
		return identity.Unverified
	case method == "OTP", method == "MAGIC_LINK":
		return identity.Verified
	default:
		return identity.KeepStored
	}
}
