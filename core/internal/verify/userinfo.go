package verify

import (
	"cmp"
	"context"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider"
)

// withUserInfo returns the identity of a login with the contacts of the UserInfo
// endpoint, if the tokens contain no email and the provider has the endpoint.
func (p *Provider) withUserInfo(
	ctx context.Context, v provider.Verified, accessToken string, id *identity.Identity,
) (*identity.Identity, error) {
	switch {
	case p.rules.UserInfo == nil || id.Email.Value != "":
		return id, nil
	case accessToken == "":
		return p.withUnknownContacts(*id), nil
	}
	info, err := p.rules.UserInfo(ctx, id.Issuer, accessToken)
	if err != nil {
		return nil, err
	}
	if subject := p.identifying(v).Subject; info.Subject != subject {
		return nil, autherr.New(autherr.InvalidToken, "wrong_userinfo_subject").WithValues(subject, info.Subject)
	}
	v.UserInfo = info
	informed, err := p.identify(v)
	if err != nil {
		return nil, err
	}
	return withContactsOf(*id, *informed), nil
}

// withUnknownContacts marks the contacts that the tokens do not contain.
func (p *Provider) withUnknownContacts(id identity.Identity) *identity.Identity {
	unknown := identity.Contact{Unknown: true, Verification: identity.KeepStored}
	id.Email = withTrust(unknown, p.trustsEmail)
	if id.Phone.Value == "" {
		id.Phone = withTrust(unknown, p.trustsPhone)
	}
	return &id
}

// withContactsOf adds the contacts that only the other identity has.
func withContactsOf(id, other identity.Identity) *identity.Identity {
	id.Email = other.Email
	if id.Phone.Value == "" {
		id.Phone = other.Phone
	}
	id.Identifier = cmp.Or(id.Identifier, other.Identifier)
	return &id
}
