package httpapi

import (
	"net/http"
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

// Allows reports whether the request passes.
func (g CrossOriginGuard) Allows(r web.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return true // Check accepts them too; most requests need no more
	}
	request := checked.Get().(*http.Request) //nolint:forcetypeassert // the pool contains nothing else
	defer checked.Put(request)
	request.Method, request.Host = r.Method, r.Host
	request.Header["Sec-Fetch-Site"] = r.Header.Values("Sec-Fetch-Site")
	request.Header["Origin"] = r.Header.Values("Origin")
	return g.standard.Check(request) == nil
}

// checked contains the requests passed to the standard library, which reads
// these four values alone and keeps none. Reuse saves allocations.
var checked = sync.Pool{New: func() any { return &http.Request{Header: http.Header{}} }}
