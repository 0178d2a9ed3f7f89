package endpoint

import (
	"context"
	"slices"

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
	for _, p := range all {
		if err := e.Strategy.End(ctx, p, "logout"); err != nil {
			return web.Response{}, err
		}
	}
	if len(all) > 0 {
		e.Log.InfoContext(ctx, "logout", "event", "authn_logout", "address", e.address(r))
	}
	return e.cleared(r, web.NoContent()), nil
}

// cleared ends the cookie, if callers are told to keep one or this one does.
func (e *Endpoints) cleared(r web.Request, response web.Response) web.Response {
	told := e.Strategy.Name() == settings.Own && slices.Contains(e.Transports, settings.Cookie)
	if told || len(e.Cookie.Values(r)) > 0 {
		return response.WithCookie(e.Cookie.Clear())
	}
	return response
}
