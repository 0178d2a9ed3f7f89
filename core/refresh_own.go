package core

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/core/web"
)

// refreshOwn exchanges the refresh token of an own session. The user is loaded
// first, so that a failure of the database does not spend the token.
func (k *Kit) refreshOwn(ctx context.Context, r web.Request, own *sessionBlock, c session.Credential) (web.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	presented, err := own.jwt.Refresh(ctx, c)
	if err != nil {
		return web.Response{}, err
	}
	principal := presented.Principal()
	if err := k.providers.CheckSession(principal.Provider, principal.Issuer); err != nil {
		return web.Response{}, err
	}
	user, err := k.load(ctx, principal)
	if err != nil {
		return web.Response{}, err
	}
	issued, err := presented.Exchange(ctx)
	if err != nil {
		return web.Response{}, err
	}
	k.log.InfoContext(ctx, "refresh", "event", "authn_token_refreshed", "provider", issued.View.Provider,
		"user_id", user.ID.String(), "session_id", issued.View.ID, "address", k.address(r))
	return k.signedInResponse(r, signedIn{user: user, transport: c.Transport, block: own, Issued: issued}), nil
}

// refreshCookieCredential returns the refresh token of the cookie.
//
// Errors by code: InvalidRequest for two cookies, or a body without a token;
// Unauthenticated if there is neither.
func (b *sessionBlock) refreshCookieCredential(r web.Request, request refreshRequest) (c session.Credential, err error) {
	c.Transport = config.TransportCookie
	count := 0
	for c.Token = range b.refreshCookie.Values(r) {
		count++
	}
	switch {
	case count == 1:
		return c, nil
	case count > 1:
		return session.Credential{}, autherr.New(autherr.InvalidRequest, "two_cookies")
	case request.isEmpty:
		return session.Credential{}, autherr.New(autherr.Unauthenticated, "no_credential")
	default:
		return session.Credential{}, errNoRefreshToken
	}
}

// jwks returns the public keys of access tokens of own sessions.
func (k *Kit) jwks(ctx context.Context, _ web.Request) (web.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	keys, err := k.jwtBlock().jwt.JWKS(ctx)
	if err != nil {
		return web.Response{}, err
	}
	return web.JSON(http.StatusOK, json.RawMessage(keys)).With("Cache-Control", "public, max-age=300"), nil
}
