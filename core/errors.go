package core

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/internal/httpapi"
	"github.com/cotterpin/cotterpin/core/web"
)

// render returns the response to an error of the application's own routes, and
// logs the error.
func (k *Kit) render(ctx context.Context, r web.Request, err error) web.Response {
	if err == nil {
		err = autherr.New(autherr.Internal, "no_error_to_render")
	}
	return k.cors.Apply(r, k.reject(ctx, r, err))
}

// renderStatus returns the response to a request that a framework rejects by
// itself with that status; false for a status that it does not handle.
func (k *Kit) renderStatus(status int) (web.Response, bool) {
	var rejection error
	switch status {
	case http.StatusRequestEntityTooLarge:
		rejection = tooLarge()
	case http.StatusBadRequest, http.StatusRequestTimeout, http.StatusRequestHeaderFieldsTooLarge:
		rejection = autherr.New(autherr.InvalidRequest, "unreadable_request")
	default:
		return web.Response{}, false
	}
	return k.problem(context.Background(), status, rejection, rand.Text(), noAttributes).With("Vary", "Origin"), true
}

// reject returns the problem document of an error that ends a request, and logs
// the error, the route and the client's address.
func (k *Kit) reject(ctx context.Context, r web.Request, err error) web.Response {
	return k.problem(ctx, httpapi.StatusOf(err), err, k.requestID(r), func() []any { return k.requestAttributes(r) })
}

// requestAttributes returns the log attributes of a rejected request.
func (k *Kit) requestAttributes(r web.Request) []any {
	event, route := "request_refused", k.loggedRoute(r)
	switch {
	case strings.HasPrefix(route, "/login"), strings.HasPrefix(route, "/callback/"):
		event = "authn_login_fail"
	case route == "/refresh":
		event = "authn_refresh_fail"
	}
	return []any{"event", event, "route", route, "address", k.address(r)}
}

// loggedRoute returns the kit's own route below auth.path, or the pattern of the
// application's route without its method; "" if there is none. The path is
// client input and not logged.
func (k *Kit) loggedRoute(r web.Request) string {
	if below, ours := strings.CutPrefix(r.Path, k.auth.Path); ours {
		if _, known := k.routes[below]; known {
			return below
		}
	}
	return r.Route[strings.LastIndexByte(r.Route, ' ')+1:]
}

func noAttributes() []any { return nil }

// problem returns the problem document of an error, and logs the error with the
// same request id and the given attributes.
func (k *Kit) problem(ctx context.Context, status int, err error, requestID string, attributes func() []any) web.Response {
	k.logProblem(ctx, err, requestID, attributes)
	return k.document(status, err, requestID)
}

// logProblem logs an error with the request id that the client gets.
func (k *Kit) logProblem(ctx context.Context, err error, requestID string, attributes func() []any) {
	level, message := severity(err)
	if !k.log.Enabled(ctx, level) {
		return
	}
	all := append(attributes(),
		"request_id", requestID,
		"code", string(autherr.CodeOf(err)),
		"reason", autherr.ReasonOf(err),
	)
	all = append(all, comparedValues(err)...)
	if level == slog.LevelError {
		all = append(all, "error", err.Error()) // a fault of the server, which the operator can fix
	}
	k.log.Log(ctx, level, message, all...)
}

// comparedValues returns the log attributes of the values that an error compared,
// none if it compared none.
func comparedValues(err error) []any {
	e, ok := errors.AsType[*autherr.Error](err)
	if !ok {
		return nil
	}
	expected, found, compared := e.Values()
	if !compared {
		return nil
	}
	return []any{"expected", expected, "found", found}
}

// document returns the problem document of an error.
func (k *Kit) document(status int, err error, requestID string) web.Response {
	document := httpapi.Problem(status, err, requestID, k.auth.Mode == config.ModeDevelopment)
	if name := k.auth.RequestIDHeader; name != "" {
		return document.With(http.CanonicalHeaderKey(name), requestID)
	}
	return document
}

// requestID returns the id that the application's proxy or middleware gave to
// the request, or a new one.
func (k *Kit) requestID(r web.Request) string {
	if name := k.auth.RequestIDHeader; name != "" {
		lines := r.Header.Values(http.CanonicalHeaderKey(name))
		if len(lines) == 1 && requestIDForm.MatchString(lines[0]) {
			return lines[0]
		}
	}
	return rand.Text()
}

// requestIDForm keeps control characters and long values of a client out of the
// log and the header.
var requestIDForm = regexp.MustCompile(`\A[A-Za-z0-9._~+/=:-]{1,128}\z`)

// severity returns the level and message of an error's log line.
func severity(err error) (slog.Level, string) {
	_, isFlow := errors.AsType[*flowError](err)
	switch {
	case autherr.CodeOf(err) == autherr.Unauthenticated && !isFlow:
		return slog.LevelDebug, "request refused"
	case errors.Is(err, context.Canceled):
		return slog.LevelInfo, "client gone"
	case httpapi.StatusOf(err) >= http.StatusInternalServerError:
		return slog.LevelError, "request failed"
	default:
		return slog.LevelInfo, "request refused"
	}
}

// originDetail explains to a developer why the origin of a request is rejected.
func (k *Kit) originDetail(r web.Request) string {
	origin := r.First("Origin")
	if origin == "" {
		return fmt.Sprintf("the request has Sec-Fetch-Site %.20q and no Origin", r.First("Sec-Fetch-Site"))
	}
	return fmt.Sprintf("the origin %.200q is neither base_url %q nor in allowed_origins %q",
		origin, k.auth.BaseURL, k.auth.AllowedOrigins)
}
