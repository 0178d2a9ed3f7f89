package verify

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider"
)

// identify returns the identity that the driver maps verified claims to, with the
// fields that the kit decides. A driver's error has code Internal.
func (p *Provider) identify(v provider.Verified) (*identity.Identity, error) {
	id, err := p.driver.Identify(v)
	if err != nil {
		return nil, err
	}
	if err := p.checkIdentity(id); err != nil {
		return nil, autherr.Wrap(autherr.Internal, "bad_identity", fmt.Errorf("provider %q returned an identity %w", p.Name, err))
	}
	claims := v.AccessToken
	if p.Recognizes == provider.IDToken {
		claims = v.IDToken
	}
	id.Provider = p.Name
	id.Audience = claims.Audience
	id.IssuedAt = claims.IssuedAt
	id.ExpiresAt = claims.ExpiresAt
	id.Email = withTrust(id.Email, p.trustsEmail)
	id.Phone = withTrust(id.Phone, p.trustsPhone)
	return &id, nil
}

// withTrust returns a contact as what it is worth from a provider with or
// without trust.
func withTrust(c identity.Contact, trusted bool) identity.Contact {
	if !trusted {
		c.Verification = identity.Unverified
	}
	return c
}

// checkIdentity returns an error for an identity that no driver may return. The
// error contains none of its values, which may be a client's choice.
func (p *Provider) checkIdentity(id identity.Identity) error {
	switch {
	case id.Issuer != p.rules.Issuer:
		return errors.New("whose issuer is not that of its rules")
	case !identity.IsSubject(id.Subject):
		return errors.New("whose subject is not 1 to 255 printable ASCII characters without outer spaces")
	case !isContact(id.Email, identity.IsEmail):
		return errors.New("whose email is neither empty nor an email address")
	case !isContact(id.Phone, identity.IsPhone):
		return errors.New("whose phone is neither empty nor a phone number in E.164 form")
	case id.AuthMethod != "" && !identity.IsAuthMethod(id.AuthMethod):
		return errors.New("whose authentication method is not 1 to 64 printable ASCII characters without outer spaces")
	case !utf8.ValidString(id.Identifier) || strings.ContainsRune(id.Identifier, 0):
		return errors.New("whose identifier is not valid UTF-8 without NUL")
	default:
		return nil
	}
}

// isContact reports whether a contact is empty, or valid with a known
// verification.
func isContact(c identity.Contact, isValid func(string) bool) bool {
	if c.Value == "" {
		return c.Verification == identity.Unverified
	}
	return isValid(c.Value) && c.Verification >= identity.Unverified && c.Verification <= identity.KeepStored
}
