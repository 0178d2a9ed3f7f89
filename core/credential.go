package core

import (
	"slices"
	"strings"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/core/web"
)

// presented returns the one credential that a request bears. A Bearer header
// decides alone, whatever cookies stand beside it; other schemes are ignored.
// Whether sessions travel in that at all is up to the strategy.
//
// Errors by code: Unauthenticated if there is none; InvalidRequest for two
// Authorization lines or two cookies of our name; InvalidToken for a Bearer
// header that cannot hold a token.
func (k *Kit) presented(r web.Request) (session.Credential, error) {
	token, isBearer, err := bearer(r)
	if err != nil {
		return session.Credential{}, err
	}
	if isBearer {
		return session.Credential{Token: token, Transport: config.TransportBearer}, nil
	}
	p, count := session.Credential{Transport: config.TransportCookie}, 0
	for p.Token = range k.cookie.Values(r) {
		count++
	}
	switch count {
	case 0:
		return session.Credential{}, autherr.New(autherr.Unauthenticated, "no_credential")
	case 1:
		return p, nil
	default:
		return session.Credential{}, autherr.New(autherr.InvalidRequest, "two_cookies")
	}
}

// replaced returns what a login or logout ends: all credentials that the
// request bears, each once, however many and however bad. Cookies that somebody
// tossed in neither stop it nor hide the caller's own.
func (k *Kit) replaced(r web.Request) ([]session.Credential, error) {
	var all []session.Credential
	token, isBearer, err := bearer(r)
	if err != nil && autherr.CodeOf(err) == autherr.InvalidRequest {
		return nil, err
	}
	if isBearer {
		all = append(all, session.Credential{Token: token, Transport: config.TransportBearer})
	}
	for _, value := range slices.Compact(slices.Sorted(k.cookie.Values(r))) {
		all = append(all, session.Credential{Token: value, Transport: config.TransportCookie})
	}
	return all, nil
}

// bearer reads the Authorization header (RFC 6750, section 2.1).
func bearer(r web.Request) (token string, isBearer bool, err error) {
	lines := r.Header.Values("Authorization")
	if len(lines) == 0 {
		return "", false, nil
	}
	if len(lines) > 1 {
		return "", false, autherr.New(autherr.InvalidRequest, "two_authorization_headers")
	}
	const scheme = "Bearer"
	line := lines[0]
	if len(line) < len(scheme) || !strings.EqualFold(line[:len(scheme)], scheme) {
		return "", false, nil
	}
	rest := line[len(scheme):]
	if rest != "" && inSchemes(rest[0]) {
		return "", false, nil // a longer name, of another scheme
	}
	token, found := strings.CutPrefix(rest, " ")
	if !found || !isToken(token) {
		return "", false, autherr.New(autherr.InvalidToken, "malformed_bearer")
	}
	return token, true, nil
}

// inSchemes reports what the name of a scheme may hold (RFC 9110, section
// 5.6.2, token).
func inSchemes(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

// isToken reports whether a text is made of what the b64token of RFC 6750 may
// hold.
func isToken(text string) bool {
	for i := range len(text) {
		if !inTokens[text[i]] {
			return false
		}
	}
	return text != ""
}

// inTokens is a table: a provider's token has hundreds of bytes.
var inTokens = func() (table [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=") {
		table[c] = true
	}
	return table
}()
