package core

import (
	"context"
	"errors"
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

// maxAddresses bounds the addresses that are counted at the same time; the least
// used is evicted first.
const maxAddresses = 100_000

// failures limits rejected logins and refreshes per address. Concurrent requests
// may pass before the first of them is counted.
type failures struct {
	burst    int
	interval time.Duration // after which one more is allowed
	limiters *otter.Cache[netip.Addr, *rate.Limiter]
	now      func() time.Time
}

// newFailures returns nil if there is no limit.
func newFailures(auth config.Auth, now func() time.Time) *failures {
	perMinute := auth.Failures()
	if perMinute == 0 {
		return nil
	}
	return &failures{
		burst:    perMinute,
		interval: time.Minute / time.Duration(perMinute),
		limiters: otter.Must(&otter.Options[netip.Addr, *rate.Limiter]{MaximumSize: maxAddresses}),
		now:      now,
	}
}

// check returns RateLimited if the address is over the limit.
func (f *failures) check(client netip.Addr) error {
	limiter, ok := f.limiters.GetIfPresent(client)
	if !ok || limiter.TokensAt(f.now()) >= 1 {
		return nil
	}
	return &autherr.Error{Code: autherr.RateLimited, Reason: "too_many_refusals", RetryAfter: f.interval}
}

// count records one rejection.
func (f *failures) count(client netip.Addr) {
	limiter, _ := f.limiters.SetIfAbsent(client, rate.NewLimiter(rate.Every(f.interval), f.burst))
	limiter.AllowN(f.now(), 1)
}

// limited applies the limit to a route: a 4xx response is a rejection, and so is a
// 503 that the client may have caused with an invented key id. Other faults of the
// server are not, nor is a request without a credential, which tries none: the
// pages of unauthenticated users request a refresh too. Requests with an unknown
// address, and those that an unlisted proxy forwards, are not counted, because all
// clients would share one limit.
func (k *Kit) limited(handle handler) handler {
	if k.failures == nil {
		return handle
	}
	return func(ctx context.Context, r web.Request) (web.Response, error) {
		client, ok := k.countedClient(r)
		if !ok {
			return handle(ctx, r)
		}
		if err := k.failures.check(client); err != nil {
			return web.Response{}, err
		}
		response, err := handle(ctx, r)
		if err != nil && isRejection(err) {
			k.failures.count(client)
		}
		return response, err
	}
}

func isRejection(err error) bool {
	if known, ok := errors.AsType[*autherr.Error](err); ok && known.Suspect {
		return true
	}
	return httpapi.StatusOf(err) < http.StatusInternalServerError && autherr.CodeOf(err) != autherr.Unauthenticated
}

// countedClient returns the key under which a client is counted. It returns false if
// the client is not counted. That of a public address always is, so that a client
// cannot avoid the limit with a field that only proxies send.
func (k *Kit) countedClient(r web.Request) (key netip.Addr, ok bool) {
	client, doubt := k.proxies.Client(r)
	if doubt != 0 && doubt != httpapi.PublicProxy {
		return netip.Addr{}, false
	}
	return countedAddress(client), true
}

// countedAddress returns the key under which an address is counted: an IPv4
// address, or an IPv6 /64.
func countedAddress(a netip.Addr) netip.Addr {
	if !a.Is6() {
		return a
	}
	prefix, _ := a.Prefix(64)
	return prefix.Addr()
}
