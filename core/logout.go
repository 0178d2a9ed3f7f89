package core

import (
	"context"
	"slices"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/core/web"
)

// logout ends whatever the caller came with. It succeeds for strangers too.
func (k *Kit) logout(ctx context.Context, r web.Request) (web.Response, error) {
	if err := checkUnusedBody(r); err != nil {
		return web.Response{}, err
	}
	all, err := k.replaced(r)
	if err != nil {
		return web.Response{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if err := k.end(ctx, all, "logout", k.address(r)); err != nil {
		return web.Response{}, err
	}
	return k.cleared(r, web.NoContent()), nil
}

// end ends what a caller came with, and logs the sessions that this ended.
func (k *Kit) end(ctx context.Context, all []session.Presented, reason, address string) error {
	for _, p := range all {
		ended, err := k.strategy.End(ctx, p, reason)
		if err != nil {
			return err
		}
		if ended != (session.Ended{}) {
			k.log.InfoContext(ctx, "session ended", "event", "authn_logout", "reason", reason,
				"user_id", ended.UserID.String(), "session_id", ended.ID, "address", address)
		}
	}
	return nil
}

// cleared ends the cookie, if callers are told to keep one or this one does.
func (k *Kit) cleared(r web.Request, response web.Response) web.Response {
	told := k.strategy.Name() == config.StrategyOwn && slices.Contains(k.transports, config.TransportCookie)
	if told || k.cookie.Count(r) > 0 {
		return response.WithCookie(k.cookie.Clear())
	}
	return response
}
