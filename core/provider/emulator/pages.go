package emulator

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/cotterpin/cotterpin/core/web"
)

//go:embed pages/*.html
var pageFiles embed.FS

var pageTemplates = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

//go:embed pages/style.css
var styleSheet []byte

// page is the data of the templates.
type page struct {
	Title   string
	Problem string // what is wrong with the last input; "" for nothing
	Style   string // path of the style sheet

	Action  string // target of the form
	Cancel  string // the application's URL for a user who does not sign in
	Restart string // path that starts the sign-in again; "" if unknown

	Phone      bool
	Identifier string
	Suggested  []string

	Handle  string
	Code    string // from the mailbox
	Mailbox string // path of the mailbox
}

// render returns a hosted page. redirect is the application's URL, which its form
// may lead to; nil for none.
func (e *Emulator) render(status int, name string, p page, redirect *url.URL) (web.Response, error) {
	p.Style = e.options.BasePath + stylePath
	return renderTemplate(status, name, p, hostedPolicy(redirect))
}

// renderTemplate returns a page with a Content-Security-Policy.
func renderTemplate(status int, name string, p any, policy string) (web.Response, error) {
	var body bytes.Buffer
	if err := pageTemplates.ExecuteTemplate(&body, name, p); err != nil {
		return web.Response{}, fmt.Errorf("emulator: page %s: %w", name, err)
	}
	return document(status, "text/html; charset=utf-8", body.Bytes()).
		With("Content-Security-Policy", policy), nil
}

// hostedPolicy allows the style sheet and the forms. Browsers apply form-action
// to the redirect that follows a form as well, so the application is listed. CSP
// cannot express an IPv6 address (CSP Level 3, section 2.3.1): its scheme is
// listed instead.
func hostedPolicy(redirect *url.URL) string {
	formAction := "'self'"
	switch {
	case redirect == nil:
	case strings.HasPrefix(redirect.Host, "["):
		formAction += " " + redirect.Scheme + ":"
	default:
		formAction += " " + originOf(redirect)
	}
	return "default-src 'none'; style-src 'self'; form-action " + formAction + "; base-uri 'none'; frame-ancestors 'none'"
}

// document returns a body that is not JSON, with the header fields of every
// response.
func document(status int, contentType string, body []byte) web.Response {
	response := web.NoContent().With("Content-Type", contentType)
	response.Status = status
	response.Body = body
	return response
}

func redirectTo(location string, status int) web.Response {
	response := web.NoContent().With("Location", location)
	response.Status = status
	return response
}

func (e *Emulator) getStyle(context.Context, web.Request) (web.Response, error) {
	return document(http.StatusOK, "text/css; charset=utf-8", styleSheet), nil
}

// renderError renders an *apiError as a page and returns any other error. restart
// is as in page.
func (e *Emulator) renderError(err error, restart string) (web.Response, error) {
	shown, ok := errors.AsType[*apiError](err)
	if !ok {
		return web.Response{}, err
	}
	return e.render(shown.status, "problem.html", page{Title: "This does not work", Problem: shown.Msg, Restart: restart}, nil)
}

// openApp is the page that applications redirect a user to.
func (e *Emulator) openApp(_ context.Context, r web.Request) (web.Response, error) {
	query, request, err := e.authorizeRequestIn(r)
	if err != nil {
		return e.renderError(err, "")
	}
	identifier := strings.TrimSpace(query.Get("input"))
	accepted := request.accepts(identifier)
	if accepted && query.Get("direct_login") == "true" {
		return e.sendCode(request, identifier, http.StatusFound), nil
	}
	problem := ""
	if !accepted && identifier != "" {
		problem = request.identifierHint()
	}
	return e.renderIdentifierForm(request, identifier, problem)
}

func (e *Emulator) authorizeRequestIn(r web.Request) (url.Values, authorizeRequest, error) {
	query, err := url.ParseQuery(r.Query)
	if err != nil {
		return nil, authorizeRequest{}, badRequest("The query is malformed.")
	}
	request, err := e.parseAuthorizeRequest(query)
	return query, request, err
}

