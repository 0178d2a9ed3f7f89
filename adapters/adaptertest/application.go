package adaptertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/autherr"
)

// caller is the caller of a route, as each way of the adapter returns it.
type caller struct {
	Known     bool   `json:"known"`
	Context   string `json:"context"`   // subject from core.PrincipalFromContext
	Framework string `json:"framework"` // the same from the framework's own context
	Principal string `json:"principal"` // subject from the adapter's Principal
}

func respondCaller(call Call) ([]byte, error) {
	fromContext, known := core.PrincipalFromContext(call.Context)
	fromFramework := fromContext
	if call.Framework != nil {
		fromFramework, _ = core.PrincipalFromContext(call.Framework)
	}
	return json.Marshal(caller{
		Known: known, Context: fromContext.Subject, Framework: fromFramework.Subject, Principal: call.Principal.Subject,
	})
}

// respondUser returns the caller's user, if each way of the adapter returns the
// same.
func respondUser(call Call) ([]byte, error) {
	user, err := call.User()
	if err != nil {
		return nil, err
	}
	for _, ctx := range []context.Context{call.Context, call.Framework} {
		if ctx == nil {
			continue
		}
		if same, err := core.UserFromContext(ctx); err != nil || same != user {
			return nil, fmt.Errorf("got %+v and %+v, %w", same, user, err)
		}
	}
	return json.Marshal(user.Email)
}

func testUser(t *testing.T, c *client) {
	token := c.signIn(t, ada)
	a := c.send(t, "GET", "/user", bearer(token))
	if a.Status != http.StatusOK || string(a.Body) != `"`+ada+`"` {
		t.Errorf("got %d %s, want the caller's email address", a.Status, a.Body)
	}
	c.send(t, "GET", "/user").is(t, http.StatusUnauthorized, "unauthenticated")
}

func testNestedGuards(t *testing.T, c *client) {
	token := c.signIn(t, ada)
	c.send(t, "GET", "/nested", bearer(token)).calls(t, known(ada))
	c.send(t, "GET", "/nested").is(t, http.StatusUnauthorized, "unauthenticated")
	c.send(t, "GET", "/nested-elsewhere", bearer(token)).is(t, http.StatusForbidden, "insufficient_scope")
}

// failures returns the errors of the routes that fail, by path.
func failures() map[string]error {
	all := map[string]error{
		"/fail/undeclared": autherr.New("undeclared", "some_reason"),
		"/fail/empty":      &autherr.Error{},
		"/fail/plain":      errors.New("secret inside"),
		"/fail/own":        ownCode,
		"/fail/wrapped":    fmt.Errorf("secret inside: %w", autherr.Wrap(ownCode, "some_reason", errors.New("secret inside"))),
	}
	for _, code := range autherr.Codes() {
		all["/fail/code/"+string(code)] = autherr.New(code, "some_reason")
	}
	return all
}

// testErrors has handlers fail with each declared code, and with others (A01).
func testErrors(t *testing.T, c *client) {
	for path, err := range failures() {
		a := c.send(t, "GET", path, header("Origin", allowedOrigin))
		code := autherr.CodeOf(err)
		a.is(t, code.Status(), string(code))
		if strings.Contains(string(a.Body), "secret inside") {
			t.Errorf("%s: the body contains the error: %s", path, a.Body)
		}
		if got := a.Header.Values("Access-Control-Allow-Origin"); !slices.Equal(got, []string{allowedOrigin}) {
			t.Errorf("%s: Access-Control-Allow-Origin is %q", path, got)
		}
	}
}

func testHookError(t *testing.T, c *client) {
	a := c.login(t, c.issuer.Login(rejected).Body())
	a.is(t, ownCode.Status(), string(ownCode))
	if len(a.Cookies) != 0 || !strings.Contains(string(a.Body), ownCode.Title()) {
		t.Errorf("got cookies %q and %s, want none and the code's title", a.Cookies, a.Body)
	}
}

func testHookPanic(t *testing.T, c *client) {
	for range 2 {
		a := c.login(t, c.issuer.Login(panicking).Body())
		a.is(t, http.StatusInternalServerError, "internal")
		if len(a.Cookies) != 0 || strings.Contains(string(a.Body), "secret inside") || strings.Contains(string(a.Body), "goroutine") {
			t.Errorf("got cookies %q and %s", a.Cookies, a.Body)
		}
		c.signIn(t, ada)
	}
}

// testHandlerPanic calls a handler that panics. The response is 500 or, where the
// server recovers by itself, a closed connection; the process continues.
func testHandlerPanic(t *testing.T, c *client) {
	for range 2 {
		a, err := c.try(t, "GET", "/panic")
		if err == nil && (a.Status != http.StatusInternalServerError || strings.Contains(string(a.Body), "secret inside")) {
			t.Errorf("got %d %s, want 500 or a closed connection", a.Status, a.Body)
		}
		c.send(t, "GET", "/open").calls(t, caller{})
	}
}

