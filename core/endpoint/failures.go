package endpoint

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/time/rate"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/settings"
	"github.com/cotterpin/cotterpin/core/web"
)

// maxWatched is how many addresses are watched at once; the least used is
// forgotten first.
const maxWatched = 100_000

// failures counts refused logins and refreshes by address. nil counts nothing.
type failures struct {
	perMinute int
	watched   *otter.Cache[netip.Addr, *rate.Limiter]
	now       func() time.Time
}

func newFailures(auth settings.Auth, now func() time.Time) *failures {
	if auth.Failures() == 0 {
		return nil
	}
	return &failures{
		perMinute: auth.Failures(),
		watched:   otter.Must(&otter.Options[netip.Addr, *rate.Limiter]{MaximumSize: maxWatched}),
		now:       now,
	}
}

// check returns RateLimited if the address has had its refusals.
func (f *failures) check(client netip.Addr) error {
	limiter, ok := f.watched.GetIfPresent(client)
	if !ok || limiter.TokensAt(f.now()) >= 1 {
		return nil
	}
	return &autherr.Error{
		Code:       autherr.RateLimited,
		Reason:     "too_many_refusals",
		RetryAfter: time.Minute / time.Duration(f.perMinute),
	}
}

// count notes one refusal.
func (f *failures) count(client netip.Addr) {
	every := rate.Every(time.Minute / time.Duration(f.perMinute))
	limiter, _ := f.watched.SetIfAbsent(client, rate.NewLimiter(every, f.perMinute))
	limiter.AllowN(f.now(), 1)
}

// limited gives a route the limit on refusals. Answers about our own faults
// are not refusals, and neither is what never got as far as a credential.
func (e *Endpoints) limited(handle handler) handler {
	if e.failures == nil {
		return handle
	}
	return func(ctx context.Context, r web.Request) (web.Response, error) {
		client := network(e.Proxies.Client(r))
		if err := e.failures.check(client); err != nil {
			return web.Response{}, err
		}
		response, err := handle(ctx, r)
		if err != nil && web.StatusOf(err) < http.StatusInternalServerError {
			e.failures.count(client)
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
