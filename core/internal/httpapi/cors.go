package httpapi

import (
	"slices"
	"strings"

	"github.com/cotterpin/cotterpin/core/web"
)

// CORS answers for origins that may read our answers from a browser, with
// credentials (Fetch Standard, section 3.2). There is no wildcard.
type CORS struct {
	AllowedOrigins []string // scheme://host[:port], exact
}

// Fields returns the header fields that an answer to r bears: Vary always, the
// rest for allowed origins only. They must not be changed.
func (c CORS) Fields(r web.Request) []web.Field {
	origin, ok := c.allowed(r)
	if !ok {
		return unshared
	}
	return []web.Field{
		{Name: "Vary", Value: "Origin"},
		{Name: "Access-Control-Allow-Origin", Value: origin},
		{Name: "Access-Control-Allow-Credentials", Value: "true"},
	}
}

// unshared are the fields of an answer that no other origin may read.
var unshared = []web.Field{{Name: "Vary", Value: "Origin"}}

// Apply returns the response with the fields for r.
func (c CORS) Apply(r web.Request, response web.Response) web.Response {
	for _, f := range c.Fields(r) {
		response = response.With(f.Name, f.Value)
	}
	return response
}

// Preflight returns the answer to a preflight request: to an allowed origin
// what it may send, to others nothing.
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

// RequestedHeaders returns what a preflight request asks to send, beside what
// our own routes take. Anything but a list of field names is left out.
func RequestedHeaders(r web.Request) string {
	const own = "Authorization, Content-Type"
	asked := r.First("Access-Control-Request-Headers")
	if asked == "" || len(asked) > 1024 || strings.ContainsFunc(asked, notInFieldNames) {
		return own
	}
	return own + ", " + asked
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
