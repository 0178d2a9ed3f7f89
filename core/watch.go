package core

import (
	"context"
	"errors"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/watch"
	"github.com/cotterpin/cotterpin/core/session"
)

// Watch returns a context for a response that lasts longer than the check of its
// request, such as server-sent events or a WebSocket. ctx is the context of a
// guarded route. The returned context ends with it, and
//
//   - when the session is revoked, or the user is disabled, deleted or has all
//     credentials revoked: within a second if that happens on this node, within 20
//     seconds if on another;
//   - when an own session reaches its idle or absolute expiry. A stream is not
//     activity: it does not extend the session, requests do. The expiry of an access
//     token in format "jwt", and a new token for the session, do not end it;
//   - when a provider's token expires;
//   - at [Kit.Close].
//
// [context.Cause] returns an *autherr.Error, by code: InvalidToken, TokenExpired,
// AccountDisabled or NotRegistered as a request of that caller would be rejected;
// Unauthenticated if ctx has no caller; TemporarilyUnavailable at Close, and if the
// session cannot be checked at the beginning or when it would become idle. While
// the database does not respond, contexts last until the expiry that was found last.
// If ctx ended first, its cause is returned.
//
// The returned context has the caller of ctx. All contexts of a session share one
// statement every 12 to 15 seconds. They need no goroutine, and are released when
// they end. A context of fiber does not end with its connection: derive one with
// [context.WithCancel], and cancel it when the stream ends.
func (k *Kit) Watch(ctx context.Context) context.Context {
	c := callerIn(ctx)
	if c == nil || c.kit != k {
		ctx, cancel := context.WithCancelCause(ctx)
		cancel(autherr.New(autherr.Unauthenticated, "no_caller"))
		return ctx
	}
	return watchedCaller{k.watcher.Watch(ctx, k.watchedSession(ctx, c.principal, c.credential)), c}
}

// watchedCaller is a context with a caller, also if the framework reuses the
// context that it was derived from.
type watchedCaller struct {
	context.Context //nolint:containedctx // it is a context
	caller          *caller
}

// Value returns the caller for [CallerKey].
func (c watchedCaller) Value(key any) any {
	if key == CallerKey {
		return c.caller
	}
	return c.Context.Value(key)
}

// watchedSession returns the session of a caller. Own sessions are found by their
// public id, which outlasts their tokens.
func (k *Kit) watchedSession(ctx context.Context, p identity.Principal, c credential) watch.Session {
	if c.block.Name() == config.StrategyOwn {
		return watch.Session{User: p.UserID, ID: p.SessionID, Check: func(ctx context.Context) (watch.State, error) {
			return k.checkOwn(ctx, p.UserID, p.SessionID)
		}}
	}
	id, _ := k.providers.Authenticate(ctx, c.Token) // the first check of the watcher returns the error
	return watch.Session{User: p.UserID, ID: c.Token, ProviderSession: id.ProviderSession, Check: c.checkToken}
}

func (k *Kit) checkOwn(ctx context.Context, user identity.UserID, id string) (_ watch.State, err error) {
	defer recovered(&err)
	s, err := k.database.Sessions().FindByID(ctx, user, id)
	switch {
	case errors.Is(err, session.ErrNotFound):
		return watch.State{}, autherr.New(autherr.InvalidToken, "unknown_session")
	case err != nil:
		return watch.State{}, autherr.StoreFailed(err)
	case !s.ActiveAt(k.now()):
		return watch.State{}, autherr.New(autherr.InvalidToken, "session_ended")
	}
	return watch.State{
		ExpiresAt: s.ExpiresAt,
		Expired:   autherr.New(autherr.InvalidToken, "session_expired"),
		IdleAt:    s.IdleExpiresAt,
	}, nil
}

// checkToken checks a provider's token again, and its user in the database.
func (c credential) checkToken(ctx context.Context) (_ watch.State, err error) {
	defer recovered(&err)
	_, view, err := c.block.Check(ctx, c.Credential, true)
	return watch.State{ExpiresAt: view.ExpiresAt, Expired: autherr.New(autherr.TokenExpired, "expired")}, err
}