func testApplicationCORS(t *testing.T, c *client) {
	const allowOrigin = "Access-Control-Allow-Origin"
	for path, status := range map[string]int{"/open": http.StatusOK, "/guarded": http.StatusUnauthorized, "/fail/own": ownCode.Status()} {
		a := c.send(t, "GET", path, header("Origin", allowedOrigin))
		if a.Status != status || !slices.Equal(a.Header.Values(allowOrigin), []string{allowedOrigin}) ||
			!slices.Equal(a.Header.Values("Access-Control-Allow-Credentials"), []string{"true"}) ||
			!slices.Equal(a.Header.Values("Vary"), []string{"Origin"}) {
			t.Errorf("%s from an allowed origin: got %d %v", path, a.Status, a.Header)
		}
		a = c.send(t, "GET", path, header("Origin", "https://evil.example"))
		if a.Status != status || a.Header.Get(allowOrigin) != "" || a.Header.Get("Vary") != "Origin" {
			t.Errorf("%s from another origin: got %d %v", path, a.Status, a.Header)
		}
		preflight := c.send(t, "OPTIONS", path, header("Origin", allowedOrigin), header("Access-Control-Request-Method", "POST"),
			header("Access-Control-Request-Headers", "x-trace"))
		if preflight.Status != http.StatusNoContent || preflight.Header.Get(allowOrigin) != allowedOrigin ||
			!strings.HasSuffix(preflight.Header.Get("Access-Control-Allow-Headers"), ", x-trace") {
			t.Errorf("preflight of %s: got %d %v", path, preflight.Status, preflight.Header)
		}
	}
}

// testRemoteAddress sends the header fields of proxies, which are not trusted.
func testRemoteAddress(t *testing.T, c *client) {
	log := c.logged(t)
	const spoofed = "203.0.113.9"
	proxied := []with{
		header("X-Forwarded-For", spoofed), header("X-Real-Ip", spoofed), header("Forwarded", "for="+spoofed), header("True-Client-Ip", spoofed),
	}
	value := c.signInByCookie(t, ada, proxied...)
	sessions := c.send(t, "GET", "/auth/sessions", cookie(value))
	if !strings.Contains(string(sessions.Body), `"address":"127.0.0.1"`) && !strings.Contains(string(sessions.Body), `"address":"::1"`) {
		t.Errorf("got sessions %s, want the address of the socket's peer", sessions.Body)
	}
	c.send(t, "GET", "/guarded", append(proxied, bearer("bad"))...).is(t, http.StatusUnauthorized, "invalid_token")
	if text := log.String(); strings.Contains(text, spoofed) || !strings.Contains(text, "request_refused") {
		t.Errorf("the log of a rejection contains a spoofed address, or nothing: %s", text)
	}
}

// testUnixSocket serves on a Unix socket, whose peers have no address: that of the
// client is unknown, or the one in X-Forwarded-For if the peers are trusted (S08).
func testUnixSocket(t *testing.T, c *client) {
	const forwarded = "203.0.113.9"
	for name, s := range map[string]struct {
		proxies  []string
		address  string
		warnings int
	}{
		"not trusted": {nil, `"address":null`, 1},
		"trusted":     {[]string{"unix"}, `"address":"` + forwarded + `"`, 0},
	} {
		log := &logBuffer{}
		kit := newKit(t, c.issuer, slog.NewJSONHandler(log, nil), func(settings *core.Settings) {
			settings.Auth.TrustedProxies = s.proxies
		})
		socket := listen(t, "unix", filepath.Join(t.TempDir(), "socket"))
		c.serve(t, kit, socket, routes())
		over := c.over(t, socket)
		over.send(t, "GET", "/open").calls(t, caller{})
		for range 2 {
			value := over.signInByCookie(t, ada, header("X-Forwarded-For", "198.51.100.4, "+forwarded))
			over.send(t, "GET", "/guarded", cookie(value)).calls(t, known(ada))
			sessions := over.send(t, "GET", "/auth/sessions", cookie(value))
			if body := string(sessions.Body); !strings.Contains(body, s.address) {
				t.Errorf("%s: got sessions %s, want %s", name, body, s.address)
			}
		}
		if got := strings.Count(log.String(), `"event":"client_address_unknown"`); got != s.warnings {
			t.Errorf("%s: got %d warnings, want %d: %s", name, got, s.warnings, log)
		}
	}
}

// testLoggedRoute has a guard and a handler reject requests: the log contains the
// pattern of the route and not the path, which is client input.
func testLoggedRoute(t *testing.T, c *client) {
	log := c.logged(t)
	c.send(t, "GET", "/guarded?c4n4ry", bearer("bad")).is(t, http.StatusUnauthorized, "invalid_token")
	c.send(t, "GET", "/fail/own").is(t, ownCode.Status(), string(ownCode))
	c.send(t, "GET", "/auth/c4n4ry").is(t, http.StatusNotFound, "not_found")
	for _, want := range []string{`"route":"/guarded"`, `"route":"/fail/own"`, `"route":""`} {
		if strings.Count(log.String(), want) != 1 {
			t.Errorf("the log does not contain %s once: %s", want, log)
		}
	}
	if strings.Contains(log.String(), "c4n4ry") {
		t.Errorf("the log contains client input: %s", log)
	}
}

// testGuardWarnings mounts routes of which two have a guard that no caller meets.
func testGuardWarnings(t *testing.T, c *client) {
	log := c.logged(t)
	c.send(t, "GET", "/open").calls(t, caller{})
	if got := strings.Count(log.String(), `"event":"guard_cannot_be_met","provider":"elsewhere"`); got != 2 {
		t.Errorf("got %d warnings, want one for each guard: %s", got, log)
	}
}

// logged mounts another kit, and returns its log.
func (c *client) logged(t *testing.T) *logBuffer {
	t.Helper()
	log := &logBuffer{}
	c.mount(t, newKit(t, c.issuer, slog.NewJSONHandler(log, nil), nil), routes())
	return log
}

// logBuffer is a log that may be written to while it is read.
type logBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *logBuffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(line)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
