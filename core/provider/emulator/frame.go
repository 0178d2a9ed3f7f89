package emulator

import (
	"cmp"
	"context"
	_ "embed"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/cotterpin/cotterpin/core/internal/strictjson"
	"github.com/cotterpin/cotterpin/core/web"
)

// The form of Cotter's browser SDK (npm cotter 0.3.35, src/CotterVerify.ts and
// src/MagicLink.ts) is a page that the SDK puts into an iframe. Its script and the
// SDK exchange messages; the SDK exchanges the authorization code.

//go:embed pages/frame.js
var frameScript []byte

// frameRequest is the request with which the SDK opens the form.
type frameRequest struct {
	authorizeRequest

	instance  string // id of the SDK's instance, with which the names of its events begin
	magicLink bool
	linkOpens bool // the magic link opens redirect, instead of approving the sign-in in this form
}

// parseFrameRequest parses the query of the form. If it returns an error, only the
// embedder is set, and only if that is allowed.
func (e *Emulator) parseFrameRequest(rawQuery string) (frameRequest, error) {
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return frameRequest{}, badRequest("The query is malformed.")
	}
	embedder, err := e.parseEmbedder(query.Get("domain"))
	if err != nil {
		return frameRequest{}, err
	}
	challenge := cmp.Or(query.Get("code_challenge"), query.Get("challenge"))
	authorize, err := e.newAuthorizeRequest(query, frameRedirect(query.Get("redirect_url"), embedder), challenge)
	authorize.embedder = embedder
	r := frameRequest{
		authorizeRequest: authorize,
		instance:         query.Get("id"),
		magicLink:        query.Get("auth_method") == methodMagicLink,
	}
	r.linkOpens = r.magicLink && query.Get("redirect_link") != "false"
	if err == nil && (r.instance == "" || len(r.instance) > maxParameter) {
		err = badRequest("The parameter id is missing or too long.")
	}
	if err != nil {
		return frameRequest{authorizeRequest: authorizeRequest{embedder: embedder}}, err
	}
	return r, nil
}

// parseEmbedder returns the origin of the page around the form, which may frame it
// and receives its messages.
func (e *Emulator) parseEmbedder(domain string) (string, error) {
	u, err := parseWebURL(domain)
	switch {
	case err != nil || originOf(u) != domain:
		return "", badRequest("The parameter domain must be the origin of the page around this form.")
	case !e.allowsRedirect(u):
		return "", badRequest("The parameter domain is on another machine. The emulator serves pages at loopback addresses and at its own origin.")
	case strings.HasPrefix(u.Host, "["):
		return "", badRequest("The parameter domain is an IPv6 address, which Content-Security-Policy cannot express. Open the page at localhost.")
	}
	return domain, nil
}

// frameRedirect returns the redirect URL of the form. The SDK sends the string
// "undefined" for none, and escapes that of a magic link twice.
func frameRedirect(text, embedder string) string {
	if text == "" || text == "undefined" || text == "null" {
		return embedder
	}
	if _, err := parseWebURL(text); err != nil {
		if unescaped, err := url.PathUnescape(text); err == nil {
			return unescaped
		}
	}
	return text
}

// framePage is the data of the form's template.
type framePage struct {
	Title   string
	Problem string
	Style   string // relative, so that it also works below a proxy

	Embedder  string
	Instance  string
	Type      string // of the identifier
	Phone     bool
	MagicLink bool
	JSURL     string // what the SDK must be configured with
	Suggested []string
}

// openFrame is the form. A page that is not allowed to frame it gets an error that
// it cannot frame either.
func (e *Emulator) openFrame(_ context.Context, r web.Request) (web.Response, error) {
	request, err := e.parseFrameRequest(r.Query)
	if err != nil {
		return e.renderFrameError(err, request.embedder)
	}
	return renderTemplate(http.StatusOK, "frame.html", framePage{
		Title:     "Sign in",
		Style:     strings.TrimPrefix(stylePath, "/"),
		Embedder:  request.embedder,
		Instance:  request.instance,
		Type:      request.identifierType,
		Phone:     request.identifierType == typePhone,
		MagicLink: request.magicLink,
		JSURL:     e.options.IssuerURL,
		Suggested: e.suggestions(request.authorizeRequest),
	}, framePolicy(request.embedder))
}

func (e *Emulator) renderFrameError(err error, embedder string) (web.Response, error) {
	response, err := e.renderError(err, "")
	if err != nil || embedder == "" {
		return response, err
	}
	return response.With("Content-Security-Policy", framePolicy(embedder)), nil
}

// framePolicy lets the page of one origin frame the form.
func framePolicy(embedder string) string {
	return "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; " +
		"require-trusted-types-for 'script'; frame-ancestors " + embedder
}

