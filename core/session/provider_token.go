package session

import (
	"context"
	"slices"
	"time"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/identity"
)

// Authenticator verifies a provider's token that a request carries.
// *verify.Set of core/internal is one.
type Authenticator interface {
	Authenticate(ctx context.Context, raw string) (identity.Identity, error)
}

// Users are the users that a provider's token may stand for. An account.Store
// is one.
type Users interface {
	account.Finder

	// RecordLogin is that of [account.Store].
	RecordLogin(ctx context.Context, user identity.User) error
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
	settings config.ProviderTokenSession
	tokens   Authenticator
	users    Users      // nil where settings.User is "none"
	found    *userCache // of users
}

var _ Strategy = (*ProviderToken)(nil)

// NewProviderToken returns the strategy. users is nil where settings.User is
// "none", and only there.
func NewProviderToken(
	s config.ProviderTokenSession, tokens Authenticator, users Users, now func() time.Time,
) *ProviderToken {
	s = s.WithDefaults()
	p := &ProviderToken{settings: s, tokens: tokens}
	if s.User != config.UserNone {
		p.users = users
		p.found = newUserCache(users, s.CacheTTL.Std(), now)
	}
	return p
}

// Name returns "provider_token".
func (p *ProviderToken) Name() string { return config.StrategyProviderToken }

// Issue records the login, unless there are no users, and hands the verified
// token on.
//
// Errors by code: as [Strategy] says.
func (p *ProviderToken) Issue(ctx context.Context, l Login) (Issued, error) {
	if p.users != nil {
		if err := p.users.RecordLogin(ctx, l.User); err != nil {
			return Issued{}, notRecorded(err)
		}
	}
	return HandOn(l), nil
}

// HandOn returns the provider's token of a login, or of a refresh, as the
// session that it is. Nothing is written.
func HandOn(l Login) Issued {
	return Issued{Token: l.ProviderToken, Session: tokenView(l.Identity)}
}

// Check verifies the token and finds its user. The token does not know how it
// was handed out, so every transport that is configured will do.
//
// Errors by code: those of the [Authenticator]; InvalidToken if the transport
// is not configured; those of [account.Known] unless there are no users.
func (p *ProviderToken) Check(ctx context.Context, presented Presented) (Grant, error) {
	if !slices.Contains(p.settings.Transport, presented.Transport) {
		return Grant{}, autherr.New(autherr.InvalidToken, "transport_not_listed")
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
func (p *ProviderToken) End(context.Context, Presented, string) (Ended, error) { return Ended{}, nil }

// Forget drops what is remembered of a user, so that the next request asks the
// store.
func (p *ProviderToken) Forget(user identity.UserID) {
	if p.found != nil {
		p.found.forget(user)
	}
}

// user returns the zero user where there are no users.
func (p *ProviderToken) user(ctx context.Context, id identity.Identity) (identity.User, error) {
	if p.found == nil {
		return identity.User{}, nil
	}
	return account.Known(ctx, p.found, id)
}

func tokenView(id identity.Identity) View {
	return View{
		Strategy:   config.StrategyProviderToken,
		Format:     "jwt",
		Provider:   id.Provider,
		AuthMethod: id.AuthMethod,
		CreatedAt:  id.IssuedAt,
		ExpiresAt:  id.ExpiresAt,
	}
}
