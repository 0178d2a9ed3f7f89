package core

import (
	"context"
	"fmt"
	"time"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/httpapi"
	"github.com/cotterpin/cotterpin/core/internal/verify"
	"github.com/cotterpin/cotterpin/core/session"
)

// Expired sessions are deleted soon after the start, lest a process that never
// lives long deletes none, and from then on every ten minutes.
const (
	firstSweep = time.Minute
	sweepEvery = 10 * time.Minute
)

// assemble builds the kit from opened providers and an opened database, which is
// nil if nothing is stored.
func assemble(ctx context.Context, s Settings, o options, providers *verify.Set, db database.Database) *Kit {
	background, stop := context.WithCancel(context.WithoutCancel(ctx)) // until Close
	k := &Kit{
		auth:      s.Auth,
		proxies:   httpapi.Proxies{Trusted: s.Auth.ProxyPrefixes()},
		providers: providers,
		database:  db,
		now:       o.now,
		log:       o.log,
		stop:      stop,
	}
	var forget func(identity.UserID)
	if s.Own != nil {
		own := session.NewOwn(*s.Own, db.Sessions(), o.now, o.log)
		k.background.Go(func() { sweep(background, own, o) })
		k.strategy = own
		k.transports = s.Own.Transport
		k.cookie = httpapi.NewCookie(s.Own.Cookie, s.Auth.BaseURL)
	} else {
		var users session.Users
		if db != nil {
			users = db.Accounts()
		}
		tokens := session.NewProviderToken(*s.ProviderToken, providers, users, o.now)
		forget = tokens.Forget
		k.strategy = tokens
		k.transports = s.ProviderToken.Transport
		k.cookie = httpapi.NewCookie(s.ProviderToken.Cookie, s.Auth.BaseURL)
	}
	if db != nil {
		k.accounts = account.NewRegistrar(db.Accounts(), account.Options{
			Create:     *s.Users.Create,
			OnRegister: o.onRegister,
			Now:        o.now,
		})
		k.finder = db.Accounts()
		k.directory = session.NewDirectory(db.Accounts(), db.Sessions(), forget, o.now)
		k.users = account.NewUsers(db.Accounts(), db.Sessions(), forget, o.now, o.log)
	}
	return k.mount()
}

// sweep deletes expired sessions now and then until ctx is done.
func sweep(ctx context.Context, own *session.Own, o options) {
	for wait := firstSweep; ; wait = sweepEvery {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
			sweepOnce(ctx, own, o)
		}
	}
}

// sweepOnce recovers a panic of the store, which nobody above would.
func sweepOnce(ctx context.Context, own *session.Own, o options) {
	defer func() {
		if cause := recover(); cause != nil {
			o.log.Error("panic while deleting expired sessions", "event", "session_sweep_failed", "error", fmt.Sprint(cause))
		}
	}()
	if n, err := own.Sweep(ctx); err != nil {
		o.log.Warn("could not delete expired sessions", "event", "session_sweep_failed", "error", err.Error())
	} else if n > 0 {
		o.log.Info("deleted expired sessions", "event", "session_sweep", "deleted", n)
	}
}
