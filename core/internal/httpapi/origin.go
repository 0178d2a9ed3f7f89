package httpapi

import (
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/cotterpin/cotterpin/core/web"
)

// CrossOriginGuard rejects requests that a page of another origin made the
// browser send. It applies [http.CrossOriginProtection] to a request as values.
type CrossOriginGuard struct {
	standard *http.CrossOriginProtection
}

// NewCrossOriginGuard returns a guard that trusts exactly the given origins
// (scheme://host[:port]) besides the request's own. It panics if one is not an
// origin; the settings have been validated.
func NewCrossOriginGuard(trusted ...string) CrossOriginGuard {
	g := CrossOriginGuard{http.NewCrossOriginProtection()}
	for _, origin := range trusted {
		if err := g.standard.AddTrustedOrigin(origin); err != nil {
			panic("httpapi: " + err.Error())
		}
	}
	return g
}

// Allows reports whether the request passes. An upgrade to another protocol, such as
// a WebSocket, is judged as unsafe whatever its method: browsers let every page open
// one, with cookies, and read from it (RFC 6455, section 10.2).
func (g CrossOriginGuard) Allows(r web.Request) bool {
	method := r.Method
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		if !upgrades(r) {
			return true // Check accepts them too; most requests need no more
		}
		method = http.MethodPost
	}
	request := checked.Get().(*http.Request) //nolint:forcetypeassert // the pool contains nothing else
	defer checked.Put(request)
	request.Method, request.Host = method, r.Host
	request.Header["Sec-Fetch-Site"] = r.Header.Values("Sec-Fetch-Site")
	request.Header["Origin"] = r.Header.Values("Origin")
	return g.standard.Check(request) == nil
}

// upgrades reports whether the request has an Upgrade field. Its value and the field
// Connection do not matter, because servers differ in how they read them; pages can
// set neither.
func upgrades(r web.Request) bool { return len(r.Header.Values("Upgrade")) > 0 }

// checked contains the requests passed to the standard library, which reads
// these four values alone and keeps none. Reuse saves allocations.
var checked = sync.Pool{New: func() any { return &http.Request{Header: http.Header{}} }}

// CORS lets the allowed origins read responses in a browser, with credentials
// (Fetch Standard, section 3.2). There is no wildcard. It is written by hand
// because the libraries write to an [http.ResponseWriter], which fiber lacks.
type CORS struct {
	AllowedOrigins []string // scheme://host[:port], exact
}

// Fields returns the header fields for a response to r: Vary always, the rest
// for allowed origins only. The slice must not be changed.
func (c CORS) Fields(r web.Request) []web.Field {
	origin, ok := c.allowed(r)
	if !ok {
		return varyOnly
	}
	return []web.Field{
		{Name: "Vary", Value: "Origin"},
		{Name: "Access-Control-Allow-Origin", Value: origin},
		{Name: "Access-Control-Allow-Credentials", Value: "true"},
	}
}

var varyOnly = []web.Field{{Name: "Vary", Value: "Origin"}}

// Apply returns the response with the fields for r.
func (c CORS) Apply(r web.Request, response web.Response) web.Response {
	for _, f := range c.Fields(r) {
		response = response.With(f.Name, f.Value)
	}
	return response
}

// Preflight returns the response to a preflight request. For an allowed origin
// it lists the methods and header fields.
func (c CORS) Preflight(r web.Request, methods, headers string) web.Response {
	response := c.Apply(r, web.NoContent())
	if _, ok := c.allowed(r); !ok {
		return response
	}
	return response.
		With("Access-Control-Allow-Methods", methods).
		With("Access-Control-Allow-Headers", headers).
		With("Access-Control-Max-Age", "600")
}

// maxRequestedHeaders bounds the Access-Control-Request-Headers that are
// returned to the client, in bytes.
const maxRequestedHeaders = 1024

// RequestedHeaders returns the header fields that a preflight request lists,
// in addition to those of the kit's own routes. A value that is not a list of
// field names, or exceeds 1024 bytes, is ignored.
func RequestedHeaders(r web.Request) string {
	const own = "Authorization, Content-Type"
	requested := r.First("Access-Control-Request-Headers")
	if requested == "" || len(requested) > maxRequestedHeaders || strings.ContainsFunc(requested, notInFieldNames) {
		return own
	}
	return own + ", " + requested
}

func notInFieldNames(c rune) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return false
	}
	return !strings.ContainsRune("-_, ", c)
}

func (c CORS) allowed(r web.Request) (origin string, ok bool) {
	lines := r.Header.Values("Origin")
	if len(lines) != 1 || !slices.Contains(c.AllowedOrigins, lines[0]) {
		return "", false
	}
	return lines[0], true
}
