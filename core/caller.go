package core

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/web"
)

type (
	// Principal is the recognized caller of a request: see [identity.Principal].
	Principal = identity.Principal
	// User is a stored user: see [identity.User].
	User = identity.User
)

// CallerKey is the key of the caller in a context. If a framework's own context
// is a [context.Context] too, its adapter stores the value of
// ctx.Value(CallerKey) there under the same key, so that [PrincipalFromContext]
// and [UserFromContext] accept that context as well. It is a string because
// gin's context accepts no other key.
const CallerKey = "github.com/cotterpin/cotterpin/core.CallerKey"

// PrincipalFromContext returns the caller recognized by a guard. It returns
// false if there was no guard, or an optional one and no valid credential.
func PrincipalFromContext(ctx context.Context) (Principal, bool) {
	c := callerIn(ctx)
	if c == nil {
		return Principal{}, false
	}
	return c.principal, true
}

// UserFromContext returns the caller's user. The first call loads it from the
// database; later calls for the same request return the same value.
//
// Errors by code: Unauthenticated if there is no caller; InvalidToken if the
// user has been deleted; NotFound if the caller is a machine, or the configuration
// stores no users; TemporarilyUnavailable if the database fails, does not respond within 3
// seconds, or ctx ends.
func UserFromContext(ctx context.Context) (User, error) {
	c := callerIn(ctx)
	if c == nil {
		return User{}, autherr.New(autherr.Unauthenticated, "no_caller")
	}
	user, err := c.loadUser(ctx)
	if err == nil && user.ID == uuid.Nil {
		return User{}, autherr.New(autherr.NotFound, "no_user")
	}
	return user, err
}

// caller is the recognized caller of a request, and the context in which the
// request continues.
type caller struct {
	context.Context //nolint:containedctx // it is a context

	kit       *Kit
	principal identity.Principal

	// What the caller was recognized by.
	credential          credential
	fresh               bool // the database was queried
	method, path, query string

	mu   sync.Mutex
	user *identity.User // nil until it is loaded

	cacheControl [1]string // lines of the field of the response
}

// withCaller returns the context of a request with its caller.
func (k *Kit) withCaller(ctx context.Context, r web.Request, p identity.Principal, c credential, fresh bool) context.Context {
	return &caller{Context: ctx, kit: k, principal: p, credential: c, fresh: fresh, method: r.Method, path: r.Path, query: r.Query}
}

// Value returns the caller for [CallerKey].
func (c *caller) Value(key any) any {
	if key == CallerKey {
		return c
	}
	return c.Context.Value(key)
}

// forbidCaching sets Cache-Control: no-store. For a caller it allocates nothing.
func (c *caller) forbidCaching(header web.HeaderWriter) {
	const name, value = "Cache-Control", "no-store"
	lines, ok := header.(http.Header)
	if !ok || c == nil {
		header.Set(name, value)
		return
	}
	c.cacheControl[0] = value
	lines[name] = c.cacheControl[:]
}

// sent reports whether the kit recognized the caller by this request and
// credential. The request line is compared so that a context that outlives its
// request, such as that of a WebSocket, does not authenticate later requests.
func (c *caller) sent(k *Kit, r web.Request, sent credential) bool {
	return c.kit == k && c.credential == sent && c.method == r.Method && c.path == r.Path && c.query == r.Query
}

// loadUser returns the caller's user, loaded once. It runs in the context of the
// request, and until ctx ends.
func (c *caller) loadUser(ctx context.Context) (identity.User, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.user != nil {
		return *c.user, nil
	}
	bounded, cancel := context.WithCancel(c.Context)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	user, err := c.kit.load(bounded, c.principal) //nolint:contextcheck // bounded ends with ctx
	if err != nil {
		return identity.User{}, err
	}
	c.user = &user
	return user, nil
}

// withoutCaller is a context without the caller of an outer guard.
type withoutCaller struct {
	context.Context //nolint:containedctx // it is a context
}

// Value returns no caller for [CallerKey].
func (c withoutCaller) Value(key any) any {
	if key == CallerKey {
		return (*caller)(nil)
	}
	return c.Context.Value(key)
}

// callerIn returns the caller in a context, nil if there is none.
func callerIn(ctx context.Context) *caller {
	c, _ := ctx.Value(CallerKey).(*caller)
	return c
}

// load returns the user of a principal; the zero user of a machine, or if the
// configuration stores none.
func (k *Kit) load(ctx context.Context, p identity.Principal) (identity.User, error) {
	if k.database == nil || p.Kind == identity.KindMachine {
		return identity.User{}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	user, err := k.registrar.Store.Find(ctx, p.Key())
	switch {
	case errors.Is(err, account.ErrNotFound), err == nil && user.ID != p.UserID: // deleted, and perhaps registered again
		return identity.User{}, autherr.New(autherr.InvalidToken, "user_deleted")
	case err != nil:
		return identity.User{}, autherr.StoreFailed(err)
	}
	return user, nil
}
