package core

import (
	"context"
	"time"

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
	return k.clearCookies(r, web.NoContent()), nil
}

// end revokes the sessions of the credentials, and logs each that was active.
func (k *Kit) end(ctx context.Context, credentials []credential, reason, address string) error {
	for _, c := range credentials {
		ended, err := c.block.End(ctx, c.Credential, reason)
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
func (k *Kit) setCookie(b *sessionBlock, sent int, token string, expires time.Time) []string {
	return append(b.cookie.Twins(sent), b.cookie.Set(token, k.until(expires)))
}

// clearCookies clears all our cookies.
func (k *Kit) clearCookies(r web.Request, response web.Response) web.Response {
	for _, b := range k.blocks {
		response = b.clearCookie(r, response)
	}
	return response
}

// clearOtherCookies clears the cookies of the other session blocks that the request
// has: the login has revoked their sessions, and the own one would take precedence.
func (k *Kit) clearOtherCookies(r web.Request, keep *sessionBlock, response web.Response) web.Response {
	for _, b := range k.blocks {
		if b != keep && b.cookie.Count(r) > 0 {
			response = b.clearCookie(r, response)
		}
	}
	return response
}

// clearCookie clears the cookie and its twins if own sessions use cookies, or if
// the request has it.
func (b *sessionBlock) clearCookie(r web.Request, response web.Response) web.Response {
	sent := b.cookie.Count(r)
	if sent == 0 && (!b.isOwn() || !b.usesCookies()) {
		return response
	}
	return response.WithCookie(b.cookie.Clear()).WithCookie(b.cookie.Twins(sent)...)
}
