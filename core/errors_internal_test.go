package core

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/web"
)

func TestAdapter_RenderLogs(t *testing.T) {
	t.Parallel()
	fault := errors.New("connection refused")
	for name, c := range map[string]struct {
		err  error
		code autherr.Code
		want string // in the log
	}{
		"code":       {fmt.Errorf("note: %w", autherr.New(autherr.NotFound, "no_such_note")), autherr.NotFound, `"reason":"no_such_note"`},
		"no code":    {fault, autherr.Internal, `"error":"connection refused"`},
		"undeclared": {autherr.Wrap("undeclared", "some_reason", fault), autherr.Internal, `"error":"undeclared (some_reason): connection refused"`},
		"values":     {autherr.New(autherr.InvalidToken, "wrong_issuer").WithValues("a", "b"), autherr.InvalidToken, `"expected":"a","found":"b"`},
		"nil":        {nil, autherr.Internal, `"reason":"no_error_to_render"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kit, _ := countingKit()
			var log bytes.Buffer
			kit.log = slog.New(slog.NewJSONHandler(&log, nil))
			r := newRequest("Accept", "*/*")
			r.Route = "GET /api/{name}"
			response := kit.Adapter().Render(t.Context(), r, c.err)
			if response.Status != c.code.Status() || !strings.Contains(string(response.Body), `"code":"`+string(c.code)+`"`) {
				t.Errorf("got %d %s, want %s", response.Status, response.Body, c.code)
			}
			for _, want := range []string{c.want, `"route":"/api/{name}"`, `"address":"192.0.2.1"`} {
				if !strings.Contains(log.String(), want) {
					t.Errorf("the log does not contain %s: %s", want, &log)
				}
			}
		})
	}
}

func TestLoggedRoute(t *testing.T) {
	t.Parallel()
	kit, _ := countingKit()
	for _, c := range []struct{ path, pattern, want string }{
		{"/auth/login", "", "/login"},
		{"/auth/login", "/", "/login"},
		{"/auth/c4n4ry", "", ""},
		{"/api/c4n4ry", "", ""},
		{"/api/c4n4ry", "/api/:name", "/api/:name"},
		{"/api/c4n4ry", "GET /api/{name}", "/api/{name}"},
		{"/api/c4n4ry", "GET  api.example.com/api/{name}", "api.example.com/api/{name}"},
	} {
		if got := kit.loggedRoute(web.Request{Path: c.path, Route: c.pattern}); got != c.want {
			t.Errorf("path %q, pattern %q: got %q, want %q", c.path, c.pattern, got, c.want)
		}
	}
}

// A13.
func TestAdapter_CORSReplacesFields(t *testing.T) {
	t.Parallel()
	kit, _ := countingKit()
	kit.auth.AllowedOrigins = []string{"https://app.example.com"}
	kit.mount()
	for origin, want := range map[string]http.Header{
		"https://app.example.com": {
			"Vary": {"Accept-Encoding", "Origin"}, "Access-Control-Allow-Origin": {"https://app.example.com"}, "Access-Control-Allow-Credentials": {"true"},
		},
		"https://other.example": {"Vary": {"Accept-Encoding", "Origin"}, "Access-Control-Allow-Origin": {"*"}},
	} {
		header := http.Header{"Vary": {"Accept-Encoding"}, "Access-Control-Allow-Origin": {"*"}} // of another middleware
		if preflight := kit.Adapter().CORS(newRequest("Origin", origin), header); preflight != nil {
			t.Fatalf("%s: got a preflight response", origin)
		}
		if fmt.Sprint(header) != fmt.Sprint(want) {
			t.Errorf("%s: got %v, want %v", origin, header, want)
		}
	}
}

// A01: the routes of a provider return no response.
func TestServe_ProviderWithoutResponse(t *testing.T) {
	t.Parallel()
	kit, _ := countingKit()
	status := http.StatusOK
	kit.mounted["emulator"] = fixedResponse(func() web.Response { return web.Response{Status: status} })
	r := newRequest("Accept", "*/*")
	r.Path = "/auth/emulator/app"
	if response, ours := kit.serve(t.Context(), r); !ours || response.Status != http.StatusOK {
		t.Fatalf("got %d, %v", response.Status, ours)
	}
	status = 0
	if response, _ := kit.serve(t.Context(), r); response.Status != http.StatusInternalServerError {
		t.Errorf("got %d, want 500", response.Status)
	}
}

// fixedResponse is a provider's own routes.
type fixedResponse func() web.Response

func (f fixedResponse) Serve(context.Context, web.Request) web.Response { return f() }
