package core

import (
	"slices"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/internal/httpapi"
	"github.com/cotterpin/cotterpin/core/session"
)

// sessionBlock is a session block of the configuration: how its sessions travel,
// and how they are recognized.
type sessionBlock struct {
	session.Strategy
	transports []string // the first is the default of a login
	cookie     httpapi.Cookie
}

func (b *sessionBlock) isOwn() bool { return b.Name() == config.StrategyOwn }

// usesCookies reports whether a login can get its session in a cookie.
func (b *sessionBlock) usesCookies() bool {
	return slices.Contains(b.transports, config.TransportCookie)
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

// bearerBlock returns the session block of a bearer token by the token's form. Where
// there are two, a token without the form of own sessions is a provider's.
func (k *Kit) bearerBlock(token string) *sessionBlock {
	own := k.block(config.StrategyOwn)
	if own != nil && (len(k.blocks) == 1 || own.Owns(token)) {
		return own
	}
	return k.block(config.StrategyProviderToken)
}
