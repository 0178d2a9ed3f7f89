package account

import (
	"context"
	"errors"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
)

// Finder finds the user of an identity, as [Store.Find] does.
type Finder interface {
	Find(ctx context.Context, key identity.Key) (identity.User, error)
}

// Known returns the user of a verified identity. It neither writes nor
// registers.
//
// Errors by code: NotRegistered if there is no such user; AccountDisabled;
// InvalidToken if the token was issued before the user's not-before;
// TemporarilyUnavailable if users fails.
func Known(ctx context.Context, users Finder, id identity.Identity) (identity.User, error) {
	user, err := users.Find(ctx, id.Key)
	switch {
	case errors.Is(err, ErrNotFound):
		return identity.User{}, autherr.New(autherr.NotRegistered, "unknown_identity")
	case err != nil:
		return identity.User{}, autherr.StoreFailed(err)
	}
	if err := admit(user, id.IssuedAt); err != nil {
		return identity.User{}, err
	}
	return user, nil
}

// admit rejects a disabled user, and a token that is older than the user's
// not-before. Tokens specify their age in whole seconds (RFC 7519, section 2,
// NumericDate), so whole seconds are compared: a token issued in the second of a
// revocation is admitted.
func admit(user identity.User, issuedAt time.Time) error {
	switch {
	case user.Disabled:
		return autherr.New(autherr.AccountDisabled, "account_disabled")
	case issuedAt.Unix() < user.NotBefore.Unix():
		return autherr.New(autherr.InvalidToken, "issued_before_revocation")
	}
	return nil
}
