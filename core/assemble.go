package core

import (
	"context"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/httpapi"
	"github.com/cotterpin/cotterpin/core/internal/verify"
	"github.com/cotterpin/cotterpin/core/session"
)

// assemble builds the kit from opened providers and an opened database, which is
// nil if the configuration stores nothing.
func assemble(ctx context.Context, s Settings, o options, providers *verify.Set, db database.Database) *Kit {
	background, stop := context.WithCancel(context.WithoutCancel(ctx)) // until Close
	k := &Kit{
		auth:      s.Auth,
		proxies:   httpapi.Proxies{Trusted: s.Auth.ProxyPrefixes(), Unix: s.Auth.TrustsUnix()},
		providers: providers,
		database:  db,
		evict:     func(identity.UserID) {},
		now:       o.now,
		log:       o.log,
		stop:      stop,
	}
	if db != nil {
		k.registrar = account.Registrar{Store: db.Accounts(), Create: *s.Users.Create, OnRegister: o.onRegister, Now: o.now}
	}
	if s.Own != nil {
		own := session.NewOwn(*s.Own, db.Sessions(), o.now, o.log)
		k.background.Go(func() { sweep(background, own, o) })
		k.strategy = own
		k.maxPerUser = s.Own.MaxPerUser
		k.transports = s.Own.Transport
		k.cookie = httpapi.NewCookie(s.Own.Cookie, s.Auth.BaseURL)
	} else {
		tokens := session.NewProviderToken(*s.ProviderToken, providers, k.registrar.Store, o.now)
		k.evict = tokens.Evict
		k.strategy = tokens
		k.transports = s.ProviderToken.Transport
		k.cookie = httpapi.NewCookie(s.ProviderToken.Cookie, s.Auth.BaseURL)
	}
	return k.mount()
}
