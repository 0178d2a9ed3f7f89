// Package adaptertest is the suite that every framework adapter must pass: real
// requests over real sockets, to a kit whose tokens are really signed. It knows
// nothing of frameworks; an adapter's test hands in one function that mounts
// the kit and some routes.
package adaptertest

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core"
)

// Route is a route of the application that the suite drives.
type Route struct {
	Method string
	Path   string
	Guard  *core.Guard // nil: not guarded

	// Answer returns what the route's handler answers with status 200 and type
	// application/json. ctx is the context that the framework gives the
	// handler; native is what the framework's own way says about the caller,
	// the zero value for a stranger.
	Answer func(ctx context.Context, native core.Principal) []byte
}

// Serve mounts the kit outermost and behind it the routes, starts to serve on a
// loopback address until the test ends, and returns the origin, such as
// "http://127.0.0.1:41234".
type Serve func(t *testing.T, kit *core.Kit, routes []Route) (origin string)

// Run checks that a kit mounted by serve answers as it should.
func Run(t *testing.T, serve Serve) {
	t.Helper()
	for _, c := range []struct {
		name     string
		test     func(*testing.T, *client)
		settings func(*core.Settings) // changes them; nil: leaves them
	}{
		{"LoginRegistersThenLogsIn", testLogin, nil},
		{"GuardAdmitsTheCallerAndNobodyElse", testGuard, nil},
		{"GuardDemandsAFreshAndStrongSignIn", testFreshness, nil},
		{"GuardTakesNoRefreshForASignIn", testRefreshIsNoSignIn, byProvidersToken},
		{"LogoutKillsTheTokenAtOnce", testLogout, nil},
		{"HeaderLinesArriveOneByOne", testHeaderLines, nil},
		{"CookieOfFullSizeArrives", testFullCookie, nil},
		{"BodiesAreRefusedInOrder", testBodies, nil},
		{"CrossOriginRequestsAreRefused", testCrossOrigin, nil},
		{"PathsAreTakenAsSent", testPaths, nil},
		{"MethodsAreTakenAsSent", testMethods, nil},
		{"EveryAnswerBearsTheSameFields", testFields, nil},
		{"CORSIsForAllowedOriginsAlone", testCORS, nil},
		{"CallersDoNotMix", testCallersDoNotMix, nil},
		{"WhatIsKeptStaysAsItWas", testKeptTexts, nil},
		{"GuardsAreCheckedWhenMade", testGuardsAreChecked, nil},
		{"APanicOfTheHookIsAnswered", testAPanicOfTheHookIsAnswered, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, newClient(t, serve, c.settings))
		})
	}
}

// caller is what the suite's routes say about who called them.
type caller struct {
	Known   bool   `json:"known"`
	Context string `json:"context"` // subject by core.PrincipalFromContext
	Native  string `json:"native"`  // subject by the framework's own way
}

// routes are the application's routes.
func routes() []Route {
	return []Route{
		{Method: "GET", Path: "/open", Answer: whoCalls},
		{Method: "GET", Path: "/optional", Guard: &core.Guard{Optional: true}, Answer: whoCalls},
		{Method: "GET", Path: "/guarded", Guard: &core.Guard{}, Answer: whoCalls},
		{Method: "POST", Path: "/guarded", Guard: &core.Guard{}, Answer: whoCalls},
		{Method: "GET", Path: "/elsewhere", Guard: &core.Guard{Providers: []string{"elsewhere"}}, Answer: whoCalls},
		{Method: "GET", Path: "/fresh", Guard: &core.Guard{MaxAge: 10 * time.Minute}, Answer: whoCalls},
		{Method: "GET", Path: "/strong", Guard: &core.Guard{AuthMethods: []string{"WEBAUTHN"}}, Answer: whoCalls},
		{Method: "GET", Path: "/authentic", Answer: whoCalls},
	}
}

func whoCalls(ctx context.Context, native core.Principal) []byte {
	principal, known := core.PrincipalFromContext(ctx)
	answer, err := json.Marshal(caller{Known: known, Context: principal.Subject, Native: native.Subject})
	if err != nil {
		panic(err)
	}
	return answer
}
