package core

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/internal/changes"
	"github.com/cotterpin/cotterpin/core/internal/httpapi"
	"github.com/cotterpin/cotterpin/core/internal/verify"
	"github.com/cotterpin/cotterpin/core/internal/watch"
	"github.com/cotterpin/cotterpin/core/web"
)

// Kit is an opened configuration, made by [Open] or [New]. It is safe for
// concurrent use until Close.
type Kit struct {
	auth    config.Auth
	proxies httpapi.Proxies

	providers  *verify.Set
	blocks     []*sessionBlock // one or both strategies; the first is the login's default
	maxPerUser int             // active own sessions of a user

	// If the configuration stores nothing, database is nil, and registrar is not
	// used.
	database  database.Database
	registrar account.Registrar
	onLogin   func(ctx context.Context, l Login) error // nil: nothing runs
	changes   changes.Feed                             // of users, by this kit
	watcher   *watch.Watcher

	now func() time.Time
	log *slog.Logger

	routes     map[string]methods
	mounted    map[string]web.Handler // the providers' own routes, by block name
	origins    httpapi.CrossOriginGuard
	cors       httpapi.CORS
	returnURLs httpapi.ReturnURLs
	flows      httpapi.FlowCookies
	failures   *failures
	doubts     doubts
	outages    outages

	background sync.WaitGroup
	stop       context.CancelFunc // ends the background work
}

// Close ends the contexts of [Kit.Watch], stops the background work, closes idle
// connections to the providers, and closes the database if the kit opened it.
// Requests must have ended.
func (k *Kit) Close() error {
	k.watcher.Close()
	k.stop()
	k.background.Wait()
	k.providers.Close()
	if k.database == nil {
		return nil
	}
	return k.database.Close()
}
