package core

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/internal/httpapi"
	"github.com/cotterpin/cotterpin/core/web"
)

// keysTimeout is how long a readiness check waits for a provider's keys. The
// fetch continues after it.
const keysTimeout = time.Second

type healthBody struct {
	Status string `json:"status"`
}

// ok reports that the process runs.
func (k *Kit) ok(context.Context, web.Request) (web.Response, error) {
	return web.JSON(http.StatusOK, healthBody{Status: "ok"}), nil
}

// ready reports whether requests can be served. A provider without keys stops
// its own logins; if the providers' tokens are the sessions, all providers
// without keys stop everything.
func (k *Kit) ready(ctx context.Context, r web.Request) (web.Response, error) {
	if err := k.databaseReady(ctx); err != nil {
		return k.notReady(r, "database", autherr.Wrap(autherr.TemporarilyUnavailable, "database_not_ready", err))
	}
	k.outages.end("database")
	failed, all := k.failedProviders(ctx)
	if failed > 0 && failed == all && k.block(config.StrategyOwn) == nil {
		return k.notReady(r, "keys", autherr.New(autherr.TemporarilyUnavailable, "keys_not_ready"))
	}
	k.outages.end("keys")
	status := "ok"
	if failed > 0 {
		status = "degraded"
	}
	return web.JSON(http.StatusOK, healthBody{Status: status}), nil
}

// notReady returns an error, which the route logs, or the same response without
// a log line.
func (k *Kit) notReady(r web.Request, cause string, err error) (web.Response, error) {
	if k.outages.due(cause, k.now()) {
		return web.Response{}, err
	}
	return k.document(httpapi.StatusOf(err), err, k.requestID(r)), nil
}

func (k *Kit) databaseReady(ctx context.Context) error {
	if k.database == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	return k.database.Ready(ctx)
}

// failedProviders checks all providers that are not disabled, so that each starts
// to fetch its keys, and returns how many cannot verify now, of how many.
func (k *Kit) failedProviders(ctx context.Context) (failed, all int) {
	ctx, cancel := context.WithTimeout(ctx, keysTimeout)
	defer cancel()
	var checks sync.WaitGroup
	var failures atomic.Int32
	for _, p := range k.providers.All() {
		if !p.Enabled() {
			continue
		}
		all++
		checks.Go(func() {
			err := p.Ready(ctx)
			if err != nil {
				failures.Add(1)
			}
			k.logReadiness(ctx, p.Name, err)
		})
	}
	checks.Wait()
	return int(failures.Load()), all
}

// logReadiness logs when a provider fails and recovers, and once a minute while
// it fails.
func (k *Kit) logReadiness(ctx context.Context, name string, err error) {
	cause := "provider " + name
	switch {
	case err == nil:
		if k.outages.end(cause) {
			k.log.InfoContext(ctx, "provider is ready again", "event", "provider_ready", "provider", name)
		}
	case k.outages.due(cause, k.now()):
		k.log.InfoContext(ctx, "provider is not ready", "event", "provider_not_ready", "provider", name, "error", err.Error())
	}
}
