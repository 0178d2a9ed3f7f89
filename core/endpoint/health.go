package endpoint

import (
	"context"
	"net/http"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/settings"
	"github.com/cotterpin/cotterpin/core/web"
)

// keysTimeout is how long a readiness check waits for a provider's keys. The
// fetch goes on after it.
const keysTimeout = time.Second

type healthBody struct {
	Status string `json:"status"`
}

// ok says that the process runs.
func (e *Endpoints) ok(context.Context, web.Request) (web.Response, error) {
	return web.JSON(http.StatusOK, healthBody{Status: "ok"}), nil
}

// ready says whether requests can be served. A provider without keys stops
// logins, and where its tokens are the sessions it stops everything.
func (e *Endpoints) ready(ctx context.Context, _ web.Request) (web.Response, error) {
	if err := e.databaseReady(ctx); err != nil {
		return web.Response{}, autherr.Wrap(autherr.TemporarilyUnavailable, "database_not_ready", err)
	}
	if err := e.providersReady(ctx); err != nil {
		if e.Strategy.Name() == settings.ProviderToken {
			return web.Response{}, autherr.Wrap(autherr.TemporarilyUnavailable, "keys_not_ready", err)
		}
		return web.JSON(http.StatusOK, healthBody{Status: "degraded"}), nil
	}
	return web.JSON(http.StatusOK, healthBody{Status: "ok"}), nil
}

func (e *Endpoints) databaseReady(ctx context.Context) error {
	if e.DatabaseReady == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	return e.DatabaseReady(ctx)
}

// providersReady asks all providers, so that each starts to fetch its keys,
// and returns the first failure.
func (e *Endpoints) providersReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, keysTimeout)
	defer cancel()
	var first error
	for _, named := range e.Providers.All() {
		checker, ok := named.Provider.(provider.Checker)
		if !ok {
			continue
		}
		if err := checker.Check(ctx); err != nil {
			e.Log.Warn("provider is not ready", "event", "provider_not_ready", "provider", named.Name, "error", err.Error())
			if first == nil {
				first = err
			}
		}
	}
	return first
}
