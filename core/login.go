package core

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/core/web"
)

// maxAttempts is how often a login starts that others overtake each time.
const maxAttempts = 5

// login exchanges the provider's tokens for a session, registering the user at
// the first login.
func (k *Kit) login(ctx context.Context, r web.Request) (web.Response, error) {
	body, err := readPayload(r)
	if err != nil {
		return web.Response{}, err
	}
	transport, err := k.transport(body.transport)
	if err != nil {
		return web.Response{}, err
	}
	replaced, err := k.replaced(r)
	if err != nil {
		return web.Response{}, err
	}
	who, raw, err := k.verify(ctx, body.provider, body.tokens)
	if err != nil {
		return web.Response{}, err
	}
	if err := body.hints.Check(who); err != nil {
		return web.Response{}, err
	}
	l := k.newLogin(r, who, raw, transport)
	if err := k.checkFits(l); err != nil {
		return web.Response{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	issued, created, err := k.enter(ctx, &l, replaced)
	if err != nil {
		return web.Response{}, err
	}
	k.log.InfoContext(ctx, "login", "event", "authn_login_success", "provider", who.Provider, "auth_method", who.AuthMethod,
		"user_id", l.User.ID.String(), "created", created, "session_id", issued.Session.ID, "address", l.Address)
	return k.signedIn(created, l.User, issued, transport, ""), nil
}

// enter registers or finds the user and begins the session. If the user is
// deleted, disabled or revoked in between, it starts again from the top, and
// sees that.
func (k *Kit) enter(
	ctx context.Context, l *session.Login, replaced []session.Presented,
) (issued session.Issued, created bool, err error) {
	for range maxAttempts {
		if k.accounts != nil {
			if l.User, created, err = k.accounts.RegisterOrLogin(ctx, l.Identity); err != nil {
				return session.Issued{}, false, err
			}
		}
		issued, err = k.issue(ctx, *l, replaced)
		if !errors.Is(err, session.ErrOvertaken) {
			return issued, created, err
		}
	}
	return session.Issued{}, false, err
}

// verify verifies the tokens of a sign-in. It returns the identity, and the token
// that is the session in strategy "provider_token".
func (k *Kit) verify(ctx context.Context, name string, tokens provider.Tokens) (identity.Identity, string, error) {
	ctx, cancel := context.WithTimeout(ctx, providerTimeout)
	defer cancel()
	return k.providers.Login(ctx, name, tokens)
}

// issue ends the sessions that the caller came with, so that they do not count
// among the user's any more, and makes the new one. That is never an old one:
// no presented token is adopted.
func (k *Kit) issue(ctx context.Context, l session.Login, replaced []session.Presented) (session.Issued, error) {
	if err := k.end(ctx, replaced, "replaced_by_login", l.Address); err != nil {
		return session.Issued{}, err
	}
	return k.strategy.Issue(ctx, l)
}

func (k *Kit) newLogin(r web.Request, who identity.Identity, raw, transport string) session.Login {
	return session.Login{
		Identity:      who,
		ProviderToken: raw,
		Transport:     transport,
		UserAgent:     r.First("User-Agent"),
		Address:       k.address(r),
	}
}

// address returns the caller's address, "" if it is unknown.
func (k *Kit) address(r web.Request) string {
	if client := k.proxies.Client(r); client.IsValid() {
		return client.String()
	}
	return ""
}

// checkFits refuses, before anything is written, a provider's token that does
// not fit into a cookie.
func (k *Kit) checkFits(l session.Login) error {
	if l.Transport != config.TransportCookie || k.strategy.Name() != config.StrategyProviderToken {
		return nil
	}
	if !k.cookie.Fits(l.ProviderToken) {
		return autherr.New(autherr.TokenTooLarge, "cookie_too_large")
	}
	return nil
}

// transport returns what a login asked its token to travel in.
func (k *Kit) transport(asked string) (string, error) {
	if asked == "" {
		return k.transports[0], nil
	}
	if !slices.Contains(k.transports, asked) {
		return "", autherr.New(autherr.InvalidRequest, "transport_not_listed")
	}
	return asked, nil
}

// signedIn is the answer to a login or a refresh. A token that travels in a
// cookie stands nowhere else.
func (k *Kit) signedIn(created bool, u identity.User, issued session.Issued, transport, refreshToken string) web.Response {
	body := signedInBody{Created: created, User: k.userBody(u), Session: newSessionBody(issued.Session)}
	if transport == config.TransportBearer {
		body.Token = &tokenBody{
			AccessToken: issued.Token,
			TokenType:   "Bearer",
			ExpiresIn:   max(1, int64(k.lifetime(issued.Session).Seconds())),
		}
	}
	if refreshToken != "" {
		if body.Token == nil {
			body.Token = &tokenBody{}
		}
		body.Token.RefreshToken = refreshToken
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	response := web.JSON(status, body)
	if transport == config.TransportCookie {
		response = response.WithCookie(k.cookie.Set(issued.Token, k.lifetime(issued.Session)))
	}
	return response
}
