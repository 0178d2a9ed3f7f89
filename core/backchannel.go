package core

import (
	"context"
	"net/http"
	"net/url"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/verify"
	"github.com/cotterpin/cotterpin/core/web"
)

// backchannelPath is where servers of providers post logout tokens, followed by the
// name of the provider block.
const backchannelPath = "/backchannel/"

// addBackchannels adds the routes of logout tokens. There is none where nothing is
// stored: nothing could end.
func (k *Kit) addBackchannels(routes map[string]methods) {
	if k.database == nil {
		return
	}
	for _, p := range k.providers.All() {
		if p.AcceptsLogoutTokens() {
			routes[backchannelPath+p.Name] = methods{{message, "the provider's logout tokens", k.backchannelLogout(p.Name)}}
		}
	}
}

// backchannelLogout handles logout tokens (OpenID Connect Back-Channel Logout 1.0,
// sections 2.5 to 2.8). If a token has a sid, that alone decides what ends.
//
// Rejections are not counted for login_failures: a provider that repeats a token
// whose response was lost would be locked out.
func (k *Kit) backchannelLogout(name string) handler {
	return func(ctx context.Context, r web.Request) (web.Response, error) {
		raw, err := readLogoutToken(r)
		if err != nil {
			return web.Response{}, err
		}
		logout, err := k.verifyLogout(ctx, name, raw)
		if err != nil {
			return web.Response{}, err
		}
		if err := k.endForLogout(ctx, logout); err != nil {
			return web.Response{}, err
		}
		if logout.Session == "" {
			k.awaitNextSecond(ctx)
		}
		response := web.NoContent()
		response.Status = http.StatusOK
		return response, nil
	}
}

func (k *Kit) verifyLogout(ctx context.Context, name, raw string) (verify.Logout, error) {
	ctx, cancel := context.WithTimeout(ctx, providerTimeout)
	defer cancel()
	return k.providers.Logout(ctx, name, raw)
}

// endForLogout rejects a token that was used before.
func (k *Kit) endForLogout(ctx context.Context, logout verify.Logout) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	applied, err := k.Signal(ctx, Signal{
		Issuer:          logout.Issuer,
		ProviderSession: logout.Session,
		Subject:         logout.Subject,
		ID:              logout.ID,
		ExpiresAt:       logout.ExpiresAt,
	})
	if err == nil && !applied {
		return autherr.New(autherr.InvalidRequest, "logout_token_repeated")
	}
	return err
}

// readLogoutToken returns the only logout_token of a form. Other members are ignored
// (section 2.5).
func readLogoutToken(r web.Request) (string, error) {
	if !hasMediaType(r, "application/x-www-form-urlencoded") {
		return "", autherr.New(autherr.UnsupportedMediaType, "not_a_form")
	}
	body, err := readBody(r)
	if err != nil {
		return "", err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return "", autherr.New(autherr.InvalidRequest, "malformed_form")
	}
	if tokens := form["logout_token"]; len(tokens) == 1 {
		return tokens[0], nil
	}
	return "", autherr.New(autherr.InvalidRequest, "not_one_logout_token")
}
