package core

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/web"
)

// keysTimeout is how long a readiness check waits for a provider's keys. The
// fetch goes on after it.
const keysTimeout = time.Second

type healthBody struct {
	Status string `json:"status"`
}

// ok says that the process runs.
func (k *Kit) ok(context.Context, web.Request) (web.Response, error) {
	return web.JSON(http.StatusOK, healthBody{Status: "ok"}), nil
}

// ready says whether requests can be served. A provider without keys stops its
// logins; where tokens are the sessions, all providers without keys stop
// everything.
func (k *Kit) ready(ctx context.Context, _ web.Request) (web.Response, error) {
	if err := k.databaseReady(ctx); err != nil {
		return web.Response{}, autherr.Wrap(autherr.TemporarilyUnavailable, "database_not_ready", err)
	}
	switch failed := k.failedProviders(ctx); {
	case failed == 0:
		return web.JSON(http.StatusOK, healthBody{Status: "ok"}), nil
	case failed == len(k.providers.All()) && k.strategy.Name() == config.StrategyProviderToken:
		return web.Response{}, autherr.New(autherr.TemporarilyUnavailable, "keys_not_ready")
	default:
		return web.JSON(http.StatusOK, healthBody{Status: "degraded"}), nil
	}
}

func (k *Kit) databaseReady(ctx context.Context) error {
	if k.database == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	return k.database.Ready(ctx)
}

// failedProviders asks all providers, so that each starts to fetch its keys,
// and returns how many cannot verify now.
func (k *Kit) failedProviders(ctx context.Context) int {
	ctx, cancel := context.WithTimeout(ctx, keysTimeout)
	defer cancel()
	var asked sync.WaitGroup
	var count atomic.Int32
	for _, p := range k.providers.All() {
		asked.Go(func() {
			if err := p.Ready(ctx); err != nil {
				count.Add(1)
				k.log.InfoContext(ctx, "provider is not ready", "event", "provider_not_ready", "provider", p.Name, "error", err.Error())
			}
		})
	}
	asked.Wait()
	return int(count.Load())
}