func (e *Emulator) renderIdentifierForm(request authorizeRequest, identifier, problem string) (web.Response, error) {
	return e.render(http.StatusOK, "identifier.html", page{
		Title:      "Sign in",
		Problem:    problem,
		Action:     request.path(e.options.BasePath, e.options.APIKeyID),
		Cancel:     request.deniedURL(),
		Phone:      request.identifierType == typePhone,
		Identifier: identifier,
		Suggested:  e.suggestions(request),
	}, request.redirect)
}

func (e *Emulator) suggestions(request authorizeRequest) []string {
	var suggested []string
	for _, identifier := range e.options.Users {
		if request.accepts(identifier) {
			suggested = append(suggested, identifier)
		}
	}
	return suggested
}

// submitIdentifier redirects in each case, so that a browser that goes back
// requests a page with GET. The code form does too.
func (e *Emulator) submitIdentifier(_ context.Context, r web.Request) (web.Response, error) {
	_, request, err := e.authorizeRequestIn(r)
	if err != nil {
		return e.renderError(err, "")
	}
	form, err := readForm(r)
	if err != nil {
		return e.renderError(err, "")
	}
	identifier := strings.TrimSpace(form.Get("identifier"))
	if !request.accepts(identifier) {
		again := request.path(e.options.BasePath, e.options.APIKeyID) + "&" + url.Values{"input": {identifier}}.Encode()
		return redirectTo(again, http.StatusSeeOther), nil
	}
	return e.sendCode(request, identifier, http.StatusSeeOther), nil
}

// sendCode puts a one-time code into the mailbox and redirects to its page.
func (e *Emulator) sendCode(request authorizeRequest, identifier string, status int) web.Response {
	now := e.clock.now()
	handle, begun := e.signIns.begin(signIn{authorizeRequest: request, identifier: identifier}, now)
	path := codePagePath(handle)
	e.mailbox.deliver(begun.message(e.options.IssuerURL+path, now))
	return redirectTo(e.options.BasePath+path, status)
}

// codePagePath returns the path, below the mount, of the page that accepts the
// one-time code.
func codePagePath(handle string) string {
	return codePath + "?" + url.Values{"id": {handle}}.Encode()
}

// openCode is the page that accepts the one-time code.
func (e *Emulator) openCode(_ context.Context, r web.Request) (web.Response, error) {
	query, err := url.ParseQuery(r.Query)
	if err != nil {
		return e.renderError(badRequest("The query is malformed."), "")
	}
	pending, ok := e.signIns.find(query.Get("id"), e.clock.now())
	if !ok {
		return e.renderError(signInExpired(), e.restartPath(pending))
	}
	return e.renderCodeForm(query.Get("id"), pending)
}

func (e *Emulator) renderCodeForm(handle string, pending signIn) (web.Response, error) {
	problem := ""
	if pending.attempts > 0 {
		problem = "That is not the code."
	}
	return e.render(http.StatusOK, "code.html", page{
		Title:      "Enter the code",
		Problem:    problem,
		Action:     e.options.BasePath + codePath,
		Cancel:     pending.deniedURL(),
		Restart:    e.restartPath(pending),
		Identifier: pending.identifier,
		Handle:     handle,
		Code:       pending.code,
		Mailbox:    e.options.BasePath + testPath + "mailbox",
	}, pending.redirect)
}

func (e *Emulator) submitCode(_ context.Context, r web.Request) (web.Response, error) {
	form, err := readForm(r)
	if err != nil {
		return e.renderError(err, "")
	}
	handle := form.Get("id")
	now := e.clock.now()
	result, attempted := e.signIns.attempt(handle, strings.TrimSpace(form.Get("code")), now)
	switch result {
	case attemptAccepted:
		return redirectTo(attempted.successURL(e.signIns.complete(attempted, now)), http.StatusFound), nil
	case attemptExhausted:
		return redirectTo(attempted.deniedURL(), http.StatusFound), nil
	default:
		return redirectTo(e.options.BasePath+codePagePath(handle), http.StatusSeeOther), nil
	}
}

func signInExpired() *apiError {
	return badRequest("This sign-in is over: its code was used, or was sent more than five minutes ago.")
}

// restartPath returns the path that starts the sign-in again; "" for the zero
// sign-in.
func (e *Emulator) restartPath(s signIn) string {
	if s.redirect == nil {
		return ""
	}
	return s.path(e.options.BasePath, e.options.APIKeyID)
}
