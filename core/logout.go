package core

import (
	"context"

	"github.com/cotterpin/cotterpin/core/internal/httpapi"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/core/web"
)

// logout revokes the sessions of the request's credentials. It succeeds for
// unauthenticated callers too.
func (k *Kit) logout(ctx context.Context, r web.Request) (web.Response, error) {
	refreshToken, err := k.readLogout(r)
	if err != nil {
		return web.Response{}, err
	}
	credentials, err := k.replaced(r)
	if err != nil {
		return web.Response{}, err
	}
	credentials = append(credentials, k.refreshCredentials(r, refreshToken)...)
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if err := k.end(ctx, credentials, "logout", k.address(r)); err != nil {
		return web.Response{}, err
	}
	return k.clearCookies(r, web.NoContent()), nil
}

// readLogout returns the refresh token in the body, "" if there is none. Where no
// session has one, the body is not used.
func (k *Kit) readLogout(r web.Request) (refreshToken string, err error) {
	if k.jwtBlock() == nil {
		return "", checkUnusedBody(r)
	}
	body, _, err := readOptionalMembers(r, "refresh_token")
	if err != nil {
		return "", err
	}
	refreshToken = body.text("refresh_token")
	return refreshToken, body.err()
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

// setCookies returns the Set-Cookie lines that store a session's tokens in a browser
// that has sent a number of each cookie. Twins are cleared first: a client that does
// not distinguish them by host or partition keeps the last line.
func (k *Kit) setCookies(b *sessionBlock, sent func(httpapi.Cookie) int, issued session.Issued) []string {
	lines := append(b.cookie.Twins(sent(b.cookie)), b.cookie.Set(issued.Token, k.until(issued.ExpiresAt)))
	if b.jwt == nil {
		return lines
	}
	lines = append(lines, b.refreshCookie.Twins(sent(b.refreshCookie))...)
	return append(lines, b.refreshCookie.Set(issued.RefreshToken, k.until(issued.View.ExpiresAt)))
}

// clearCookies clears all our cookies.
func (k *Kit) clearCookies(r web.Request, response web.Response) web.Response {
	for _, b := range k.blocks {
		response = b.clearCookies(r, response)
	}
	return response
}

// clearOtherCookies clears the cookies of the other session blocks that the request
// has: the login has revoked their sessions, and the own one would take precedence.
func (k *Kit) clearOtherCookies(r web.Request, keep *sessionBlock, response web.Response) web.Response {
	for _, b := range k.blocks {
		if b != keep && b.sentCookie(r) {
			response = b.clearCookies(r, response)
		}
	}
	return response
}

// clearCookies clears each of the block's cookies and its twins if own sessions use
// cookies, or if the request has it.
func (b *sessionBlock) clearCookies(r web.Request, response web.Response) web.Response {
	for _, c := range b.cookies() {
		sent := c.Count(r)
		if sent == 0 && (!b.isOwn() || !b.usesCookies()) {
			continue
		}
		response = response.WithCookie(c.Clear()).WithCookie(c.Twins(sent)...)
	}
	return response
}
