package core

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

// finding is an account store that finds users with a function.
type finding struct {
	account.Store
	find func(context.Context) (identity.User, error)
}

func (f finding) Find(ctx context.Context, _ identity.Key) (identity.User, error) { return f.find(ctx) }

var adaID = uuid.MustParse("01a204ce-1a2d-7364-a16e-e0937d4657eb")

// callerContext returns the context of a caller whose user is loaded by find.
func callerContext(ctx context.Context, t *testing.T, find func(context.Context) (identity.User, error)) context.Context {
	t.Helper()
	kit := newCheckedKit(func(context.Context, session.Credential) (identity.Principal, error) {
		return identity.Principal{UserID: adaID}, nil
	})
	kit.database = struct{ database.Database }{}
	kit.registrar.Store = finding{find: find}
	return admitted(ctx, t, kit, bearerRequest("ada"), Guard{})
}

func TestUserFromContext_LoadsOnce(t *testing.T) {
	t.Parallel()
	loads, failing := 0, true
	ctx := callerContext(t.Context(), t, func(context.Context) (identity.User, error) {
		loads++
		if failing {
			return identity.User{}, errors.New("connection refused")
		}
		return identity.User{ID: adaID}, nil
	})
	if _, err := UserFromContext(ctx); !errors.Is(err, autherr.TemporarilyUnavailable) {
		t.Errorf("the database fails: got %v", err)
	}
	failing = false
	for range 3 {
		if user, err := UserFromContext(ctx); err != nil || user.ID != adaID {
			t.Errorf("got %+v, %v", user, err)
		}
	}
	if loads != 2 {
		t.Errorf("the user is loaded %d times, want once after the failure", loads)
	}
}

// A21: the user was deleted and the identity registered again.
func TestUserFromContext_OtherUser(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		id   uuid.UUID
		code autherr.Code
	}{
		"the caller's": {adaID, ""},
		"another":      {uuid.MustParse("01a204ce-1a2d-7364-a16e-e0937d4657ec"), autherr.InvalidToken},
	} {
		ctx := callerContext(t.Context(), t, func(context.Context) (identity.User, error) { return identity.User{ID: c.id}, nil })
		if user, err := UserFromContext(ctx); autherr.CodeOf(err) != c.code || err == nil && user.ID != adaID {
			t.Errorf("%s user: got %+v, %v; want %q", name, user, err, c.code)
		}
	}
}

func TestUserFromContext_Canceled(t *testing.T) {
	t.Parallel()
	for name, derive := range map[string]func(ctx context.Context) (context.Context, context.CancelFunc){
		"canceled": context.WithCancel,
		"deadline": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Nanosecond)
		},
		"another context": func(ctx context.Context) (context.Context, context.CancelFunc) {
			other, cancel := context.WithCancel(t.Context())
			return context.WithValue(other, any(CallerKey), ctx.Value(CallerKey)), cancel //nolint:staticcheck // as a framework stores it
		},
	} {
		var loading func()
		request := callerContext(t.Context(), t, func(ctx context.Context) (identity.User, error) {
			loading()
			<-ctx.Done()
			return identity.User{}, ctx.Err()
		})
		ctx, cancel := derive(request)
		loading = cancel
		if _, err := UserFromContext(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v", name, err)
		}
		if request.Err() != nil {
			t.Errorf("%s: the request's context has ended", name)
		}
	}
}

// A06: a framework stores the caller in its own context.
func TestCallerKey_FrameworkContext(t *testing.T) {
	t.Parallel()
	request := callerContext(t.Context(), t, func(context.Context) (identity.User, error) { return identity.User{ID: adaID}, nil })
	framework := context.WithValue(t.Context(), any(CallerKey), request.Value(CallerKey)) //nolint:staticcheck // as a framework stores it
	if p, ok := PrincipalFromContext(framework); !ok || p.UserID != adaID {
		t.Errorf("got %+v, %v", p, ok)
	}
	if user, err := UserFromContext(framework); err != nil || user.ID != adaID {
		t.Errorf("got %+v, %v", user, err)
	}
	none := withoutCaller{request}.Value(CallerKey)
	without := context.WithValue(framework, any(CallerKey), none) //nolint:staticcheck // as a framework stores it
	if p, ok := PrincipalFromContext(without); ok {
		t.Errorf("behind an optional guard without a credential: got %+v", p)
	}
}
