package config

import (
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/settings"
)

// The defaults of blocks, with those of their nested blocks filled in: a file
// may say a part of them.

func defaultCommon() provider.Common {
	common := provider.DefaultCommon()
	common.HTTP = new(provider.DefaultHTTP())
	return common
}

func defaultOwn() settings.OwnSession {
	own := settings.DefaultOwnSession()
	own.Cookie = new(settings.DefaultCookie())
	return own
}

func defaultProviderToken() settings.ProviderTokenSession {
	token := settings.DefaultProviderTokenSession()
	token.Cookie = new(settings.DefaultCookie())
	return token
}
