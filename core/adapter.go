package core

import (
	"context"
	"iter"
	"net"
	"net/http"

	"github.com/cotterpin/cotterpin/core/internal/httpapi"
	"github.com/cotterpin/cotterpin/core/web"
)

// The values that adapters exchange with the kit. Their fields and methods are
// documented in package web.
type (
	// Request is a request as values: see [web.Request].
	Request = web.Request
	// Response is a response as values: see [web.Response].
	Response = web.Response
)

// Adapter is the part of a [Kit] that framework adapters use. Applications use
// the adapter's Mount, Require, CORS and Fail instead.
type Adapter struct{ kit *Kit }

// Adapter returns the methods that a framework adapter needs.
func (k *Kit) Adapter() Adapter { return Adapter{k} }

// Serve handles a request to one of the kit's own routes. It returns false if
// the path is not below auth.path, so that the application handles the
// request. An adapter calls it before every route of the application.
func (a Adapter) Serve(ctx context.Context, r Request) (Response, bool) { return a.kit.serve(ctx, r) }

// Authorize checks a request to one of the application's own routes. It returns
// either the context in which the route continues, or the response that ends
// the request: an error, or the response to a CORS preflight. If a guard in
// front has recognized the caller of this request, the session is not looked up
// again.
//
// header is that of the response that the route will write. Authorize sets
// Cache-Control: no-store there, which the route may overwrite.
func (a Adapter) Authorize(ctx context.Context, r Request, header web.HeaderWriter, g Guard) (context.Context, *Response) {
	return a.kit.authorize(ctx, r, header, g)
}

// CheckGuard logs a warning for each requirement of a guard that no caller can
// meet with this configuration. Adapters call it once per guarded route.
func (a Adapter) CheckGuard(g Guard) { a.kit.checkGuard(g) }

// CORS sets the header fields that let the allowed origins read a response of
// the application's own routes; Vary is added to. If the request is a CORS
// preflight it returns the whole response instead. The kit's own routes need
// neither.
func (a Adapter) CORS(r Request, header web.HeaderWriter) (preflight *Response) {
	return a.kit.applyCORS(r, header)
}

// Render returns the response to an error of the application's own routes and
// logs the error. An error without a declared code of package autherr becomes
// internal (500).
func (a Adapter) Render(ctx context.Context, r Request, err error) Response {
	return a.kit.render(ctx, r, err)
}

// RenderStatus returns the response to a request that the framework rejects by
// itself with that status, before any handler runs. It returns false for a
// status that it does not handle.
func (a Adapter) RenderStatus(status int) (Response, bool) { return a.kit.renderStatus(status) }

// RequestFromHTTP converts a request of net/http.
func RequestFromHTTP(r *http.Request) Request { return web.FromHTTP(r) }

// RequestFromBuffers converts a request of a framework that reuses its buffers.
// It copies everything except the body. The adapter sets TLS, ContentLength,
// Header and, where the router has matched, Route.
func RequestFromBuffers(method, path, query, host, body []byte, peer net.Addr) Request {
	return httpapi.FromBuffers(method, path, query, host, body, peer)
}

// HeaderLines returns the lines of one header field of such a framework: in
// order, trimmed and copied.
func HeaderLines(all iter.Seq2[[]byte, []byte], name string) []string {
	return httpapi.Lines(all, name)
}
