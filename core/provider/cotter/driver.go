package cotter

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/autherr"
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
		Issuer:     d.settings.Issuer,
		Algorithms: []string{"ES256"},
		Keys:       d.keys,
		AccessToken: &provider.TokenRules{
			Audience:   []string{d.settings.APIKeyID},
			TypeClaim:  "type",
			TypeValues: []string{"client_access_token", "access_token"},
			Login:      true,
		},
		IDToken: &provider.TokenRules{
			Audience:   []string{d.settings.APIKeyID},
			TypeClaim:  "type",
			TypeValues: []string{"client_id_token"},
		},
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
		Claims:     access.Extra(),
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

// check rejects claims that no Cotter token of that kind has.
func (d *driver) check(kind provider.TokenKind, c token.Claims) error {
	if kind == provider.IDToken {
		return checkIDToken(c)
	}
	return checkAccessToken(c, d.settings.AuthMethods)
}

// checkAccessToken accepts any authentication method if none is listed.
func checkAccessToken(c token.Claims, methods []string) error {
	scope, method := stringClaim(c, "scope"), stringClaim(c, "authentication_method")
	switch {
	case scope != "access":
		return invalid("wrong_scope").WithValues("access", scope)
	case len(methods) > 0 && !slices.Contains(methods, method):
		return invalid("auth_method_not_allowed").WithValues(strings.Join(methods, " "), method)
	default:
		return checkUser(c)
	}
}

func checkIDToken(c token.Claims) error {
	if err := checkUser(c); err != nil {
		return err
	}
	if stringClaim(c, "identifier") == "" {
		return invalid("missing_identifier")
	}
	return nil
}

// checkUser applies to both kinds. The zero UUID is Cotter's "no such user".
func checkUser(c token.Claims) error {
	if id, err := uuid.Parse(c.Subject); err == nil && id == uuid.Nil {
		return invalid("zero_subject")
	}
	_, present := c.Lookup("identifier")
	if _, isString := c.String("identifier"); present && !isString {
		return invalid("malformed_identifier")
	}
	return nil
}

// stringClaim returns a claim that is a string, "" if it is missing or is of
// another type.
func stringClaim(c token.Claims, name string) string {
	s, _ := c.String(name)
	return s
}

func invalid(reason string) *autherr.Error { return autherr.New(autherr.InvalidToken, reason) }
