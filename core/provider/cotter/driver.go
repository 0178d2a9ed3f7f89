package cotter

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/token"
)

// driver is an opened `provider "cotter"`.
type driver struct {
	settings   Settings
	keys       provider.Keys
	client     *http.Client
	refreshURL string
}

var _ provider.Refresher = (*driver)(nil)

func open(_ context.Context, s Settings, env provider.Env) (provider.Driver, error) {
	keys, err := env.RemoteKeys(s.BaseURL + "/token/jwks")
	if err != nil {
		return nil, fmt.Errorf("cotter: base_url: %w", err)
	}
	s.AuthMethods = slices.Clone(s.AuthMethods)
	return &driver{
		settings:   s,
		keys:       keys,
		client:     env.HTTPClient,
		refreshURL: s.BaseURL + "/token/" + url.PathEscape(s.APIKeyID),
	}, nil
}

// Rules implements [provider.Driver]. An access token is required; an ID token
// next to it must be valid too.
func (d *driver) Rules() provider.Rules {
	return provider.Rules{
		Issuer:        d.settings.Issuer,
		Audience:      []string{d.settings.APIKeyID},
		Algorithms:    []string{"ES256"},
		Keys:          d.keys,
		Recognizes:    provider.AccessToken,
		VerifyBoth:    true,
		KeyIDRequired: true,
		PlainHeader:   true,
		Check:         d.check,
	}
}

// Identify implements [provider.Driver].
func (d *driver) Identify(v provider.Verified) (identity.Identity, error) {
	identifier, err := identifierOf(v)
	if err != nil {
		return identity.Identity{}, err
	}
	access := v.AccessToken
	id := identity.Identity{
		Key:        identity.Key{Issuer: access.Issuer, Subject: access.Subject},
		Identifier: identifier,
		AuthMethod: authMethod(access),
		Claims:     identity.NewClaims(access.Extra()),
	}
	contact := identity.Contact{Value: identifier, Verification: verification(id.AuthMethod)}
	switch {
	case identity.IsEmail(identifier):
		id.Email = contact
	case identity.IsPhone(identifier):
		id.Phone = contact
	}
	return id, nil
}

// authMethod returns authentication_method, "" if it cannot be stored.
func authMethod(access token.Claims) string {
	method := stringClaim(access, "authentication_method")
	if !identity.IsAuthMethod(method) {
		return ""
	}
	return method
}

// verification returns what a sign-in by that method proves about the contact.
// Only a code or a link that was sent to it proves possession.
func verification(method string) identity.Verification {
	if method == "OTP" || method == "MAGIC_LINK" {
		return identity.Verified
	}
	return identity.KeepStored
}

// identifierOf returns the identifier that is signed in either token. If both
// have one, they must be equal.
func identifierOf(v provider.Verified) (string, error) {
	access, id := stringClaim(v.AccessToken, "identifier"), stringClaim(v.IDToken, "identifier")
	if access != "" && id != "" && access != id {
		return "", invalid("identifiers_differ")
	}
	identifier := access
	if id != "" {
		identifier = id
	}
	if strings.ContainsRune(identifier, 0) {
		return "", nil // not every database stores a NUL
	}
	return identifier, nil
}
