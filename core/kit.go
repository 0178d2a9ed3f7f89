package core

import (
	"context"
	"iter"
	"net"
	"net/http"
	"sync"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/endpoint"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/core/web"
)

// The words of the facade, which live in the packages below.
type (
	// Request is a request as values; adapters make it.
	Request = web.Request
	// Response is an answer as values; adapters write it.
	Response = web.Response
	// Principal is the recognised caller of a request.
	Principal = identity.Principal
	// Guard says what a route demands of its caller.
	Guard = endpoint.Guard
	// Endpoint is one of the kit's own routes, for documents.
	Endpoint = endpoint.Endpoint
)

// Kit is an opened configuration. It is used by many goroutines at once, until
// Close.
type Kit struct {
	endpoints  *endpoint.Endpoints
	users      *account.Users     // nil if there are none
	sessions   *endpoint.Sessions // nil if there are no users
	database   database.Database  // nil if nothing is stored
	background sync.WaitGroup
	stop       context.CancelFunc // ends what runs in the background
}

// Serve answers a request to one of the kit's own routes. false means that the
// path is not below auth.path, and the application goes on. It is mounted
// before every route of the application: an adapter does that.
func (k *Kit) Serve(ctx context.Context, r Request) (Response, bool) {
	return k.endpoints.Serve(ctx, r)
}

// Authorize decides about a request to a guarded route of the application. It
// returns the context in which the route goes on, or the response that ends the
// request. Adapters call it.
func (k *Kit) Authorize(ctx context.Context, r Request, g Guard) (context.Context, *Response) {
	return k.endpoints.Authorize(ctx, r, g)
}

// CheckGuard logs a warning for each demand of a guard that nobody can meet as
// the kit is configured. Adapters call it when they make a guard.
func (k *Kit) CheckGuard(g Guard) { k.endpoints.CheckGuard(g) }

// Authenticate recognises the caller of a request, for programs that decide
// for themselves what a stranger may do. It makes no cross-origin check; that
// is part of [Kit.Authorize].
//
// Errors by code (package autherr): Unauthenticated, InvalidRequest,
// InvalidToken, TokenExpired, AccountDisabled, NotRegistered,
// TemporarilyUnavailable.
func (k *Kit) Authenticate(ctx context.Context, r Request) (session.Grant, error) {
	return k.endpoints.Authenticate(ctx, r)
}

// Render returns the response to an error, and writes it to the log. It is the
// only way from an error to HTTP: what is no *autherr.Error is internal.
func (k *Kit) Render(err error) Response { return k.endpoints.Render(err) }

// RenderStatus returns the response to what a framework refuses by itself with
// that status before any handler runs; false for a status it does not know.
func (k *Kit) RenderStatus(status int) (Response, bool) { return k.endpoints.RenderStatus(status) }

// CORS returns the header fields that let the allowed origins read an answer of
// the application's own routes, and the whole answer if the request is a CORS
// preflight. The kit's own routes need neither.
func (k *Kit) CORS(r Request) (fields []web.Field, preflight *Response) { return k.endpoints.CORS(r) }

// Endpoints lists the kit's own routes.
func (k *Kit) Endpoints() []Endpoint { return k.endpoints.List() }

// Users administers users; nil where there are none.
func (k *Kit) Users() *account.Users { return k.users }

// Sessions lists, ends and renews users' sessions; nil where there are no users.
func (k *Kit) Sessions() *endpoint.Sessions { return k.sessions }

// Close stops what the kit runs in the background and closes the database that
// it has opened. Requests must have ended.
func (k *Kit) Close() error {
	k.stop()
	k.background.Wait()
	if k.database == nil {
		return nil
	}
	return k.database.Close()
}

// FromContext returns the caller that a guard recognised; false behind no
// guard, and for strangers behind an optional one.
func FromContext(ctx context.Context) (Principal, bool) { return endpoint.FromContext(ctx) }

// UserFromContext returns the user that the caller is, loaded when first asked
// for, once a request.
//
// Errors by code (package autherr): Unauthenticated if there is no caller;
// InvalidToken if the user was deleted meanwhile; NotFound where there are no
// users; TemporarilyUnavailable if the database cannot be asked.
func UserFromContext(ctx context.Context) (identity.User, error) {
	return endpoint.UserFromContext(ctx)
}

// RequestFromHTTP describes a request of net/http.
func RequestFromHTTP(r *http.Request) Request { return web.FromHTTP(r) }

// RequestFromBuffers describes a request of a framework that uses its buffers
// again: texts are copied, but for the body. TLS, ContentLength and Header are
// up to the adapter.
func RequestFromBuffers(method, path, query, host, body []byte, peer net.Addr) Request {
	return web.FromBuffers(method, path, query, host, body, peer)
}

// HeaderLines returns the lines of a header field among all lines of such a
// framework's header: in order, trimmed and copied.
func HeaderLines(all iter.Seq2[[]byte, []byte], name string) []string { return web.Lines(all, name) }
