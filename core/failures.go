package core

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/time/rate"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/internal/httpapi"
	"github.com/cotterpin/cotterpin/core/web"
)

// maxWatched is how many addresses are watched at once; the least used is
// forgotten first.
const maxWatched = 100_000

// failures counts refused logins and refreshes by address. Requests that run
// at once may pass together before the first of them is counted.
type failures struct {
	burst   int
	every   time.Duration // in which one more is allowed
	watched *otter.Cache[netip.Addr, *rate.Limiter]
	now     func() time.Time
}

// newFailures returns nil where there is no limit.
func newFailures(auth config.Auth, now func() time.Time) *failures {
	perMinute := auth.Failures()
	if perMinute == 0 {
		return nil
	}
	return &failures{
		burst:   perMinute,
		every:   time.Minute / time.Duration(perMinute),
		watched: otter.Must(&otter.Options[netip.Addr, *rate.Limiter]{MaximumSize: maxWatched}),
		now:     now,
	}
}

// check returns RateLimited if the address has had its refusals.
func (f *failures) check(client netip.Addr) error {
	limiter, ok := f.watched.GetIfPresent(client)
	if !ok || limiter.TokensAt(f.now()) >= 1 {
		return nil
	}
	return &autherr.Error{Code: autherr.RateLimited, Reason: "too_many_refusals", RetryAfter: f.every}
}

// count notes one refusal.
func (f *failures) count(client netip.Addr) {
	limiter, _ := f.watched.SetIfAbsent(client, rate.NewLimiter(rate.Every(f.every), f.burst))
	limiter.AllowN(f.now(), 1)
}

// limited gives a route the limit on refusals: whatever is answered with 4xx.
// Answers about our own faults are none, and a caller whose address is unknown,
// as behind a Unix socket, is not counted: that would be everybody.
func (k *Kit) limited(handle handler) handler {
	if k.failures == nil {
		return handle
	}
	return func(ctx context.Context, r web.Request) (web.Response, error) {
		client := network(k.proxies.Client(r))
		if !client.IsValid() {
			return handle(ctx, r)
		}
		if err := k.failures.check(client); err != nil {
			return web.Response{}, err
		}
		response, err := handle(ctx, r)
		if err != nil && httpapi.StatusOf(err) < http.StatusInternalServerError {
			k.failures.count(client)
		}
		return response, err
	}
}

// network returns what is counted as one address: an IPv4 address, or an
// IPv6 /64.
func network(a netip.Addr) netip.Addr {
	if !a.Is6() {
		return a
	}
	prefix, _ := a.Prefix(64)
	return prefix.Addr()
}
