package core

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/internal/httpapi"
	"github.com/cotterpin/cotterpin/core/web"
)

// handler answers the requests to a route. Whoever calls it renders its error.
type handler func(context.Context, web.Request) (web.Response, error)

// route is one path with its one method; a GET route answers HEAD too.
type route struct {
	method  string
	summary string
	handle  handler
}

// mount derives the routes and the checks of every request from the settings.
func (k *Kit) mount() *Kit {
	k.mounted = map[string]web.Handler{}
	k.origins = httpapi.CrossOriginGuard{TrustedOrigins: append([]string{k.auth.BaseURL}, k.auth.AllowedOrigins...)}
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

// table is the one list of the kit's routes. What a session strategy does not
// know is not in it.
func (k *Kit) table() map[string]route {
	get, post := http.MethodGet, http.MethodPost
	routes := map[string]route{
		"/login":   {post, "exchange the provider's tokens for a session", k.limited(k.login)},
		"/session": {get, "who am I", k.showSession},
		"/logout":  {post, "end the session", k.logout},
		"/ok":      {get, "the process runs", k.ok},
		"/ready":   {get, "requests can be served", k.ready},
	}
	if k.strategy.Name() == config.StrategyOwn {
		routes["/sessions"] = route{get, "my sessions", k.listSessions}
	} else {
		routes["/refresh"] = route{post, "exchange the provider's refresh token", k.limited(k.refresh)}
	}
	if k.database != nil {
		routes["/sessions/revoke"] = route{post, "end one, the other, or all of my sessions", k.revokeSessions}
	}
	return routes
}

// Endpoint is one row of the table of routes, for documents.
type Endpoint struct {
	Method  string
	Path    string
	Summary string
}

// Endpoints lists the kit's routes, sorted by path.
func (k *Kit) Endpoints() []Endpoint {
	list := make([]Endpoint, 0, len(k.routes))
	for path, r := range k.routes {
		list = append(list, Endpoint{Method: r.method, Path: k.auth.Path + path, Summary: r.summary})
	}
	slices.SortFunc(list, func(a, b Endpoint) int { return strings.Compare(a.Path, b.Path) })
	return list
}

// serve answers a request to one of the kit's routes. false means that the
// path is not below auth.path and the application goes on.
func (k *Kit) serve(ctx context.Context, r web.Request) (web.Response, bool) {
	below, ours := strings.CutPrefix(r.Path, k.auth.Path)
	if !ours || below != "" && below[0] != '/' {
		return web.Response{}, false
	}
	if own, rest, ok := k.providerRoutes(below); ok {
		response, err := forward(ctx, r, own, rest)
		if err != nil {
			response = k.refuse(ctx, r, err)
		}
		return response, true
	}
	response, err := k.answer(ctx, below, r)
	if err != nil {
		response = k.refuse(ctx, r, err)
	}
	if r.ContentLength > maxBody {
		// What was declared too large is not read, so the connection cannot go on.
		response = response.With("Connection", "close")
	}
	return k.cors.Apply(r, response), true
}

// answer finds the route and asks it, refusing in this order: 404, 405, 403.
func (k *Kit) answer(ctx context.Context, path string, r web.Request) (_ web.Response, err error) {
	defer recovered(&err)
	found, ok := k.routes[path]
	if !ok {
		return web.Response{}, autherr.New(autherr.NotFound, "no_such_route")
	}
	if r.Preflight() {
		return k.cors.Preflight(r, found.allow(), "Authorization, Content-Type"), nil
	}
	if !found.takes(r.Method) {
		refusal := autherr.New(autherr.MethodNotAllowed, "wrong_method")
		return k.refuse(ctx, r, refusal).With("Allow", found.allow()), nil
	}
	if !k.origins.Allows(r) {
		return web.Response{}, autherr.New(autherr.CrossOrigin, "foreign_origin")
	}
	return found.handle(ctx, r)
}

func (r route) takes(method string) bool {
	return method == r.method || method == http.MethodHead && r.method == http.MethodGet
}

func (r route) allow() string {
	if r.method == http.MethodGet {
		return "GET, HEAD"
	}
	return r.method
}

// providerRoutes finds the provider whose own routes a path is below.
func (k *Kit) providerRoutes(below string) (own web.Handler, rest string, ok bool) {
	if _, own := k.routes[below]; own || below == "" {
		return nil, "", false
	}
	name, rest, _ := strings.Cut(below[1:], "/")
	own, ok = k.mounted[name]
	return own, "/" + rest, ok
}

// forward asks a provider's own routes.
func forward(ctx context.Context, r web.Request, to web.Handler, path string) (_ web.Response, err error) {
	defer recovered(&err)
	r.Path = path
	return to.Serve(ctx, r), nil
}

// recovered, deferred, turns a panic into an error.
func recovered(err *error) {
	if cause := recover(); cause != nil {
		*err = autherr.Wrap(autherr.Internal, "panic", fmt.Errorf("endpoint: panic: %v\n%s", cause, debug.Stack()))
	}
}
