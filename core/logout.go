package core

import (
	"context"
	"slices"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/core/web"
)

// logout revokes the sessions of the request's credentials. It succeeds for
// unauthenticated callers too.
func (k *Kit) logout(ctx context.Context, r web.Request) (web.Response, error) {
	if err := checkUnusedBody(r); err != nil {
		return web.Response{}, err
	}
	credentials, err := k.replaced(r)
	if err != nil {
		return web.Response{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if err := k.end(ctx, credentials, "logout", k.address(r)); err != nil {
		return web.Response{}, err
	}
	return k.clearCookie(r, web.NoContent()), nil
}

// end revokes the sessions of the credentials, and logs each that was active.
func (k *Kit) end(ctx context.Context, credentials []session.Credential, reason, address string) error {
	for _, c := range credentials {
		ended, err := k.strategy.End(ctx, c, reason)
		if err != nil {
			return err
		}
		if ended != nil {
			k.log.InfoContext(ctx, "session revoked", "event", "authn_logout", "reason", reason,
				"user_id", ended.UserID.String(), "session_id", ended.ID, "address", address)
		}
	}
	return nil
}

// clearCookie clears the cookie if own sessions use cookies, or if the request
// has it.
func (k *Kit) clearCookie(r web.Request, response web.Response) web.Response {
	usesCookies := k.strategy.Name() == config.StrategyOwn && slices.Contains(k.transports, config.TransportCookie)
	if usesCookies || k.cookie.Count(r) > 0 {
		return response.WithCookie(k.cookie.Clear())
	}
	return response
}
