package core

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

// Principal is the recognized caller of a request: see [identity.Principal].
type Principal = identity.Principal

// caller is a recognized caller, and the context in which their request goes on.
type caller struct {
	context.Context //nolint:containedctx // it is a context

	principal  identity.Principal
	credential session.Credential
	kit        *Kit

	load sync.Once // sets what follows
	user *identity.User
	err  error
}

type callerKey struct{}

// Value returns the caller itself for callerKey.
func (c *caller) Value(key any) any {
	if key == (callerKey{}) {
		return c
	}
	return c.Context.Value(key)
}

// withNobody hides a caller whom an outer guard recognised.
func withNobody(ctx context.Context) context.Context {
	return context.WithValue(ctx, callerKey{}, (*caller)(nil))
}

// PrincipalFromContext returns the caller that a guard recognised; false behind no
// guard, and for strangers behind an optional one.
func PrincipalFromContext(ctx context.Context) (identity.Principal, bool) {
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
	user, err := c.loaded()
	if err == nil && user.ID == uuid.Nil {
		return identity.User{}, autherr.New(autherr.NotFound, "no_users_kept")
	}
	return user, err
}

func (c *caller) loaded() (identity.User, error) {
	c.load.Do(func() {
		user, err := c.kit.load(c.Context, c.principal)
		c.user, c.err = &user, err
	})
	return *c.user, c.err
}

// load returns the user of a principal; the zero user where there are none.
func (k *Kit) load(ctx context.Context, p identity.Principal) (identity.User, error) {
	if k.database == nil {
		return identity.User{}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	user, err := k.registrar.Store.Find(ctx, p.Key())
	switch {
	case errors.Is(err, account.ErrNotFound), err == nil && user.ID != p.UserID: // deleted, and perhaps registered anew
		return identity.User{}, autherr.New(autherr.InvalidToken, "user_deleted")
	case err != nil:
		return identity.User{}, autherr.StoreFailed(err)
	}
	return user, nil
}
