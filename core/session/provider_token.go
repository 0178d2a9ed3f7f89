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

// Authenticator verifies the provider's token of a request. *provider.Set is
// one.
type Authenticator interface {
	Authenticate(ctx context.Context, raw string) (identity.Identity, error)
}

// ProviderToken is the strategy in which the provider's own token is the
// session: nothing is stored, and a user that was found is cached for
// cache_ttl.
//
// A single token cannot be revoked before it expires. Disabling or deleting the
// user, and revoking all of its sessions, revoke every token issued until then:
// at once on this node if [ProviderToken.Evict] is called, within cache_ttl on
// the others.
//
// A message of the provider revokes the tokens of one of its sessions (claim sid): at
// once on this node if [ProviderToken.EvictEnded] is called, within cache_ttl on the
// others.
type ProviderToken struct {
	settings config.ProviderTokenSession
	tokens   Authenticator
	users    account.Registrar

	// Both are nil where settings.User is "none".
	cache    *cache[identity.Key, identity.User]
	sessions *cache[string, struct{}] // at the provider, that have not ended
}

var _ Strategy = (*ProviderToken)(nil)

// NewProviderToken returns the strategy. users is zero where settings.User is
// "none", and only there.
func NewProviderToken(s config.ProviderTokenSession, tokens Authenticator, users account.Registrar) *ProviderToken {
	s = s.WithDefaults()
	p := &ProviderToken{settings: s, tokens: tokens, users: users}
	if s.User != config.UserNone {
		p.cache = newUserCache(users.Store, s.CacheTTL.Std(), users.Now)
		p.sessions = newCache(p.findSession, nil, s.CacheTTL.Std(), users.Now)
	}
	return p
}

func newUserCache(users account.Finder, ttl time.Duration, now func() time.Time) *cache[identity.Key, identity.User] {
	return newCache(users.Find, func(u identity.User) identity.UserID { return u.ID }, ttl, now)
}

// Name returns config.StrategyProviderToken.
func (p *ProviderToken) Name() string { return config.StrategyProviderToken }

// Issue returns the provider's verified token as the session that it is.
func (p *ProviderToken) Issue(_ context.Context, l Login) (Issued, error) {
	return Issued{Token: l.ProviderToken, ExpiresAt: l.Identity.ExpiresAt, View: tokenView(l.Identity)}, nil
}

// Owns returns true: providers' tokens have no common form.
func (p *ProviderToken) Owns(string) bool { return true }

// Check verifies the token and finds its user, without the cache if fresh. The token does not contain the
// transport that it was issued for, so every configured transport is accepted.
//
// Errors by code: those of the [Authenticator]; InvalidToken if the transport
// is not configured, or the provider has ended the session; those of [account.Known]
// unless no users are stored or the caller is a machine.
func (p *ProviderToken) Check(ctx context.Context, c Credential, fresh bool) (identity.Principal, View, error) {
	if !slices.Contains(p.settings.Transport, c.Transport) {
		return identity.Principal{}, View{}, autherr.New(autherr.InvalidToken, "transport_not_listed")
	}
	id, err := p.tokens.Authenticate(ctx, c.Token)
	if err != nil {
		return identity.Principal{}, View{}, err
	}
	if err := p.checkSession(ctx, id.ProviderSession, fresh); err != nil {
		return identity.Principal{}, View{}, err
	}
	user, err := p.user(ctx, id, fresh)
	if err != nil {
		return identity.Principal{}, View{}, err
	}
	kind := identity.KindUser
	if id.Machine {
		kind = identity.KindMachine
	}
	return identity.Principal{
		Kind:            kind,
		UserID:          user.ID,
		ExternalID:      user.ExternalID,
		Provider:        id.Provider,
		Issuer:          id.Issuer,
		Subject:         id.Subject,
		AuthMethod:      id.AuthMethod,
		AuthenticatedAt: id.AuthenticatedAt,
		Claims:          id.Claims,
	}, tokenView(id), nil
}

// Replace does nothing: a single token cannot be revoked.
func (p *ProviderToken) Replace(context.Context, Login, Credential) (continued, ended *Session, err error) {
	return nil, nil, nil
}

// End does nothing: a single token cannot be revoked.
func (p *ProviderToken) End(context.Context, Credential, string) (*Session, error) { return nil, nil }

// Evict removes a user from the cache, so that the next request reads the
// store.
func (p *ProviderToken) Evict(user identity.UserID) {
	if p.cache != nil {
		p.cache.evict(user)
	}
}

// EvictEnded removes a session at the provider from the cache, so that the next
// request with one of its tokens reads the store.
func (p *ProviderToken) EvictEnded(providerSession string) {
	if p.sessions != nil {
		p.sessions.remove(providerSession)
	}
}

// checkSession returns InvalidToken if the provider has ended the session.
func (p *ProviderToken) checkSession(ctx context.Context, providerSession string, fresh bool) (err error) {
	switch {
	case providerSession == "" || p.sessions == nil:
	case fresh:
		_, err = p.findSession(ctx, providerSession)
	default:
		_, err = p.sessions.Find(ctx, providerSession)
	}
	return err
}

func (p *ProviderToken) findSession(ctx context.Context, providerSession string) (struct{}, error) {
	return struct{}{}, p.users.CheckProviderSession(ctx, providerSession)
}

// user returns the zero user for a machine, and where no users are stored.
func (p *ProviderToken) user(ctx context.Context, id identity.Identity, fresh bool) (identity.User, error) {
	switch {
	case p.cache == nil || id.Machine:
		return identity.User{}, nil
	case fresh:
		return account.Known(ctx, p.users.Store, id)
	default:
		return account.Known(ctx, p.cache, id)
	}
}
