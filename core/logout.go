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
		k.logEnd(ctx, ended, reason, address)
	}
	return nil
}

// logEnd logs that a session was revoked, unless it is nil.
func (k *Kit) logEnd(ctx context.Context, ended *session.Session, reason, address string) {
	if ended != nil {
		k.log.InfoContext(ctx, "session revoked", "event", "authn_logout", "reason", reason,
			"user_id", ended.UserID.String(), "session_id", ended.ID, "address", address)
	}
}

// setCookie returns the Set-Cookie lines that store a session's token in a browser
// that has sent a number of cookies of that name. Twins are cleared first: a client
// that does not distinguish them by host or partition keeps the last line.
func (k *Kit) setCookie(sent int, token string, session session.View) []string {
	return append(k.cookie.Twins(sent), k.cookie.Set(token, k.lifetime(session)))
}

// clearCookie clears the cookie and its twins if own sessions use cookies, or if
// the request has it.
func (k *Kit) clearCookie(r web.Request, response web.Response) web.Response {
	sent := k.cookie.Count(r)
	usesCookies := k.strategy.Name() == config.StrategyOwn && slices.Contains(k.transports, config.TransportCookie)
	if !usesCookies && sent == 0 {
		return response
	}
	return response.WithCookie(k.cookie.Clear()).WithCookie(k.cookie.Twins(sent)...)
}
