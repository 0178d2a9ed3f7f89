package endpoint

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/settings"
	"github.com/cotterpin/cotterpin/core/web"
)

// refuse renders the error that a request ends with, and logs who was refused
// where.
func (e *Endpoints) refuse(ctx context.Context, r web.Request, err error) web.Response {
	event, route := "request_refused", ""
	if below, ours := strings.CutPrefix(r.Path, e.Auth.Path); ours {
		if _, known := e.routes[below]; known {
			route = below // another path is of the client's choice, and not for the log
		}
	}
	if route == "/login" {
		event = "authn_login_fail"
	}
	return e.problem(ctx, web.StatusOf(err), err, "event", event, "route", route, "address", e.address(r))
}

// Render returns the response to an error, and logs it.
func (e *Endpoints) Render(err error) web.Response {
	return e.problem(context.Background(), web.StatusOf(err), err)
}

// RenderStatus returns the response to a request that a framework refuses by
// itself with that status; false for a status that it does not know.
func (e *Endpoints) RenderStatus(status int) (web.Response, bool) {
	var refusal error
	switch status {
	case http.StatusRequestEntityTooLarge:
		refusal = tooLarge()
	case http.StatusBadRequest, http.StatusRequestTimeout, http.StatusRequestHeaderFieldsTooLarge:
		refusal = autherr.New(autherr.InvalidRequest, "unreadable_request")
	default:
		return web.Response{}, false
	}
	return e.problem(context.Background(), status, refusal).With("Vary", "Origin"), true
}

// problem renders an error with that status, and logs it with attributes under
// the same request id.
func (e *Endpoints) problem(ctx context.Context, status int, err error, attributes ...any) web.Response {
	requestID := rand.Text()
	attributes = append(attributes,
		"request_id", requestID,
		"code", string(autherr.CodeOf(err)),
		"reason", autherr.ReasonOf(err),
	)
	level, message := slog.LevelInfo, "request refused"
	switch code := autherr.CodeOf(err); {
	case code == autherr.Unauthenticated:
		level = slog.LevelDebug
	case errors.Is(err, context.Canceled):
		message = "client gone"
	case web.StatusOf(err) >= http.StatusInternalServerError:
		level, message = slog.LevelError, "request failed"
		attributes = append(attributes, "error", err.Error()) // a fault of ours, which the operator can mend
	}
	e.Log.Log(ctx, level, message, attributes...)
	return web.Problem(status, err, requestID, e.Auth.Mode == settings.Development)
}
