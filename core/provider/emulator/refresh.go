package emulator

import (
	"context"
	"net/http"

	"github.com/cotterpin/cotterpin/core/internal/strictjson"
	"github.com/cotterpin/cotterpin/core/web"
)

// refresh exchanges a refresh token, from the body or the cookie, for new tokens.
func (e *Emulator) refresh(_ context.Context, r web.Request) (web.Response, error) {
	body, err := readObject(r)
	if err != nil {
		return web.Response{}, err
	}
	if grant := stringIn(body, "grant_type"); grant != "refresh_token" {
		return web.Response{}, badRequest("grant_type must be refresh_token")
	}
	identifier, next, ok := e.refreshTokens.rotate(refreshTokenIn(body, r), e.clock.now())
	if !ok {
		return web.Response{}, badRequest("The refresh token is not valid")
	}
	issued, err := e.issueTokens(e.users.signedIn(identifier, e.clock.now()), next, edits{})
	if err != nil {
		return web.Response{}, err
	}
	return web.JSON(http.StatusOK, issued).WithCookie(e.refreshCookie(r, next)), nil
}

// logout clears the cookie and revokes the refresh token in it. Issued access and
// ID tokens stay valid, as at Cotter.
func (e *Emulator) logout(_ context.Context, r web.Request) (web.Response, error) {
	e.refreshTokens.revoke(cookieToken(r), e.clock.now())
	return web.JSON(http.StatusOK, map[string]bool{"success": true}).WithCookie(e.refreshCookie(r, "")), nil
}

func refreshTokenIn(body strictjson.Object, r web.Request) string {
	if token := stringIn(body, "refresh_token"); token != "" {
		return token
	}
	return cookieToken(r)
}

const refreshCookieName = "refreshToken"

func cookieToken(r web.Request) string {
	parser := http.Request{Header: http.Header{"Cookie": r.Header.Values("Cookie")}}
	if cookies := parser.CookiesNamed(refreshCookieName); len(cookies) > 0 {
		return cookies[0].Value
	}
	return ""
}

// refreshCookie returns the Set-Cookie value for the refresh token; "" clears the
// cookie.
func (e *Emulator) refreshCookie(r web.Request, token string) string {
	cookie := http.Cookie{ //nolint:gosec // Secure if the emulator is served over TLS
		Name:     refreshCookieName,
		Value:    token,
		Path:     e.options.BasePath + ownTokenPath + e.options.APIKeyID,
		MaxAge:   int(refreshLifetime.Seconds()),
		HttpOnly: true,
		Secure:   r.TLS,
		SameSite: http.SameSiteLaxMode,
	}
	if token == "" {
		cookie.MaxAge = -1
	}
	return cookie.String()
}
