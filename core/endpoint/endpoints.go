// Package endpoint answers the kit's own routes and guards the application's:
// from a web.Request to a web.Response, without a framework.
//
// It is the only place where providers, accounts and sessions meet. Package
// core puts the pieces together and hands them in; adapters reach this package
// through core alone.
package endpoint

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/core/settings"
	"github.com/cotterpin/cotterpin/core/web"
)

// Pieces is what the endpoints are made of.
type Pieces struct {
	Auth       settings.Auth
	Transports []string // what sessions may travel in; the first is the default of a login
	Cookie     web.Cookie
	Proxies    web.Proxies

	Providers *provider.Set
	Strategy  session.Strategy

	// Accounts registers, Users finds, Directory lists sessions. All three are
	// nil where there are no users.
	Accounts  *account.Registrar
	Users     account.Finder
	Directory *session.Directory

	// DatabaseReady says whether the database can serve; nil if there is none.
	DatabaseReady func(context.Context) error

	Now func() time.Time
	Log *slog.Logger
}

// Endpoints are the kit's routes and guards. They are used by many goroutines
// at once.
type Endpoints struct {
	Pieces
	routes   map[string]route
	mounted  map[string]web.Handler // providers' own routes, by name of the block
	origins  web.CrossOriginGuard
	cors     web.CORS
	failures *failures
}

// handler answers the requests to a route. Whoever calls it renders its error.
type handler func(context.Context, web.Request) (web.Response, error)

// route is one path with its one method; a GET route answers HEAD too.
type route struct {
	method  string
	summary string
	handle  handler
}

// New returns the endpoints.
func New(p Pieces) *Endpoints {
	e := &Endpoints{
		Pieces:   p,
		mounted:  map[string]web.Handler{},
		origins:  web.CrossOriginGuard{TrustedOrigins: append([]string{p.Auth.BaseURL}, p.Auth.AllowedOrigins...)},
		cors:     web.CORS{AllowedOrigins: p.Auth.AllowedOrigins},
		failures: newFailures(p.Auth, p.Now),
	}
	for _, named := range p.Providers.All() {
		if own, ok := named.Provider.(provider.Routes); ok {
			e.mounted[named.Name] = own.Routes()
		}
	}
	e.routes = e.table()
	return e
}

// table is the one list of the kit's routes. What a session strategy does not
// know is not in it.
func (e *Endpoints) table() map[string]route {
	get, post := http.MethodGet, http.MethodPost
	routes := map[string]route{
		"/login":   {post, "exchange the provider's tokens for a session", e.limited(e.login)},
		"/session": {get, "who am I", e.session},
		"/logout":  {post, "end the session", e.logout},
		"/ok":      {get, "the process runs", e.ok},
		"/ready":   {get, "requests can be served", e.ready},
	}
	if e.Strategy.Name() == settings.Own {
		routes["/sessions"] = route{get, "my sessions", e.listSessions}
	} else {
		routes["/refresh"] = route{post, "exchange the provider's refresh token", e.limited(e.refresh)}
	}
	if e.Directory != nil {
		routes["/sessions/revoke"] = route{post, "end one, the other, or all of my sessions", e.revokeSessions}
	}
	return routes
}

// Endpoint is one row of the table of routes, for documents.
type Endpoint struct {
	Method  string
	Path    string
	Summary string
}

// List returns the kit's routes, sorted by path.
func (e *Endpoints) List() []Endpoint {
	list := make([]Endpoint, 0, len(e.routes))
	for path, r := range e.routes {
		list = append(list, Endpoint{Method: r.method, Path: e.Auth.Path + path, Summary: r.summary})
	}
	slices.SortFunc(list, func(a, b Endpoint) int { return strings.Compare(a.Path, b.Path) })
	return list
}

// Serve answers a request to one of the kit's routes. false means that the
// path is not below auth.path and the application goes on.
func (e *Endpoints) Serve(ctx context.Context, r web.Request) (web.Response, bool) {
	below, ours := strings.CutPrefix(r.Path, e.Auth.Path)
	if !ours || below != "" && below[0] != '/' {
		return web.Response{}, false
	}
	if own, rest, ok := e.providerRoutes(below); ok {
		response, err := forward(ctx, r, own, rest)
		if err != nil {
			response = e.refuse(ctx, r, err)
		}
		return response, true
	}
	response, err := e.answer(ctx, below, r)
	if err != nil {
		response = e.refuse(ctx, r, err)
	}
	if r.ContentLength > maxBody {
		// What was declared too large is not read, so the connection cannot go on.
		response = response.With("Connection", "close")
	}
	return e.cors.Apply(r, response), true
}

// answer finds the route and asks it, refusing in this order: 404, 405, 403.
func (e *Endpoints) answer(ctx context.Context, path string, r web.Request) (_ web.Response, err error) {
	defer recovered(&err)
	found, ok := e.routes[path]
	if !ok {
		return web.Response{}, autherr.New(autherr.NotFound, "no_such_route")
	}
	if r.Preflight() {
		return e.cors.Preflight(r, found.allow(), "Authorization, Content-Type"), nil
	}
	if !found.takes(r.Method) {
		refusal := autherr.New(autherr.MethodNotAllowed, "wrong_method")
		return e.refuse(ctx, r, refusal).With("Allow", found.allow()), nil
	}
	if !e.origins.Allows(r) {
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
func (e *Endpoints) providerRoutes(below string) (own web.Handler, rest string, ok bool) {
	if _, own := e.routes[below]; own || below == "" {
		return nil, "", false
	}
	name, rest, _ := strings.Cut(below[1:], "/")
	own, ok = e.mounted[name]
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
