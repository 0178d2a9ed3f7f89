package core

import (
	"cmp"
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/internal/httpapi"
	"github.com/cotterpin/cotterpin/core/web"
)

// handler handles the requests to a route. Its caller renders the error.
type handler func(context.Context, web.Request) (web.Response, error)

// route is a handler for some methods of a path.
type route struct {
	access
	summary string
	handle  handler
}

// methods are the routes of a path.
type methods []route

// access is who may request a route, and how.
type access struct {
	allowed   string // methods, as the field Allow has them
	anyOrigin bool   // the cross-origin guard does not apply
}

var (
	get     = access{"GET, HEAD", false}
	post    = access{"POST", false}
	visit   = access{"GET", true}  // by a browser, which a link or another site leads there: HEAD must have no effects
	message = access{"POST", true} // from a server
)

// mount derives the routes and the checks of each request from the settings.
func (k *Kit) mount() *Kit {
	k.mounted = map[string]web.Handler{}
	origins := append([]string{k.auth.BaseURL}, k.auth.AllowedOrigins...)
	k.origins = httpapi.NewCrossOriginGuard(origins...)
	k.returnURLs = httpapi.NewReturnURLs(origins...)
	k.flows = httpapi.NewFlowCookies(k.auth.BaseURL, k.now)
	k.cors = httpapi.CORS{AllowedOrigins: k.auth.AllowedOrigins}
	k.failures = newFailures(k.auth, k.now)
	for _, p := range k.providers.All() {
		if own := p.Routes(); own != nil {
			k.mounted[p.Name] = own
		}
	}
	k.routes = k.table()
	return k
}

// table returns the kit's routes, without those that the session blocks do
// not support.
func (k *Kit) table() map[string]methods {
	routes := map[string]methods{
		"/login":     {{post, "exchange the provider's tokens for a session", k.limited(k.login)}},
		"/session":   {{get, "who am I", k.showSession}},
		"/logout":    {{post, "end the session", k.logout}},
		"/ok":        {{get, "the process runs", k.ok}},
		"/ready":     {{get, "requests can be served", k.ready}},
		"/providers": {{get, "where users can sign in", k.listProviders}},
	}
	if k.block(config.StrategyOwn) != nil {
		routes["/sessions"] = methods{{get, "my sessions", k.listSessions}}
		routes["/client.js"] = methods{{get, "the browser helper", k.browserHelper}}
	}
	if k.jwtBlock() != nil {
		routes["/jwks.json"] = methods{{get, "the public keys of access tokens", k.jwks}}
	}
	if k.jwtBlock() != nil || k.block(config.StrategyProviderToken) != nil {
		routes["/refresh"] = methods{{post, "exchange a refresh token", k.limited(k.refresh)}}
	}
	if k.database != nil {
		routes["/sessions/revoke"] = methods{{post, "end one, the other, or all of my sessions", k.revokeSessions}}
		routes["/identities"] = methods{
			{get, "the ways I sign in", k.listIdentities},
			{post, "add another way to sign in", k.limited(k.addIdentity)},
		}
		routes["/identities/remove"] = methods{{post, "remove a way to sign in", k.removeIdentity}}
	}
	k.addCodeFlows(routes)
	k.addBackchannels(routes)
	return routes
}

// Endpoint describes one of the kit's routes, for documents.
type Endpoint struct {
	Method  string
	Path    string
	Summary string
}

// Endpoints lists the kit's routes, sorted by path and method.
func (k *Kit) Endpoints() []Endpoint {
	list := make([]Endpoint, 0, len(k.routes))
	for path, m := range k.routes {
		for _, r := range m {
			list = append(list, Endpoint{Method: r.method(), Path: k.auth.Path + path, Summary: r.summary})
		}
	}
	slices.SortFunc(list, func(a, b Endpoint) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Method, b.Method))
	})
	return list
}

// serve handles a request to one of the kit's routes. It returns false if the path
// is not below auth.path.
func (k *Kit) serve(ctx context.Context, r web.Request) (web.Response, bool) {
	below, ours := strings.CutPrefix(r.Path, k.auth.Path)
	if !ours || below != "" && below[0] != '/' {
		return web.Response{}, false
	}
	if own, rest, ok := k.providerRoutes(below); ok {
		response, err := forward(ctx, r, own, rest)
		if err != nil {
			response = k.reject(ctx, r, err)
		}
		return response, true
	}
	response, err := k.dispatch(ctx, below, r)
	if err != nil {
		response = k.reject(ctx, r, err)
	}
	if r.ContentLength > maxBody {
		// A body that is declared too large is not read, so the connection cannot be reused.
		response = response.With("Connection", "close")
	}
	return k.cors.Apply(r, response), true
}

// dispatch finds the route and calls its handler. It rejects in this order: 404,
// 405, 403.
func (k *Kit) dispatch(ctx context.Context, path string, r web.Request) (_ web.Response, err error) {
	defer recovered(&err)
	found, ok := k.routes[path]
	if !ok {
		return web.Response{}, autherr.New(autherr.NotFound, "no_such_route")
	}
	if r.Preflight() {
		return k.cors.Preflight(r, found.allow(), "Authorization, Content-Type"), nil
	}
	accepted, ok := found.accepting(r.Method)
	if !ok {
		rejection := autherr.New(autherr.MethodNotAllowed, "wrong_method")
		return k.reject(ctx, r, rejection).With("Allow", found.allow()), nil
	}
	if err := k.checkOrigin(r); err != nil && !accepted.anyOrigin {
		return web.Response{}, err
	}
	return accepted.handle(ctx, r)
}

// accepting returns the route that accepts a method; false if none does.
func (m methods) accepting(method string) (route, bool) {
	at := slices.IndexFunc(m, func(r route) bool { return r.accepts(method) })
	if at < 0 {
		return route{}, false
	}
	return m[at], true
}

// allow returns the accepted methods as the header field Allow lists them.
func (m methods) allow() string {
	names := make([]string, len(m))
	for i, r := range m {
		names[i] = r.allowed
	}
	return strings.Join(names, ", ")
}

func (a access) accepts(method string) bool {
	return slices.Contains(strings.Split(a.allowed, ", "), method)
}

// method returns the first method.
func (a access) method() string {
	first, _, _ := strings.Cut(a.allowed, ",")
	return first
}

// providerRoutes returns the provider whose own routes a path belongs to.
func (k *Kit) providerRoutes(below string) (own web.Handler, rest string, ok bool) {
	if _, own := k.routes[below]; own || below == "" {
		return nil, "", false
	}
	name, rest, _ := strings.Cut(below[1:], "/")
	own, ok = k.mounted[name]
	return own, "/" + rest, ok
}

// forward passes a request to a provider's own routes.
func forward(ctx context.Context, r web.Request, to web.Handler, path string) (_ web.Response, err error) {
	defer recovered(&err)
	r.Path = path
	response := to.Serve(ctx, r)
	if response.Status == 0 {
		return web.Response{}, autherr.New(autherr.Internal, "provider_without_response")
	}
	return response, nil
}

// recovered, deferred, turns a panic into an error.
func recovered(err *error) {
	if cause := recover(); cause != nil {
		*err = autherr.Wrap(autherr.Internal, "panic", fmt.Errorf("core: panic: %v\n%s", cause, debug.Stack()))
	}
}
