package core

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/sethvargo/go-retry"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/hooks"
	"github.com/cotterpin/cotterpin/core/internal/httpapi"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/core/web"
)

// A login that other transactions overtake is attempted this often.
const (
	maxLoginAttempts = 5
	loginRetryWait   = 20 * time.Millisecond // at most, before the second attempt; then longer
)

// login exchanges the provider's tokens for a session, and registers the user
// at the first login.
func (k *Kit) login(ctx context.Context, r web.Request) (web.Response, error) {
	body, err := readPayload(r)
	if err != nil {
		return web.Response{}, err
	}
	block, err := k.loginBlock(body.session)
	if err != nil {
		return web.Response{}, err
	}
	transport, err := block.transport(body.transport)
	if err != nil {
		return web.Response{}, err
	}
	replaced, err := k.replaced(r)
	if err != nil {
		return web.Response{}, err
	}
	id, token, err := k.verify(ctx, block, body.provider, body.tokens)
	if err != nil {
		return web.Response{}, err
	}
	if err := body.hints.check(id); err != nil {
		return web.Response{}, err
	}
	l := k.newLogin(r, id, token, transport)
	l.Extra = body.extra
	in, err := k.finishLogin(ctx, block, l, replaced)
	if err != nil {
		return web.Response{}, err
	}
	response := k.signedInResponse(r, in)
	if transport == config.TransportCookie {
		response = k.clearOtherCookies(r, block, response)
	}
	return response, nil
}

