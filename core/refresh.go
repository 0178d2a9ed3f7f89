package core

import (
	"context"
	"slices"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/ownjwt"
	"github.com/cotterpin/cotterpin/core/internal/verify"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/core/web"
)

// refreshRequest is the body of a request to /refresh.
type refreshRequest struct {
	token    string
	provider string
	isEmpty  bool // there is no body
}

// refresh exchanges a refresh token: that of the body or, if it has none, that of
// the cookie of own sessions. The form of a token in the body selects the session
// block.
func (k *Kit) refresh(ctx context.Context, r web.Request) (web.Response, error) {
	own := k.jwtBlock()
	request, err := k.readRefresh(r, own)
	if err != nil {
		return web.Response{}, err
	}
	switch {
	case request.token == "" && own != nil:
		presented, err := own.refreshCookieCredential(r, request)
		if err != nil {
			return web.Response{}, err
		}
		return k.refreshOwn(ctx, r, own, presented)
	case request.token == "":
		return web.Response{}, errNoRefreshToken
	case own != nil && (ownjwt.IsRefreshToken(request.token) || k.block(config.StrategyProviderToken) == nil):
		return k.refreshOwn(ctx, r, own, session.Credential{Token: request.token, Transport: config.TransportBearer})
	default:
		return k.refreshProvider(ctx, r, request)
	}
}

var errNoRefreshToken = autherr.New(autherr.InvalidRequest, "no_refresh_token")

// readRefresh reads the body, which may be absent where the token may be in a cookie.
func (k *Kit) readRefresh(r web.Request, own *sessionBlock) (request refreshRequest, err error) {
	var body members
	if own == nil {
		body, err = readMembers(r, "refresh_token", "provider")
	} else {
		body, request.isEmpty, err = readOptionalMembers(r, "refresh_token", "provider")
	}
	if err != nil {
		return refreshRequest{}, err
	}
	request.token, request.provider = body.text("refresh_token"), body.name("provider")
	return request, body.err()
}

// refreshProvider exchanges a provider's refresh token for new tokens and verifies
// them as a login does. It registers no user.
func (k *Kit) refreshProvider(ctx context.Context, r web.Request, request refreshRequest) (web.Response, error) {
	block := k.block(config.StrategyProviderToken)
	transport, err := k.refreshTransport(r, block)
	if err != nil {
		return web.Response{}, err
	}
	p, err := k.providers.Refresher(request.provider)
	if err != nil {
		return web.Response{}, err
	}
	if err := k.canRefresh(ctx, p); err != nil {
		return web.Response{}, err
	}
	fresh, err := exchange(ctx, p.Refresher(), request.token)
	if err != nil {
		return web.Response{}, err
	}
	return k.refreshed(ctx, r, block, p, transport, fresh)
}

// canRefresh refuses while the new tokens could not be used: a refresh token
// is valid for one exchange, whose result must not be lost.
func (k *Kit) canRefresh(ctx context.Context, p *verify.Provider) error {
	if err := k.databaseReady(ctx); err != nil {
		return autherr.Wrap(autherr.TemporarilyUnavailable, "database_not_ready", err)
	}
	ctx, cancel := context.WithTimeout(ctx, providerTimeout)
	defer cancel()
	return p.Ready(ctx)
}

func exchange(ctx context.Context, r provider.Refresher, refreshToken string) (provider.Refreshed, error) {
	ctx, cancel := context.WithTimeout(ctx, providerTimeout)
	defer cancel()
	return r.Refresh(ctx, refreshToken)
}

// refreshed returns the new tokens of a registered and enabled user.
func (k *Kit) refreshed(
	ctx context.Context, r web.Request, block *sessionBlock, p *verify.Provider, transport string, fresh provider.Refreshed,
) (web.Response, error) {
	who, raw, err := k.verifyBy(ctx, block, fresh.Tokens, p.LoginByRefresh)
	if err != nil {
		return web.Response{}, err
	}
	l := k.newLogin(r, who, raw, transport)
	if err := block.checkFits(l); err != nil {
		return web.Response{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if k.database != nil {
		if l.User, err = k.known(ctx, who); err != nil {
			return web.Response{}, err
		}
	}
	k.log.InfoContext(ctx, "refresh", "event", "authn_token_refreshed", "provider", who.Provider,
		"user_id", l.User.ID.String(), "address", l.Address)
	issued, err := block.Issue(ctx, l)
	if err != nil {
		return web.Response{}, err
	}
	issued.RefreshToken = fresh.RefreshToken
	return k.signedInResponse(r, signedIn{user: l.User, transport: transport, block: block, Issued: issued}), nil
}

// known finds the user of new tokens. It tries twice if the database fails: the
// refresh token that was exchanged for them is spent.
func (k *Kit) known(ctx context.Context, who identity.Identity) (identity.User, error) {
	if err := k.registrar.CheckProviderSession(ctx, who.ProviderSession); err != nil {
		return identity.User{}, err
	}
	user, err := account.Known(ctx, k.registrar.Store, who)
	if autherr.CodeOf(err) == autherr.TemporarilyUnavailable && ctx.Err() == nil {
		return account.Known(ctx, k.registrar.Store, who)
	}
	return user, err
}

// refreshTransport returns the transport of the session that is refreshed: the
// one of the token in the request, valid or not, else the default.
func (k *Kit) refreshTransport(r web.Request, block *sessionBlock) (string, error) {
	c, err := k.credential(r)
	switch {
	case err == nil && c.block == block && slices.Contains(block.transports, c.Transport):
		return c.Transport, nil
	case err == nil && c.block != block && block.usesCookies() && block.cookie.Count(r) > 0:
		return config.TransportCookie, nil
	case err == nil, autherr.CodeOf(err) == autherr.Unauthenticated:
		return block.transports[0], nil
	default:
		return "", err
	}
}
