package emulator

import (
	"context"
	"net/http"
	"net/url"

	"github.com/cotterpin/cotterpin/core/web"
)

// openLink is the magic link of a sign-in with the browser SDK. It redirects to the
// application, whose form then completes the sign-in, or approves the sign-in in
// the form that began it.
func (e *Emulator) openLink(_ context.Context, r web.Request) (web.Response, error) {
	query, err := url.ParseQuery(r.Query)
	if err != nil {
		return e.renderError(badRequest("The query is malformed."), "")
	}
	handle, code := query.Get("id"), query.Get("code")
	pending, ok := e.signIns.find(handle, e.clock.now())
	switch {
	case !ok || pending.embedder == "":
		return e.renderError(signInExpired(), "")
	case pending.linkOpens:
		return redirectTo(pending.linkURL(handle, code), http.StatusSeeOther), nil
	case e.signIns.approve(handle, code, e.clock.now()) != attemptAccepted:
		return e.renderError(badRequest("This link is not valid."), "")
	}
	return e.render(http.StatusOK, "approved.html", page{Title: "You have signed in", Identifier: pending.identifier}, nil)
}
