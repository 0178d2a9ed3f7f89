package session

import (
	"context"
	"log/slog"
	"time"

	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/settings"
)

// Authenticator verifies a provider's token that a request carries.
// *provider.Set is one.
type Authenticator interface {
	Authenticate(ctx context.Context, raw string) (identity.Identity, error)
}

// Finder finds the user of an identity. account.Store is one.
type Finder interface {
	Find(ctx context.Context, key identity.Key) (identity.User, error)
}

// ProviderToken is the strategy in which the provider's own token is the
// session: nothing is kept, and what was found of a user is trusted for
// cache_ttl.
type ProviderToken struct {
	settings settings.ProviderTokenSession
	tokens   Authenticator
	users    Finder
	now      func() time.Time
	log      *slog.Logger
}

// NewProviderToken returns the strategy. users is nil where settings.User is
// "none".
func NewProviderToken(s settings.ProviderTokenSession, tokens Authenticator, users Finder, now func() time.Time, log *slog.Logger) *ProviderToken {
	return &ProviderToken{settings: s, tokens: tokens, users: users, now: now, log: log}
}
