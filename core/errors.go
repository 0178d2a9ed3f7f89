package core

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/internal/httpapi"
	"github.com/cotterpin/cotterpin/core/web"
)

// refuse renders the error that a request ends with, and logs who was refused
// where.
func (k *Kit) refuse(ctx context.Context, r web.Request, err error) web.Response {
	return k.problem(ctx, httpapi.StatusOf(err), err, func() []any { return k.about(r) })
}

// about returns what is logged of a refused request.
func (k *Kit) about(r web.Request) []any {
	event, route := "request_refused", ""
	if below, ours := strings.CutPrefix(r.Path, k.auth.Path); ours {
		if _, known := k.routes[below]; known {
			route = below // another path is of the client's choice, and not for the log
		}
	}
	switch route {
	case "/login":
		event = "authn_login_fail"
	case "/refresh":
		event = "authn_refresh_fail"
	}
	return []any{"event", event, "route", route, "address", k.address(r)}
}

// nothing is logged where there is no request.
func nothing() []any { return nil }

// render returns the response to an error, and logs it.
func (k *Kit) render(err error) web.Response {
	return k.problem(context.Background(), httpapi.StatusOf(err), err, nothing)
}

// renderStatus returns the response to a request that a framework refuses by
// itself with that status; false for a status that it does not know.
func (k *Kit) renderStatus(status int) (web.Response, bool) {
	var refusal error
	switch status {
	case http.StatusRequestEntityTooLarge:
		refusal = tooLarge()
	case http.StatusBadRequest, http.StatusRequestTimeout, http.StatusRequestHeaderFieldsTooLarge:
		refusal = autherr.New(autherr.InvalidRequest, "unreadable_request")
	default:
		return web.Response{}, false
	}
	return k.problem(context.Background(), status, refusal, nothing).With("Vary", "Origin"), true
}

// problem renders an error with that status, and logs it under the same request
// id with what is to be said about the request.
func (k *Kit) problem(ctx context.Context, status int, err error, about func() []any) web.Response {
	requestID := rand.Text()
	if level, message := severity(err); k.log.Enabled(ctx, level) {
		attributes := append(about(),
			"request_id", requestID,
			"code", string(autherr.CodeOf(err)),
			"reason", autherr.ReasonOf(err),
		)
		if level == slog.LevelError {
			attributes = append(attributes, "error", err.Error()) // a fault of ours, which the operator can mend
		}
		k.log.Log(ctx, level, message, attributes...)
	}
	return httpapi.Problem(status, err, requestID, k.auth.Mode == config.ModeDevelopment)
}

// severity returns how an error is logged.
func severity(err error) (slog.Level, string) {
	switch {
	case autherr.CodeOf(err) == autherr.Unauthenticated:
		return slog.LevelDebug, "request refused"
	case errors.Is(err, context.Canceled):
		return slog.LevelInfo, "client gone"
	case httpapi.StatusOf(err) >= http.StatusInternalServerError:
		return slog.LevelError, "request failed"
	default:
		return slog.LevelInfo, "request refused"
	}
}
