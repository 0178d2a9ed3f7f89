package core

import (
	"slices"
	"strings"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/core/web"
)

// credential is a credential of a request, and the session block whose form or
// cookie it has.
type credential struct {
	session.Credential
	block *sessionBlock
}

// credential returns the credential of a request. A Bearer header takes precedence
// over cookies; other schemes are ignored. Of the cookies of two session blocks,
// that of the own session decides. Whether that transport is accepted at all is up
// to the session strategy.
//
// Errors by code: Unauthenticated if there is none; InvalidRequest for two
// Authorization lines or two cookies of the name that decides; InvalidToken for a
// Bearer header that does not contain a token.
func (k *Kit) credential(r web.Request) (credential, error) {
	token, isBearer, err := bearer(r)
	if err != nil {
		return credential{}, err
	}
	if isBearer {
		return k.bearerCredential(token), nil
	}
	for _, strategy := range []string{config.StrategyOwn, config.StrategyProviderToken} {
		b := k.block(strategy)
		if b == nil {
			continue
		}
		switch c, count := b.cookieCredential(r); count {
		case 0:
		case 1:
			return c, nil
		default:
			return credential{}, autherr.New(autherr.InvalidRequest, "two_cookies")
		}
	}
	return credential{}, autherr.New(autherr.Unauthenticated, "no_credential")
}

func (k *Kit) bearerCredential(token string) credential {
	return credential{session.Credential{Token: token, Transport: config.TransportBearer}, k.bearerBlock(token)}
}

// cookieCredential returns the last cookie of the block and the number of them.
func (b *sessionBlock) cookieCredential(r web.Request) (c credential, count int) {
	c.block, c.Transport = b, config.TransportCookie
	for c.Token = range b.cookie.Values(r) {
		count++
	}
	return c, count
}

// replaced returns the credentials whose sessions a login or logout ends: all of
// the request, each once, valid or not. Cookies that a sibling domain planted
// neither stop it nor hide the caller's own.
func (k *Kit) replaced(r web.Request) ([]credential, error) {
	var all []credential
	token, isBearer, err := bearer(r)
	if err != nil && autherr.CodeOf(err) == autherr.InvalidRequest {
		return nil, err
	}
	if isBearer {
		all = append(all, k.bearerCredential(token))
	}
	for _, b := range k.blocks {
		for _, value := range slices.Compact(slices.Sorted(b.cookie.Values(r))) {
			all = append(all, credential{session.Credential{Token: value, Transport: config.TransportCookie}, b})
		}
	}
	return all, nil
}

// refreshCredentials returns the refresh tokens of own sessions that a logout ends:
// that of the body, and those of the cookies, each once.
func (k *Kit) refreshCredentials(r web.Request, body string) []credential {
	b := k.jwtBlock()
	if b == nil {
		return nil
	}
	var all []credential
	if body != "" {
		all = append(all, credential{session.Credential{Token: body, Transport: config.TransportBearer}, b})
	}
	for _, value := range slices.Compact(slices.Sorted(b.refreshCookie.Values(r))) {
		all = append(all, credential{session.Credential{Token: value, Transport: config.TransportCookie}, b})
	}
	return all
}

// hasCookie reports whether the request has one of our cookies.
func (k *Kit) hasCookie(r web.Request) bool {
	return slices.ContainsFunc(k.blocks, func(b *sessionBlock) bool { return b.sentCookie(r) })
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
	if rest != "" && isSchemeByte(rest[0]) {
		return "", false, nil // another scheme, with a longer name
	}
	token, found := strings.CutPrefix(rest, " ")
	if !found || !isToken(token) {
		return "", false, autherr.New(autherr.InvalidToken, "malformed_bearer")
	}
	return token, true, nil
}

// isSchemeByte reports whether the name of a scheme may contain c (RFC 9110,
// section 5.6.2, token).
func isSchemeByte(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

// isToken reports whether s consists of the characters of a b64token (RFC 6750,
// section 2.1).
func isToken(s string) bool {
	for i := range len(s) {
		if !isTokenByte[s[i]] {
			return false
		}
	}
	return s != ""
}

// isTokenByte is a table because a provider's token has hundreds of bytes.
var isTokenByte = func() (table [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=") {
		table[c] = true
	}
	return table
}()
