// Package adaptertest is the conformance suite for framework adapters. It sends
// real requests over real sockets to a kit whose tokens are really signed. An
// adapter's test is one call of [Run] with a function that mounts the kit and
// some routes; nothing in the suite depends on a framework.
package adaptertest

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/autherr"
)

// Route is a route of the application that the suite calls.
type Route struct {
	Method string
	Path   string
	Guards []core.Guard // outermost first; empty: the route is not guarded

	// Respond returns the body of the handler's response, with status 200 and
	// type application/json, or an error, which the handler passes to the
	// adapter's Fail. It may panic.
	Respond func(Call) ([]byte, error)

	// CacheControl is the value that the handler sets in the response's header
	// field Cache-Control; "": it does not set the field.
	CacheControl string
}

// Call is what a route's handler passes to Respond.
type Call struct {
	// Context is the context in which the framework's handlers work, from which
	// core.PrincipalFromContext reads.
	Context context.Context //nolint:containedctx // the suite examines it

	// Framework is the framework's own context type, if that is a
	// [context.Context] too; otherwise nil.
	Framework context.Context //nolint:containedctx // the suite examines it

	// Principal is from the adapter's Principal, the zero value if that returns
	// false.
	Principal core.Principal

	// User is the adapter's User.
	User func() (core.User, error)
}

// Serve mounts, from the outside in, a recovery from panics (unless the server has
// one), the kit, the adapter's CORS, and the routes. It serves on the listener, of
// TCP or a Unix socket, and closes it when the test ends.
type Serve func(t *testing.T, kit *core.Kit, listener net.Listener, routes []Route)

// Run checks that a kit mounted by serve behaves as in every other framework.
func Run(t *testing.T, serve Serve) {
	t.Helper()
	for _, c := range []struct {
		name     string
		test     func(*testing.T, *client)
		settings func(*core.Settings) // changes them; nil: leaves them
	}{
		{"login", testLogin, nil},
		{"guard", testGuard, nil},
		{"nested guards", testNestedGuards, nil},
		{"max age and auth method", testFreshness, nil},
		{"max age after a refresh", testRefreshIsNoSignIn, useProviderTokens},
		{"user", testUser, nil},
		{"errors", testErrors, nil},
		{"error of a hook", testHookError, nil},
		{"panic of a hook", testHookPanic, nil},
		{"panic of a handler", testHandlerPanic, nil},
		{"logout", testLogout, nil},
		{"header lines", testHeaderLines, nil},
		{"full cookie", testFullCookie, nil},
		{"bodies", testBodies, nil},
		{"cross-origin requests", testCrossOrigin, nil},
		{"paths", testPaths, nil},
		{"methods", testMethods, nil},
		{"response fields", testFields, nil},
		{"caching", testCaching, nil},
		{"upgrades", testUpgrades, nil},
		{"CORS of the kit", testCORS, nil},
		{"CORS of the application", testApplicationCORS, nil},
		{"remote address", testRemoteAddress, nil},
		{"Unix socket", testUnixSocket, nil},
		{"logged route", testLoggedRoute, nil},
		{"concurrent callers", testConcurrentCallers, nil},
		{"retained strings", testRetainedStrings, nil},
		{"guard warnings", testGuardWarnings, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, newClient(t, serve, c.settings))
		})
	}
}

// ownCode is a code of the application.
var ownCode = autherr.Define("adaptertest_own_code", http.StatusConflict, "The application rejects this")

// routes returns the application's routes.
func routes() []Route {
	list := []Route{
		{Method: "GET", Path: "/open", Respond: respondCaller},
		{Method: "GET", Path: "/optional", Guards: []core.Guard{{Optional: true}}, Respond: respondCaller},
		{Method: "GET", Path: "/guarded", Guards: []core.Guard{{}}, Respond: respondCaller},
		{Method: "POST", Path: "/guarded", Guards: []core.Guard{{}}, Respond: respondCaller},
		{Method: "GET", Path: "/nested", Guards: []core.Guard{{Optional: true}, {}}, Respond: respondCaller},
		{Method: "GET", Path: "/nested-elsewhere", Guards: []core.Guard{{}, {Providers: []string{"elsewhere"}}}, Respond: respondCaller},
		{Method: "GET", Path: "/elsewhere", Guards: []core.Guard{{Providers: []string{"elsewhere"}}}, Respond: respondCaller},
		{Method: "GET", Path: "/fresh", Guards: []core.Guard{{MaxAge: 10 * time.Minute}}, Respond: respondCaller},
		{Method: "GET", Path: "/strong", Guards: []core.Guard{{AuthMethods: []string{"WEBAUTHN"}}}, Respond: respondCaller},
		{Method: "GET", Path: "/authentic", Respond: respondCaller},
		{Method: "GET", Path: "/user", Guards: []core.Guard{{Optional: true}}, Respond: respondUser},
		{Method: "GET", Path: "/cached", Guards: []core.Guard{{}}, Respond: respondCaller, CacheControl: "private, max-age=60"},
		{Method: "GET", Path: "/panic", Respond: func(Call) ([]byte, error) { panic("secret inside") }},
	}
	for path, err := range failures() {
		list = append(list, Route{Method: "GET", Path: path, Respond: func(Call) ([]byte, error) { return nil, err }})
	}
	return list
}
