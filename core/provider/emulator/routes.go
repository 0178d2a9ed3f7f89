package emulator

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/cotterpin/cotterpin/core/web"
)

// endpoint handles one method of one path. An error that is not an *apiError is a
// fault of the emulator itself.
type endpoint func(context.Context, web.Request) (web.Response, error)

// methods maps the methods of one path to their endpoints.
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
	signupPath   = "/signup"
	loginPath    = "/login"
	framePath    = "/app/frame"
	linkPath     = "/app/link"
	testPath     = "/_emulator/"
)

func (e *Emulator) routeTable() map[string]methods {
	return map[string]methods{
		jwksPath:                          {http.MethodGet: e.getJWKS},
		identityPath:                      {http.MethodPost: e.requireAPIKey(e.getIdentity)},
		refreshPath:                       {http.MethodPost: e.requireAPIKey(e.refresh)},
		ownTokenPath + e.options.APIKeyID: {http.MethodPost: e.requireAPIKey(e.refresh), http.MethodDelete: e.requireAPIKey(e.logout)},
		userPath:                          {http.MethodGet: e.requireAPIKey(e.getUser)},
		userPath + "/create":              {http.MethodPost: e.requireAPIKey(e.createUser)},
		userPath + "/list":                {http.MethodGet: e.requireAPIKey(e.listUsers)},
		workerPath:                        {http.MethodPost: e.verifyToken},

		appPath:   {http.MethodGet: e.openApp, http.MethodPost: sameOrigin(e.submitIdentifier)},
		codePath:  {http.MethodGet: e.openCode, http.MethodPost: sameOrigin(e.submitCode)},
		stylePath: {http.MethodGet: e.getStyle},

		signupPath:              {http.MethodGet: e.openFrame, http.MethodPost: sameOrigin(e.submitFrameIdentifier)},
		loginPath:               {http.MethodGet: e.openFrame, http.MethodPost: sameOrigin(e.submitFrameIdentifier)},
		framePath + ".js":       {http.MethodGet: e.getFrameScript},
		framePath + "/code":     {http.MethodPost: sameOrigin(e.submitFrameCode)},
		framePath + "/approval": {http.MethodPost: sameOrigin(e.takeFrameApproval)},
		linkPath:                {http.MethodGet: e.openLink},

		testPath + "mailbox": {http.MethodGet: sameOrigin(e.getMailbox)},
		testPath + "mint":    {http.MethodPost: sameOrigin(e.mint)},
		testPath + "faults":  {http.MethodPost: sameOrigin(e.setFaults)},
	}
}

// Serve handles a request whose path is relative to the mount.
func (e *Emulator) Serve(ctx context.Context, r web.Request) web.Response {
	if !e.isLocal(r) {
		return newAPIError(http.StatusNotFound, "there is nothing here").response()
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
	route, ok := e.routes[r.Path]
	if !ok {
		return unknownPath(r.Path).response()
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	serve, ok := route[method]
	if !ok {
		return newAPIError(http.StatusMethodNotAllowed, "the method is not allowed here").response().
			With("Allow", strings.Join(slices.Sorted(maps.Keys(route)), ", "))
	}
	response, err := serve(ctx, r)
	if err != nil {
		return e.errorResponse(err)
	}
	return response
}

func unknownPath(path string) *apiError {
	rest, isToken := strings.CutPrefix(path, ownTokenPath)
	switch {
	case isToken && rest != "custom" && !strings.Contains(rest, "/"):
		return unknownAPIKey()
	case strings.HasPrefix(path, apiPath):
		return newAPIError(http.StatusNotImplemented, "the emulator does not implement this part of Cotter's API")
	default:
		return newAPIError(http.StatusNotFound, "there is nothing here")
	}
}
