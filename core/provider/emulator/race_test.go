package emulator_test

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cotterpin/cotterpin/core/web"
)

// winners returns the number of 200 responses to 32 concurrent requests.
func (b *bench) winners(t *testing.T, next func() web.Request) int64 {
	t.Helper()
	var won atomic.Int64
	var all sync.WaitGroup
	for range 32 {
		r := next()
		all.Go(func() {
			if b.Serve(t.Context(), r).Status == http.StatusOK {
				won.Add(1)
			}
		})
	}
	all.Wait()
	return won.Load()
}

func TestGetIdentity_ConcurrentExchanges(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	body := encode(t, b.signIn(t))
	won := b.winners(t, func() web.Request { return apiRequest(http.MethodPost, "/api/v0/verify/get_identity", body) })
	if won != 1 {
		t.Errorf("%d requests succeeded, want one", won)
	}
}

func TestRefresh_Concurrent(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	token := b.tokens(t).Refresh
	won := b.winners(t, func() web.Request { return refreshRequest(t, ownTokenPath, token) })
	if won != 1 {
		t.Errorf("%d requests succeeded, want one", won)
	}
}
