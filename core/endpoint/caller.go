package endpoint

import (
	"context"
	"errors"
	"sync"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

// caller is a recognised caller in the context of a request.
type caller struct {
	principal identity.Principal
	presented session.Presented
	endpoints *Endpoints

	// user loads the user, once.
	user func() (identity.User, error)
}

type callerKey struct{}

func withCaller(ctx context.Context, c *caller) context.Context {
	if c != nil {
		c.user = sync.OnceValues(func() (identity.User, error) { return c.endpoints.load(ctx, c.principal) })
	}
	return context.WithValue(ctx, callerKey{}, c)
}

// FromContext returns the caller that a guard recognised; false behind no
// guard, and for strangers behind an optional one.
func FromContext(ctx context.Context) (identity.Principal, bool) {
	c, _ := ctx.Value(callerKey{}).(*caller)
	if c == nil {
		return identity.Principal{}, false
	}
	return c.principal, true
}

// UserFromContext returns the user that the caller is. It is loaded from the
// database when it is first asked for, once a request.
//
// Errors by code: Unauthenticated if there is no caller; InvalidToken if the
// user has been deleted meanwhile; NotFound where there are no users;
// TemporarilyUnavailable if the database cannot be asked.
func UserFromContext(ctx context.Context) (identity.User, error) {
	c, _ := ctx.Value(callerKey{}).(*caller)
	if c == nil {
		return identity.User{}, autherr.New(autherr.Unauthenticated, "no_caller")
	}
	user, err := c.user()
	if err == nil && user.ID == uuid.Nil {
		return identity.User{}, autherr.New(autherr.NotFound, "no_users_kept")
	}
	return user, err
}

// load returns the user of a principal; the zero user where there are none.
func (e *Endpoints) load(ctx context.Context, p identity.Principal) (identity.User, error) {
	if e.Users == nil {
		return identity.User{}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	user, err := e.Users.Find(ctx, p.Key())
	switch {
	case errors.Is(err, account.ErrNotFound), err == nil && user.ID != p.UserID: // deleted, and perhaps registered anew
		return identity.User{}, autherr.New(autherr.InvalidToken, "user_deleted")
	case err != nil:
		return identity.User{}, autherr.StoreFailed(err)
	}
	return user, nil
}
