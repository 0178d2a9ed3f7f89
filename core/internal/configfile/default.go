package configfile

import (
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/provider"
)

// The defaults of blocks, with those of their nested blocks filled in: a file
// may say a part of them.

func defaultCommon() provider.Common {
	return provider.Common{}.WithDefaults()
}

func defaultOwn() config.OwnSession {
	own := config.DefaultOwnSession()
	own.Cookie = new(config.DefaultCookie())
	return own
}

func defaultProviderToken() config.ProviderTokenSession {
	token := config.DefaultProviderTokenSession()
	token.Cookie = new(config.DefaultCookie())
	return token
}
