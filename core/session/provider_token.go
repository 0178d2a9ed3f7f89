package session

import (
	"context"
	"slices"
	"time"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/settings"
)

// Authenticator verifies a provider's token that a request carries.
// *provider.Set is one.
type Authenticator interface {
	Authenticate(ctx context.Context, raw string) (identity.Identity, error)
}

// ProviderToken is the strategy in which the provider's own token is the
// session: nothing is kept, and what was found of a user is trusted for
// cache_ttl.
//
// A single token cannot be ended before it expires. Disabling or deleting the
// user, and revoking all of its sessions, end every token issued until then: at
// once on this node if [ProviderToken.Forget] is told, within cache_ttl on the
// others.
type ProviderToken struct {
	settings settings.ProviderTokenSession
	tokens   Authenticator
	users    *userCache // nil where settings.User is "none"
}

var _ Strategy = (*ProviderToken)(nil)

// NewProviderToken returns the strategy. users is nil where settings.User is
// "none", and only there.
func NewProviderToken(
	s settings.ProviderTokenSession, tokens Authenticator, users account.Finder, now func() time.Time,
) *ProviderToken {
	p := &ProviderToken{settings: s, tokens: tokens}
	if s.User != settings.UserNone {
		p.users = newUserCache(users, s.CacheTTL.Std(), now)
	}
	return p
}

// Name returns "provider_token".
func (p *ProviderToken) Name() string { return settings.ProviderToken }

// Issue hands the verified token on. It writes nothing and does not fail.
func (p *ProviderToken) Issue(_ context.Context, l Login) (Issued, error) {
	return Issued{Token: l.Credential.Token(l.Slot), Session: tokenView(l.Identity)}, nil
}

// Check verifies the token and finds its user. The token does not know how it
// was handed out, so every transport that is configured will do.
//
// Errors by code: those of the [Authenticator]; InvalidToken if the transport
// is not configured; those of [account.Known] unless there are no users.
func (p *ProviderToken) Check(ctx context.Context, presented Presented) (Grant, error) {
	if !slices.Contains(p.settings.Transport, presented.Transport) {
		return Grant{}, autherr.New(autherr.InvalidToken, "wrong_transport")
	}
	id, err := p.tokens.Authenticate(ctx, presented.Token)
	if err != nil {
		return Grant{}, err
	}
	user, err := p.user(ctx, id)
	if err != nil {
		return Grant{}, err
	}
	return Grant{
		Principal: identity.Principal{
			UserID:          user.ID,
			Provider:        id.Provider,
			Issuer:          id.Issuer,
			Subject:         id.Subject,
			AuthMethod:      id.AuthMethod,
			AuthenticatedAt: id.AuthenticatedAt,
			Claims:          id.Claims,
		},
		Session:   tokenView(id),
		Transport: presented.Transport,
	}, nil
}

// End does nothing: there is nothing to end.
func (p *ProviderToken) End(context.Context, Presented, string) error { return nil }

// Forget drops what is remembered of a user, so that the next request asks the
// store.
func (p *ProviderToken) Forget(user identity.UserID) {
	if p.users != nil {
		p.users.forget(user)
	}
}

// user returns the zero user where there are no users.
func (p *ProviderToken) user(ctx context.Context, id identity.Identity) (identity.User, error) {
	if p.users == nil {
		return identity.User{}, nil
	}
	return account.Known(ctx, p.users, id)
}

func tokenView(id identity.Identity) View {
	return View{
		Strategy:   settings.ProviderToken,
		Format:     "jwt",
		Provider:   id.Provider,
		AuthMethod: id.AuthMethod,
		CreatedAt:  id.IssuedAt,
		ExpiresAt:  id.ExpiresAt,
	}
}
