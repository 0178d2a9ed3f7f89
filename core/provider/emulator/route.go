package emulator

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/cotterpin/cotterpin/core/web"
)

// endpoint answers a request whose path and method are its own. An error that
// is not a *refusal is a fault of the emulator.
type endpoint func(context.Context, web.Request) (web.Response, error)

// methods are the endpoints of one path.
type methods map[string]endpoint

const (
	apiPath      = "/api/v0/"
	jwksPath     = apiPath + "token/jwks"
	refreshPath  = apiPath + "token"
	ownTokenPath = apiPath + "token/"
	identityPath = apiPath + "verify/get_identity"
	userPath     = apiPath + "user"
	workerPath   = "/verify"
	appPath      = "/app"
	codePath     = "/app/code"
	stylePath    = "/app/style.css"
	testPath     = "/_emulator/"
)

func (e *Emulator) table() map[string]methods {
	return map[string]methods{
		jwksPath:                          {http.MethodGet: e.jwks},
		identityPath:                      {http.MethodPost: e.forAPIKey(e.getIdentity)},
		refreshPath:                       {http.MethodPost: e.forAPIKey(e.refresh)},
		ownTokenPath + e.options.APIKeyID: {http.MethodPost: e.forAPIKey(e.refresh), http.MethodDelete: e.forAPIKey(e.logout)},
		userPath:                          {http.MethodGet: e.forAPIKey(e.getUser)},
		userPath + "/create":              {http.MethodPost: e.forAPIKey(e.createUser)},
		userPath + "/list":                {http.MethodGet: e.forAPIKey(e.listUsers)},
		workerPath:                        {http.MethodPost: e.verifyToken},

		appPath:   {http.MethodGet: e.openApp, http.MethodPost: sameOrigin(e.submitIdentifier)},
		codePath:  {http.MethodGet: e.openCode, http.MethodPost: sameOrigin(e.submitCode)},
		stylePath: {http.MethodGet: e.style},

		testPath + "mailbox": {http.MethodGet: sameOrigin(e.listMail)},
		testPath + "mint":    {http.MethodPost: sameOrigin(e.mint)},
		testPath + "faults":  {http.MethodPost: sameOrigin(e.setFaults)},
	}
}

// Serve answers a request whose path is relative to the mount.
func (e *Emulator) Serve(ctx context.Context, r web.Request) web.Response {
	if !e.local(r) {
		return refuse(http.StatusNotFound, "there is nothing here").response()
	}
	if !allowsCORS(r.Path) {
		return e.dispatch(ctx, r)
	}
	if r.Preflight() {
		return e.withCORS(web.NoContent(), r)
	}
	return e.withCORS(e.dispatch(ctx, r), r)
}

func (e *Emulator) dispatch(ctx context.Context, r web.Request) web.Response {
	known, ok := e.routes[r.Path]
	if !ok {
		return unknownPath(r.Path).response()
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	serve, ok := known[method]
	if !ok {
		return refuse(http.StatusMethodNotAllowed, "the method is not allowed here").response().
			With("Allow", strings.Join(slices.Sorted(maps.Keys(known)), ", "))
	}
	answer, err := serve(ctx, r)
	if err != nil {
		return e.failure(err)
	}
	return answer
}

func unknownPath(path string) *refusal {
	rest, isToken := strings.CutPrefix(path, ownTokenPath)
	switch {
	case isToken && rest != "custom" && !strings.Contains(rest, "/"):
		return unknownAPIKey()
	case strings.HasPrefix(path, apiPath):
		return refuse(http.StatusNotImplemented, "the emulator does not do this part of Cotter's API")
	default:
		return refuse(http.StatusNotFound, "there is nothing here")
	}
}
