package endpoint

import (
	"context"
	"slices"

	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/core/settings"
	"github.com/cotterpin/cotterpin/core/web"
)

// logout ends whatever the caller came with. It succeeds for strangers too.
func (e *Endpoints) logout(ctx context.Context, r web.Request) (web.Response, error) {
	if err := checkUnusedBody(r); err != nil {
		return web.Response{}, err
	}
	all, err := e.replaced(r)
	if err != nil {
		return web.Response{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if err := e.end(ctx, all, "logout", e.address(r)); err != nil {
		return web.Response{}, err
	}
	return e.cleared(r, web.NoContent()), nil
}

// end ends what a caller came with, and logs the sessions that this ended.
func (e *Endpoints) end(ctx context.Context, all []session.Presented, reason, address string) error {
	for _, p := range all {
		ended, err := e.Strategy.End(ctx, p, reason)
		if err != nil {
			return err
		}
		if ended != (session.Ended{}) {
			e.Log.InfoContext(ctx, "session ended", "event", "authn_logout", "reason", reason,
				"user_id", ended.UserID.String(), "session_id", ended.ID, "address", address)
		}
	}
	return nil
}

// cleared ends the cookie, if callers are told to keep one or this one does.
func (e *Endpoints) cleared(r web.Request, response web.Response) web.Response {
	told := e.Strategy.Name() == settings.Own && slices.Contains(e.Transports, settings.Cookie)
	if told || e.Cookie.Count(r) > 0 {
		return response.WithCookie(e.Cookie.Clear())
	}
	return response
}