func (e *Emulator) getFrameScript(context.Context, web.Request) (web.Response, error) {
	return document(http.StatusOK, "text/javascript; charset=utf-8", frameScript), nil
}

// frameCode is the response to an identifier.
type frameCode struct {
	ID    string `json:"id"` // of the sign-in
	Code  string `json:"code"`
	Link  string `json:"link"`
	Opens bool   `json:"opens"` // the link opens the application, instead of approving the sign-in in the form
}

// submitFrameIdentifier puts a one-time code and a link into the mailbox.
func (e *Emulator) submitFrameIdentifier(_ context.Context, r web.Request) (web.Response, error) {
	request, body, err := e.frameCall(r)
	if err != nil {
		return web.Response{}, err
	}
	identifier := strings.TrimSpace(stringIn(body, "identifier"))
	clientJSON := stringIn(body, "client_json")
	switch {
	case !request.accepts(identifier):
		return web.Response{}, badRequest(request.identifierHint())
	case len(clientJSON) > maxParameter:
		return web.Response{}, badRequest("The additional fields are too long.")
	}
	now := e.clock.now()
	handle, begun := e.signIns.begin(signIn{
		authorizeRequest: request.authorizeRequest,
		identifier:       identifier,
		clientJSON:       clientJSON,
		linkOpens:        request.linkOpens,
	}, now)
	sent := begun.message(e.options.IssuerURL+linkPath+"?"+url.Values{"id": {handle}, "code": {begun.code}}.Encode(), now)
	e.mailbox.deliver(sent)
	return web.JSON(http.StatusOK, frameCode{ID: handle, Code: sent.Code, Link: sent.Link, Opens: request.linkOpens}), nil
}

// frameCall parses a request of the form's script, whose query is that of the
// form. A sign-in that the body identifies must belong to the page around it.
func (e *Emulator) frameCall(r web.Request) (frameRequest, strictjson.Object, error) {
	request, err := e.parseFrameRequest(r.Query)
	if err != nil {
		return frameRequest{}, strictjson.Object{}, err
	}
	body, err := readObject(r)
	if err != nil {
		return frameRequest{}, strictjson.Object{}, err
	}
	if known, ok := e.signIns.find(stringIn(body, "id"), e.clock.now()); ok && !known.belongsTo(request.embedder) {
		return frameRequest{}, strictjson.Object{}, signInOver()
	}
	return request, body, nil
}

// frameResult is what the form passes to the SDK, in Cotter's form.
type frameResult struct {
	AuthorizationCode string `json:"authorization_code"`
	ChallengeID       string `json:"challenge_id"`
	State             string `json:"state"`
}

// submitFrameCode completes a sign-in with its one-time code, from the input or
// from the magic link that has opened the page around the form.
func (e *Emulator) submitFrameCode(_ context.Context, r web.Request) (web.Response, error) {
	request, body, err := e.frameCall(r)
	if err != nil {
		return web.Response{}, err
	}
	result, attempted := e.signIns.attempt(stringIn(body, "id"), strings.TrimSpace(stringIn(body, "code")), e.clock.now())
	return e.frameResponse(request, result, attempted)
}

// frameApproval is the response about a sign-in that no link has approved.
type frameApproval struct {
	Over bool `json:"over"` // no link can approve it anymore
}

// takeFrameApproval completes a sign-in that its link has approved.
func (e *Emulator) takeFrameApproval(_ context.Context, r web.Request) (web.Response, error) {
	request, body, err := e.frameCall(r)
	if err != nil {
		return web.Response{}, err
	}
	result, attempted := e.signIns.takeApproval(stringIn(body, "id"), e.clock.now())
	if result != attemptAccepted {
		return web.JSON(http.StatusOK, frameApproval{Over: result == attemptUnknown}), nil
	}
	return e.frameResponse(request, result, attempted)
}

// signInOver is signInExpired for the form's script, which starts again.
func signInOver() *apiError { return newAPIError(http.StatusGone, signInExpired().Msg) }

// frameResponse returns the authorization code of an accepted attempt. It belongs to
// the code challenge of this form: the one that began the sign-in may be in another
// tab.
func (e *Emulator) frameResponse(request frameRequest, result attemptResult, attempted signIn) (web.Response, error) {
	switch result {
	case attemptAccepted:
	case attemptWrong:
		return web.Response{}, badRequest("That is not the code.")
	default:
		return web.Response{}, signInOver()
	}
	identifierType := attempted.identifierType
	attempted.authorizeRequest = request.authorizeRequest
	attempted.identifierType = identifierType
	return web.JSON(http.StatusOK, frameResult{
		AuthorizationCode: e.signIns.complete(attempted, e.clock.now()),
		ChallengeID:       strconv.FormatInt(attempted.challengeID, 10),
		State:             request.state,
	}), nil
}
