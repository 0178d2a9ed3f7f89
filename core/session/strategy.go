package session

import (
	"context"
	"errors"
	"time"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
)

// ErrOvertaken means that since a login found its user, somebody has deleted or
// disabled the user or revoked all credentials: what the login saw is no longer
// true.
var ErrOvertaken = errors.New("session: the user has changed since the login")

// Strategy decides what stands for a signed-in caller after the login.
// Where the token travels is not its business beyond checking that it is the
// way it was issued for.
//
// The two strategies are [Own] and [ProviderToken].
type Strategy interface {
	// Name is "own" or "provider_token".
	Name() string

	// Issue makes the token for a caller who has just signed in, and records
	// the login.
	//
	// Errors by code: TemporarilyUnavailable if the store failed, or, being
	// [ErrOvertaken], if the login has to start again.
	Issue(ctx context.Context, l Login) (Issued, error)

	// Check recognises the caller of a request.
	//
	// Errors by code: InvalidToken and TokenExpired for a bad credential;
	// AccountDisabled and NotRegistered where the provider's token is good but
	// the user is not; TemporarilyUnavailable if it could not be checked.
	Check(ctx context.Context, p Presented) (Grant, error)

	// End ends what a caller presented, at logout or when a login replaces it,
	// and tells what that was. Ending what is dead, unknown or unparsable is no
	// error, and neither is having nothing to end. TemporarilyUnavailable: it may
	// still be alive.
	End(ctx context.Context, p Presented, reason string) (Ended, error)
}

// Login is what is known about somebody who has just signed in.
type Login struct {
	User          identity.User // as RegisterOrLogin returned it; zero where there are no users
	Identity      identity.Identity
	ProviderToken string // verified; it recognizes callers in "provider_token"
	Transport     string // settings.Cookie or settings.Bearer
	UserAgent     string
	Address       string
}

// Presented is a credential as a request carries it.
type Presented struct {
	Token     string
	Transport string // settings.Cookie or settings.Bearer: where it was found
}

// Issued is a token and the session it stands for.
type Issued struct {
	Token   string
	Session View
}

// Ended is a session that was revoked just now, for the log. The zero value is
// none.
type Ended struct {
	ID     string // public id
	UserID identity.UserID
}

// Grant is a recognised caller.
type Grant struct {
	Principal identity.Principal
	Session   View
	Transport string
}

// notRecorded is what a store's error to record a login means.
func notRecorded(err error) error {
	if errors.Is(err, ErrNotFound) || errors.Is(err, account.ErrNotFound) {
		return autherr.Wrap(autherr.TemporarilyUnavailable, "login_overtaken", ErrOvertaken)
	}
	return autherr.StoreFailed(err)
}

// View is a session as its user may see it.
type View struct {
	ID            string // public id; "" in provider_token
	Strategy      string
	Format        string // "opaque", or "jwt" for a provider's token
	Provider      string
	AuthMethod    string
	CreatedAt     time.Time
	ExpiresAt     time.Time
	IdleExpiresAt time.Time // zero: no idle limit
}