// finishLogin registers or logs in the user of a verified identity, ends the
// replaced sessions and begins the new one. [Kit.withSessionCookies] sends it.
func (k *Kit) finishLogin(
	ctx context.Context, block *sessionBlock, l session.Login, replaced []credential,
) (signedIn, error) {
	if err := block.checkFits(l); err != nil {
		return signedIn{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	in, err := k.signIn(ctx, block, l, replaced)
	if err != nil {
		return signedIn{}, err
	}
	k.log.InfoContext(ctx, "login", "event", "authn_login_success", "provider", l.Identity.Provider, "auth_method", l.Identity.AuthMethod,
		"user_id", in.user.ID.String(), "created", in.created, "linked", in.linked,
		"session_id", in.View.ID, "continued", in.continued, "address", l.Address)
	return in, nil
}

// verify verifies the tokens that a front end posted. See verifyBy.
func (k *Kit) verify(ctx context.Context, block *sessionBlock, name string, tokens provider.Tokens) (identity.Identity, string, error) {
	return k.verifyBy(ctx, block, tokens, func(ctx context.Context, tokens provider.Tokens) (identity.Identity, string, error) {
		return k.providers.Login(ctx, name, tokens)
	})
}

// verifyBy verifies tokens in one of the ways of package verify. It returns the
// identity, and the token that is the session in strategy "provider_token", which
// needs one.
func (k *Kit) verifyBy(
	ctx context.Context, block *sessionBlock, tokens provider.Tokens,
	login func(context.Context, provider.Tokens) (identity.Identity, string, error),
) (identity.Identity, string, error) {
	ctx, cancel := context.WithTimeout(ctx, providerTimeout)
	defer cancel()
	id, token, err := login(ctx, tokens)
	if err == nil && token == "" && !block.isOwn() {
		return identity.Identity{}, "", autherr.New(autherr.InvalidRequest, "missing_session_token")
	}
	return id, token, err
}

func (k *Kit) newLogin(r web.Request, id identity.Identity, token, transport string) session.Login {
	return session.Login{
		Identity:      id,
		ProviderToken: token,
		Transport:     transport,
		UserAgent:     r.First("User-Agent"),
		Address:       k.address(r),
	}
}

// checkFits rejects, before anything is written, a provider's token that does
// not fit into a cookie.
func (b *sessionBlock) checkFits(l session.Login) error {
	if !b.isOwn() && l.Transport == config.TransportCookie && !b.cookie.Fits(l.ProviderToken) {
		return autherr.New(autherr.TokenTooLarge, "cookie_too_large")
	}
	return nil
}

// signedIn is the result of a login or a refresh.
type signedIn struct {
	user      identity.User // zero if the configuration stores no users
	created   bool
	linked    bool // the identity was added to the user
	continued bool // the session has the public id of a presented one
	transport string
	block     *sessionBlock
	session.Issued
}

// signIn finds or registers the user and begins the session. If another
// transaction registers, deletes, disables or revokes the user meanwhile, it
// starts again.
func (k *Kit) signIn(ctx context.Context, block *sessionBlock, l session.Login, replaced []credential) (signedIn, error) {
	waits := retry.WithMaxRetries(maxLoginAttempts-1, retry.WithFullJitter(retry.NewFibonacci(loginRetryWait)))
	in, err := retry.DoValue(ctx, waits, func(ctx context.Context) (signedIn, error) {
		in, err := k.attemptSignIn(ctx, block, l, replaced)
		if errors.Is(err, account.ErrOvertaken) {
			return in, retry.RetryableError(err)
		}
		return in, err
	})
	if _, coded := errors.AsType[*autherr.Error](err); err != nil && !coded {
		return signedIn{}, autherr.StoreFailed(err) // the context ended
	}
	return in, err //nolint:wrapcheck // it is that of attemptSignIn
}

// attemptSignIn continues a session that the login presents, or else revokes the
// presented ones before the new one begins, so that they do not count against the
// user's maximum.
func (k *Kit) attemptSignIn(ctx context.Context, block *sessionBlock, l session.Login, replaced []credential) (in signedIn, err error) {
	if k.database != nil {
		if err := k.registrar.CheckProviderSession(ctx, l.Identity.ProviderSession); err != nil {
			return signedIn{}, err
		}
		result, err := k.registrarFor(l).RegisterOrLogin(ctx, l.Identity)
		if err != nil {
			return signedIn{}, err
		}
		l.User, in.created, in.linked = result.User, result.Created, result.Linked
		k.logLink(ctx, l, result)
	}
	if l.Continues, err = k.replace(ctx, block, l, replaced); err != nil {
		return signedIn{}, err
	}
	if in.Issued, err = block.Issue(ctx, l); err != nil {
		return signedIn{}, err
	}
	record := database.SignIn{User: l.User, Session: in.Stored, MaxSessions: k.maxPerUser}
	if l.Continues != nil {
		record.Continues = l.Continues.Lookup
	}
	if err := k.recordSignIn(ctx, record, loginOf(l, in)); err != nil {
		return signedIn{}, err
	}
	in.user, in.transport, in.block, in.continued = l.User, l.Transport, block, l.Continues != nil
	return in, nil
}

// logLink logs that a login has added its identity to a user, whether the login
// succeeds or not.
func (k *Kit) logLink(ctx context.Context, l session.Login, result account.Result) {
	if !result.Linked {
		return
	}
	k.log.InfoContext(ctx, "an identity was added to the user", "event", "identity_linked", "provider", l.Identity.Provider,
		"user_id", result.User.ID.String(), "identity_id", result.User.IdentityID.String(), "address", l.Address)
}

// replace returns the first session of the credentials that the login continues,
// nil if there is none, and revokes the others.
func (k *Kit) replace(
	ctx context.Context, block *sessionBlock, l session.Login, credentials []credential,
) (continued *session.Session, err error) {
	for i, c := range credentials {
		if c.block != block {
			if err := k.end(ctx, credentials[i:i+1], "replaced_by_login", l.Address); err != nil {
				return nil, err
			}
			continue
		}
		found, ended, err := block.Replace(ctx, l, c.Credential)
		if err != nil {
			return nil, err
		}
		k.logEnd(ctx, ended, "replaced_by_login", l.Address)
		if found != nil {
			return found, k.end(ctx, credentials[i+1:], "replaced_by_login", l.Address)
		}
	}
	return nil, nil
}

// recordSignIn does nothing if the configuration stores no users.
func (k *Kit) recordSignIn(ctx context.Context, s database.SignIn, l Login) error {
	if k.database == nil {
		return nil
	}
	var vetoed error
	if k.onLogin != nil {
		s.Within = func(ctx context.Context, tx account.Tx) error {
			l.Tx = tx.SQL()
			vetoed = hooks.Run(ctx, "OnLogin", func() error { return k.onLogin(ctx, l) })
			return vetoed
		}
	}
	err := k.database.SignIn(ctx, s)
	switch {
	case vetoed != nil && errors.Is(err, vetoed):
		return err
	case errors.Is(err, account.ErrOvertaken):
		return autherr.Wrap(autherr.TemporarilyUnavailable, "login_overtaken", err)
	case err != nil:
		return autherr.StoreFailed(err)
	}
	return nil
}

// signedInResponse is the response to a login or a refresh. A token that is set
// as a cookie is not in the body. A provider's refresh token is in no cookie.
func (k *Kit) signedInResponse(r web.Request, in signedIn) web.Response {
	body := signedInBody{Created: in.created, Linked: in.linked, User: k.userBody(in.user), Session: newSessionBody(in.View)}
	if in.transport == config.TransportBearer {
		body.Token = &tokenBody{
			AccessToken: in.Token,
			TokenType:   "Bearer",
			ExpiresIn:   max(1, int64(k.until(in.ExpiresAt).Seconds())),
		}
	}
	if in.RefreshToken != "" && (in.transport == config.TransportBearer || !in.block.isOwn()) {
		if body.Token == nil {
			body.Token = &tokenBody{}
		}
		body.Token.RefreshToken = in.RefreshToken
	}
	status := http.StatusOK
	if in.created {
		status = http.StatusCreated
	}
	return k.withSessionCookies(r, in, web.JSON(status, body))
}

// withSessionCookies adds the session's cookies to the response, if its transport
// is cookie.
func (k *Kit) withSessionCookies(r web.Request, in signedIn, response web.Response) web.Response {
	if in.transport != config.TransportCookie {
		return response
	}
	return response.WithCookie(k.setCookies(in.block, func(c httpapi.Cookie) int { return c.Count(r) }, in.Issued)...)
}
