package core

import (
	"context"
	"slices"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/internal/changes"
	"github.com/cotterpin/cotterpin/core/internal/httpapi"
	"github.com/cotterpin/cotterpin/core/internal/ownjwt"
	"github.com/cotterpin/cotterpin/core/internal/verify"
	"github.com/cotterpin/cotterpin/core/internal/watch"
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
		watcher:   watch.New(o.now),
		now:       o.now,
		log:       o.log,
		stop:      stop,
	}
	k.changes.Subscribe(k.watcher.Heard)
	k.changes.SubscribeEnded(k.watcher.HeardEnded)
	if db != nil {
		k.database = changes.Announce(db, &k.changes)
		k.registrar = account.Registrar{
			Store:      k.database.Accounts(),
			Create:     *s.Users.Create,
			LinkOn:     s.Users.LinkOn,
			Blocks:     providers.Block,
			OnRegister: o.onRegister,
			Now:        o.now,
		}
		k.onLogin = o.onLogin
		k.background.Go(func() { sweeper{"mark_sweep", "expired marks", k.sweepMarks}.run(background, o) })
	}
	if s.Own != nil {
		k.maxPerUser = s.Own.MaxPerUser
		k.blocks = append(k.blocks, k.ownBlock(background, s, o, db))
	}
	if s.ProviderToken != nil {
		k.blocks = append(k.blocks, k.tokenBlock(s))
	}
	if s.DefaultSession == config.StrategyProviderToken {
		slices.Reverse(k.blocks)
	}
	return k.mount()
}

// ownBlock returns the session block "own", and starts its work in the background.
func (k *Kit) ownBlock(background context.Context, s Settings, o options, db database.Database) *sessionBlock {
	own := session.NewOwn(*s.Own, k.database.Sessions(), o.now, o.log)
	k.background.Go(func() { sweeper{"session_sweep", "ended sessions", own.Sweep}.run(background, o) })
	k.changes.Subscribe(own.Evict)
	if s.Own.CacheTTL.Std() > 0 {
		k.listen(background, db, own)
	}
	block := &sessionBlock{
		Strategy:   own,
		transports: s.Own.Transport,
		cookie:     httpapi.NewCookie(s.Own.Cookie, s.Auth.BaseURL),
	}
	if s.Own.Format != config.FormatJWT {
		return block
	}
	keys := ownjwt.NewKeyring(k.database.Keys(), ownjwt.KeyringOptions{Secret: s.Own.KeySecret, Now: o.now, Log: o.log})
	k.background.Go(func() { keys.Run(background) })
	block.jwt = ownjwt.New(ownjwt.Options{
		Settings: *s.Own, Own: own, Store: k.database.Sessions(), Keys: keys, Issuer: s.Auth.BaseURL, Log: o.log,
	})
	block.Strategy = block.jwt
	block.refreshCookie = httpapi.NewRefreshCookie(s.Own.Cookie, s.Auth.BaseURL)
	return block
}

// tokenBlock returns the session block "provider_token".
func (k *Kit) tokenBlock(s Settings) *sessionBlock {
	tokens := session.NewProviderToken(*s.ProviderToken, k.providers, k.registrar)
	k.changes.Subscribe(tokens.Evict)
	k.changes.SubscribeEnded(tokens.EvictEnded)
	return &sessionBlock{
		Strategy:   tokens,
		transports: s.ProviderToken.Transport,
		cookie:     httpapi.NewCookie(s.ProviderToken.Cookie, s.Auth.BaseURL),
	}
}
