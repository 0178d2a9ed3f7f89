package emulator

import (
	"context"
	"net"
	"net/http"
	"strings"

	"github.com/cotterpin/cotterpin/core/internal/httpapi"
	"github.com/cotterpin/cotterpin/core/web"
)

// local reports whether a request comes from this machine and was meant for it.
// The Host is looked at so that no foreign name that resolves to 127.0.0.1 lets
// a web page in (DNS rebinding).
func (e *Emulator) local(r web.Request) bool {
	return e.options.InsecureRemote || isLoopback(r.Remote) && isLoopback(r.Host)
}

// isLoopback is [web.IsLoopback] for a host that may have a port.
func isLoopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
	}
	return web.IsLoopback(host)
}

// sameOrigin lets only requests through that no page of another origin made a
// browser send. GET is no exception: what these endpoints show is secret.
func sameOrigin(next endpoint) endpoint {
	return func(ctx context.Context, r web.Request) (web.Response, error) {
		unsafe := r
		unsafe.Method = http.MethodPost
		if !(httpapi.CrossOriginGuard{}).Allows(unsafe) {
			return web.Response{}, refuse(http.StatusForbidden, "requests from another site are not taken")
		}
		return next(ctx, r)
	}
}

// forAPIKey lets only requests through that bear the API key.
func (e *Emulator) forAPIKey(next endpoint) endpoint {
	return func(ctx context.Context, r web.Request) (web.Response, error) {
		if r.First("Api_key_id") != e.options.APIKeyID {
			return web.Response{}, unknownAPIKey()
		}
		return next(ctx, r)
	}
}

func unknownAPIKey() *refusal {
	return refuse(http.StatusUnauthorized, "API_KEY_ID is unknown to this emulator")
}

// allowsCORS reports whether scripts of other origins may call the path.
func allowsCORS(path string) bool {
	return strings.HasPrefix(path, apiPath) || path == workerPath
}

// withCORS lets the page that asked read the answer, if its origin is one to
// which the emulator would redirect.
func (e *Emulator) withCORS(answer web.Response, r web.Request) web.Response {
	answer = answer.With("Vary", "Origin")
	origin := r.First("Origin")
	if page, err := parseWebURL(origin); err != nil || originOf(page) != origin || !e.mayReturnTo(page) {
		return answer
	}
	answer = answer.
		With("Access-Control-Allow-Origin", origin).
		With("Access-Control-Allow-Credentials", "true")
	if !r.Preflight() {
		return answer
	}
	return answer.
		With("Access-Control-Allow-Headers", "API_KEY_ID, API_SECRET_KEY, Content-Type").
		With("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, OPTIONS").
		With("Access-Control-Max-Age", "600")
}
