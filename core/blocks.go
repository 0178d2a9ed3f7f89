package core

import (
	"slices"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/internal/httpapi"
	"github.com/cotterpin/cotterpin/core/internal/ownjwt"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/core/web"
)

// sessionBlock is a session block of the configuration: how its sessions travel,
// and how they are recognized.
type sessionBlock struct {
	session.Strategy
	transports []string // the first is the default of a login
	cookie     httpapi.Cookie

	// Of own sessions in format "jwt" only:
	jwt           *ownjwt.Strategy // that of the block; nil otherwise
	refreshCookie httpapi.Cookie
}

func (b *sessionBlock) isOwn() bool { return b.Name() == config.StrategyOwn }

// usesCookies reports whether a login can get its session in a cookie.
func (b *sessionBlock) usesCookies() bool {
	return slices.Contains(b.transports, config.TransportCookie)
}

// cookies returns the cookies in which the block's tokens travel.
func (b *sessionBlock) cookies() []httpapi.Cookie {
	if b.jwt == nil {
		return []httpapi.Cookie{b.cookie}
	}
	return []httpapi.Cookie{b.cookie, b.refreshCookie}
}

// sentCookie reports whether the request has one of the block's cookies.
func (b *sessionBlock) sentCookie(r web.Request) bool {
	return slices.ContainsFunc(b.cookies(), func(c httpapi.Cookie) bool { return c.Count(r) > 0 })
}

// transport returns the transport of a login that requests one, or "" for the
// default.
func (b *sessionBlock) transport(requested string) (string, error) {
	if requested == "" {
		return b.transports[0], nil
	}
	if !slices.Contains(b.transports, requested) {
		return "", autherr.New(autherr.InvalidRequest, "transport_not_listed")
	}
	return requested, nil
}

// block returns the session block of a strategy; nil: it is not configured.
func (k *Kit) block(strategy string) *sessionBlock {
	for _, b := range k.blocks {
		if b.Name() == strategy {
			return b
		}
	}
	return nil
}

// loginBlock returns the session block that a login requests, or the first one.
func (k *Kit) loginBlock(requested string) (*sessionBlock, error) {
	if requested == "" {
		return k.blocks[0], nil
	}
	if b := k.block(requested); b != nil {
		return b, nil
	}
	return nil, autherr.New(autherr.InvalidRequest, "session_not_configured")
}

// jwtBlock returns the session block of own sessions in format "jwt"; nil if there
// is none.
func (k *Kit) jwtBlock() *sessionBlock {
	if b := k.block(config.StrategyOwn); b != nil && b.jwt != nil {
		return b
	}
	return nil
}

// bearerBlock returns the session block of a bearer token by the token's form. Where
// there are two, a token without the form of own sessions is a provider's.
func (k *Kit) bearerBlock(token string) *sessionBlock {
	own := k.block(config.StrategyOwn)
	if own != nil && (len(k.blocks) == 1 || own.Owns(token)) {
		return own
	}
	return k.block(config.StrategyProviderToken)
}
