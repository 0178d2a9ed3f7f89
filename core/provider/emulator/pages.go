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

// page is what the templates show.
type page struct {
	Title   string
	Problem string // what was wrong with the last input; "" if nothing was
	Style   string // path of the style sheet

	Action string // where the form goes
	Cancel string // the application's URL for "did not sign in"; "" if it is unknown
	Again  string // where to begin anew; "" if that is unknown

	Phone      bool
	Identifier string
	Suggested  []string

	Handle  string
	Code    string // from the mailbox
	Mailbox string // path of the mailbox
}

// render answers with a page. returnTo is the application to which its form may
// lead in the end; nil if it has none.
func (e *Emulator) render(status int, name string, p page, returnTo *url.URL) (web.Response, error) {
	p.Style = e.options.BasePath + stylePath
	var body bytes.Buffer
	if err := pageTemplates.ExecuteTemplate(&body, name, p); err != nil {
		return web.Response{}, fmt.Errorf("emulator: page %s: %w", name, err)
	}
	return document(status, "text/html; charset=utf-8", body.Bytes()).
		With("Content-Security-Policy", contentPolicy(returnTo)), nil
}

// contentPolicy allows the style sheet and the forms. A browser also holds what
// a form redirects to against form-action, so the application is named in it;
// IPv6 addresses cannot be, their scheme stands in (CSP Level 3, section 2.3.1).
func contentPolicy(returnTo *url.URL) string {
	formAction := "'self'"
	switch {
	case returnTo == nil:
	case strings.HasPrefix(returnTo.Host, "["):
		formAction += " " + returnTo.Scheme + ":"
	default:
		formAction += " " + originOf(returnTo)
	}
	return "default-src 'none'; style-src 'self'; form-action " + formAction + "; base-uri 'none'; frame-ancestors 'none'"
}

// document returns a body that is not JSON, with the fields every answer has.
func document(status int, contentType string, body []byte) web.Response {
	answer := web.NoContent().With("Content-Type", contentType)
	answer.Status = status
	answer.Body = body
	return answer
}

func redirect(status int, location string) web.Response {
	answer := web.NoContent().With("Location", location)
	answer.Status = status
	return answer
}

func (e *Emulator) style(context.Context, web.Request) (web.Response, error) {
	return document(http.StatusOK, "text/css; charset=utf-8", styleSheet), nil
}

// sorry shows a refusal as a page; any other error is passed on.
func (e *Emulator) sorry(err error, again string) (web.Response, error) {
	r, ok := errors.AsType[*refusal](err)
	if !ok {
		return web.Response{}, err
	}
	return e.render(r.status, "problem.html", page{Title: "This does not work", Problem: r.Msg, Again: again}, nil)
}

// openApp is where applications send somebody to sign in.
func (e *Emulator) openApp(_ context.Context, r web.Request) (web.Response, error) {
	query, a, err := e.applicationIn(r)
	if err != nil {
		return e.sorry(err, "")
	}
	identifier := strings.TrimSpace(query.Get("input"))
	if query.Get("direct_login") == "true" && a.takes(identifier) {
		return e.sendCode(a, identifier, http.StatusFound), nil
	}
	return e.askIdentifier(http.StatusOK, a, identifier, "")
}

func (e *Emulator) applicationIn(r web.Request) (url.Values, application, error) {
	query, err := url.ParseQuery(r.Query)
	if err != nil {
		return nil, application{}, badRequest("The query is malformed.")
	}
	a, err := e.parseApplication(query)
	return query, a, err
}

func (e *Emulator) askIdentifier(status int, a application, identifier, problem string) (web.Response, error) {
	return e.render(status, "identifier.html", page{
		Title:      "Sign in",
		Problem:    problem,
		Action:     a.again(e.options.BasePath, e.options.APIKeyID),
		Cancel:     a.refused(),
		Phone:      a.kind == kindPhone,
		Identifier: identifier,
		Suggested:  e.suggestions(a),
	}, a.redirect)
}

func (e *Emulator) suggestions(a application) []string {
	var fitting []string
	for _, identifier := range e.options.Users {
		if a.takes(identifier) {
			fitting = append(fitting, identifier)
		}
	}
	return fitting
}

func (e *Emulator) submitIdentifier(_ context.Context, r web.Request) (web.Response, error) {
	_, a, err := e.applicationIn(r)
	if err != nil {
		return e.sorry(err, "")
	}
	form, err := readForm(r)
	if err != nil {
		return e.sorry(err, "")
	}
	identifier := strings.TrimSpace(form.Get("identifier"))
	if !a.takes(identifier) {
		return e.askIdentifier(http.StatusBadRequest, a, identifier, a.identifierHint())
	}
	return e.sendCode(a, identifier, http.StatusSeeOther), nil
}

// sendCode puts a one-time code into the mailbox and goes on to its page.
func (e *Emulator) sendCode(a application, identifier string, status int) web.Response {
	now := e.clock.now()
	handle, begun := e.signIns.begin(a, identifier, now)
	query := "?" + url.Values{"id": {handle}}.Encode()
	e.mailbox.deliver(message{
		To:      identifier,
		Channel: begun.channel(),
		Code:    begun.code,
		Link:    e.options.IssuerURL + codePath + query,
		SentAt:  now.UTC().Format(milliseconds),
	})
	return redirect(status, e.options.BasePath+codePath+query)
}

// openCode is the page on which the one-time code is typed.
func (e *Emulator) openCode(_ context.Context, r web.Request) (web.Response, error) {
	query, err := url.ParseQuery(r.Query)
	if err != nil {
		return e.sorry(badRequest("The query is malformed."), "")
	}
	waiting, ok := e.signIns.find(query.Get("id"), e.clock.now())
	if !ok {
		return e.sorry(tooLate(), e.again(waiting))
	}
	return e.askCode(http.StatusOK, query.Get("id"), waiting, "")
}

func (e *Emulator) askCode(status int, handle string, s signIn, problem string) (web.Response, error) {
	return e.render(status, "code.html", page{
		Title:      "Enter the code",
		Problem:    problem,
		Action:     e.options.BasePath + codePath,
		Cancel:     s.refused(),
		Again:      e.again(s),
		Identifier: s.identifier,
		Handle:     handle,
		Code:       s.code,
		Mailbox:    e.options.BasePath + testPath + "mailbox",
	}, s.redirect)
}

func (e *Emulator) submitCode(_ context.Context, r web.Request) (web.Response, error) {
	form, err := readForm(r)
	if err != nil {
		return e.sorry(err, "")
	}
	handle := form.Get("id")
	verdict, tried, authorization := e.signIns.attempt(handle, strings.TrimSpace(form.Get("code")), e.clock.now())
	switch verdict {
	case codeRight:
		return redirect(http.StatusFound, tried.done(authorization)), nil
	case codeWrong:
		return e.askCode(http.StatusBadRequest, handle, tried, "That is not the code.")
	case codeRefused:
		return redirect(http.StatusFound, tried.refused()), nil
	default:
		return e.sorry(tooLate(), e.again(tried))
	}
}

func tooLate() *refusal {
	return badRequest("This sign-in is over: its code was used, or was sent more than five minutes ago.")
}

// again is where a sign-in begins anew; "" for none.
func (e *Emulator) again(s signIn) string {
	if s.redirect == nil {
		return ""
	}
	return s.again(e.options.BasePath, e.options.APIKeyID)
}

func readForm(r web.Request) (url.Values, error) {
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, badRequest("The form is malformed.")
	}
	return form, nil
}
