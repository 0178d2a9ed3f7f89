package emulator

import (
	"context"
	"net"
	"net/http"
	"strings"

	"github.com/cotterpin/cotterpin/core/internal/httpapi"
	"github.com/cotterpin/cotterpin/core/web"
)

// isLocal reports whether a request comes from this machine and is addressed to
// it. The Host is checked too, so that a foreign name that resolves to 127.0.0.1
// does not admit a web page (DNS rebinding).
func (e *Emulator) isLocal(r web.Request) bool {
	return e.options.InsecureRemote || isLoopback(r.Remote) && isLoopback(r.Host)
}

// isLoopback is [web.IsLoopback] for a host with or without a port.
func isLoopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
	}
	return web.IsLoopback(host)
}

// sameOrigin rejects requests that a page of another origin caused, GET included:
// these endpoints return secrets.
func sameOrigin(next endpoint) endpoint {
	return func(ctx context.Context, r web.Request) (web.Response, error) {
		unsafe := r
		unsafe.Method = http.MethodPost
		if !httpapi.NewCrossOriginGuard().Allows(unsafe) {
			return web.Response{}, newAPIError(http.StatusForbidden, "requests from another site are not accepted")
		}
		return next(ctx, r)
	}
}

// requireAPIKey rejects requests without the API key.
func (e *Emulator) requireAPIKey(next endpoint) endpoint {
	return func(ctx context.Context, r web.Request) (web.Response, error) {
		if r.First("Api_key_id") != e.options.APIKeyID {
			return web.Response{}, unknownAPIKey()
		}
		return next(ctx, r)
	}
}

func unknownAPIKey() *apiError {
	return newAPIError(http.StatusUnauthorized, "API_KEY_ID is unknown to this emulator")
}

// allowsCORS reports whether scripts of other origins may call the path.
func allowsCORS(path string) bool {
	return strings.HasPrefix(path, apiPath) || path == workerPath
}

// withCORS allows the calling page to read the response if the emulator would
// redirect to its origin.
func (e *Emulator) withCORS(response web.Response, r web.Request) web.Response {
	response = response.With("Vary", "Origin")
	origin := r.First("Origin")
	if page, err := parseWebURL(origin); err != nil || originOf(page) != origin || !e.allowsRedirect(page) {
		return response
	}
	response = response.
		With("Access-Control-Allow-Origin", origin).
		With("Access-Control-Allow-Credentials", "true")
	if !r.Preflight() {
		return response
	}
	return response.
		With("Access-Control-Allow-Headers", "API_KEY_ID, API_SECRET_KEY, Content-Type").
		With("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, OPTIONS").
		With("Access-Control-Max-Age", "600")
}
