package jwt

import (
	"cmp"
	"context"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/token"
)

// The limits of a [RemoteKeySet].
const (
	KeyMaxAge   = time.Hour      // default of RemoteOptions.MaxAge
	KeyMaxStale = 24 * time.Hour // default of RemoteOptions.MaxStale

	fetchTimeout = 5 * time.Second  // of one fetch
	maxKeyWait   = 3 * time.Second  // of one caller
	fetchBurst   = 3                // consecutive fetches
	fetchPeriod  = 10 * time.Second // until one more is allowed
	absentFor    = time.Second      // during which an unknown kid starts no fetch
	maxAbsent    = 100              // stored unknown kids
	recheckAfter = 5 * time.Minute  // since the latest fetch, and since the latest recheck
	reportPeriod = time.Minute      // between logged failures
)

// RemoteOptions configure a [RemoteKeySet].
type RemoteOptions struct {
	// Fetch returns the issuer's JWK Set document. Required. It runs in the
	// background, never concurrently with itself, with a context that expires
	// after Timeout, regardless of any request.
	Fetch func(context.Context) ([]byte, error)

	// MaxAge is the age from which keys are used only if they cannot be fetched
	// again. They are fetched in the background from five sixths of it. Zero: an
	// hour.
	MaxAge time.Duration
	// MaxStale is the age from which keys are not used. Zero: 24 hours.
	MaxStale time.Duration

	Timeout time.Duration    // of one fetch; zero: 5 s
	Now     func() time.Time // nil: time.Now
	Log     *slog.Logger     // nil: no log
}

// RemoteKeySet provides the keys that an issuer publishes. It fetches them when
// they are needed and keeps them.
//
// The first use starts the first fetch. Keys older than five sixths of MaxAge are
// fetched again in the background. Keys older than MaxAge are used only if they
// cannot be fetched again, and until they are as old as MaxStale: a caller first
// waits for the fetch, unless the latest one has already failed. A document
// without usable keys counts as a failed fetch. The age counts from the request;
// Cache-Control and Expires of the response are ignored, because they are written
// for caches and would let the issuer's CDN decide how long a withdrawn key counts.
//
// An unknown kid starts a fetch, unless it was missing from a document that is
// less than a second old. If there is none, the keys decide only about tokens
// that were issued before they were fetched; for others the error is
// TemporarilyUnavailable: the kid has not been looked up.
//
// A bad signature, or a known kid with another algorithm, starts a fetch if the
// keys are older than five minutes and no such fetch was attempted for five
// minutes: the issuer may have replaced a key under the same kid, or may use none.
// The error is InvalidToken whatever becomes of the fetch.
//
// Fetches are limited to three in a row and one more every ten seconds, so that
// tokens with invented kids cost the issuer little and delay a real rotation by
// ten seconds at most. There is at most one fetch at a time. A caller waits for it
// at most three seconds; the fetch continues without the caller.
//
// A RemoteKeySet runs no goroutine between fetches, and need not be closed.
//
// Keys that are in both documents stay equal (==), so that a [Cache] keeps what it
// has verified with them.
//
// It logs "keys fetched" (if they have changed, or after a failure), "key not
// used" (once per cause), "keys could not be fetched" (at most once a minute, and
// after each fetch for a bad signature), and "keys not fetched after a bad
// signature". Callers do not wait for the log, and its panics are recovered.
type RemoteKeySet struct {
	fetch    func(context.Context) ([]byte, error)
	fresh    time.Duration // age until which keys need not be fetched
	maxAge   time.Duration
	maxStale time.Duration
	timeout  time.Duration
	now      func() time.Time
	log      *slog.Logger

	held atomic.Pointer[heldKeys] // never nil; changed only under mu

	mu      sync.Mutex
	budget  *rate.Limiter
	running chan struct{}       // closed at the end of the running fetch; nil if there is none
	failure error               // of the latest fetch; nil if it succeeded
	absent  map[string]struct{} // kids that are missing from the held keys
	recheck time.Time           // when a bad signature may start a fetch again

	warned     map[error]struct{} // logged causes
	nextReport time.Time          // when a failure is logged again
}

// heldKeys are the keys of the latest successful fetch, or none if they are too
// old.
type heldKeys struct {
	keyring
	fetchedAt time.Time // when the fetch began
}

func (h *heldKeys) age(now time.Time) time.Duration { return now.Sub(h.fetchedAt) }

// NewRemoteKeySet returns a key set, which fetches nothing before its first use.
// It panics without RemoteOptions.Fetch.
func NewRemoteKeySet(o RemoteOptions) *RemoteKeySet {
	if o.Fetch == nil {
		panic("jwt: RemoteOptions without Fetch")
	}
	r := &RemoteKeySet{
		fetch:    o.Fetch,
		maxAge:   cmp.Or(o.MaxAge, KeyMaxAge),
		maxStale: cmp.Or(o.MaxStale, KeyMaxStale),
		timeout:  cmp.Or(o.Timeout, fetchTimeout),
		now:      o.Now,
		log:      o.Log,
		budget:   rate.NewLimiter(rate.Every(fetchPeriod), fetchBurst),
		warned:   map[error]struct{}{},
	}
	r.fresh = r.maxAge / 6 * 5
	r.held.Store(&heldKeys{})
	if r.now == nil {
		r.now = time.Now
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	return r
}

// Key implements [token.KeySet].
func (r *RemoteKeySet) Key(ctx context.Context, q token.KeyQuery) (token.Key, error) {
	if key, ok := r.findFresh(q); ok {
		return key, nil
	}
	key, fetch, now := r.find(ctx, q)
	if key.Public() != nil && fetch == nil {
		return key, nil
	}
	ctx, cancel := context.WithTimeout(ctx, maxKeyWait)
	defer cancel()
	err := r.await(ctx, fetch)
	if err != nil && key.Public() != nil {
		return key, nil
	}
	return r.conclude(q, now, err)
}

// Check returns nil if there are keys. Otherwise it starts a fetch and waits for
// it until ctx is done. The error is TemporarilyUnavailable.
func (r *RemoteKeySet) Check(ctx context.Context) error {
	fetch, ready := r.startFirst(ctx)
	if ready {
		return nil
	}
	slow := r.await(ctx, fetch)
	r.mu.Lock()
	defer r.mu.Unlock()
	if slow != nil {
		return r.unavailable("keys_slow", slow)
	}
	if len(r.held.Load().keyring) == 0 {
		return r.unavailable("keys_unavailable", r.failure)
	}
	return nil
}

// findFresh returns a key that need not be fetched again. It handles nearly every
// call, without a lock.
func (r *RemoteKeySet) findFresh(q token.KeyQuery) (token.Key, bool) {
	held := r.held.Load()
	if held.age(r.now()) >= r.fresh {
		return token.Key{}, false
	}
	key, ok := held.find(q.ID, q.Algorithm)
	return key, ok && key != q.Rejected
}

// find returns the held key, if any, and the fetch to wait for, if any: one that
// may add or replace the key, or confirm a key that is too old.
func (r *RemoteKeySet) find(ctx context.Context, q token.KeyQuery) (key token.Key, fetch <-chan struct{}, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now = r.now()
	r.dropStale(now)
	key, ok := r.held.Load().find(q.ID, q.Algorithm)
	switch {
	case ok && key != q.Rejected:
		return key, r.renew(ctx, now), now
	case r.decides(q.ID), q.Rejected.Public() != nil:
		return key, r.startRecheck(ctx, now), now
	case r.isAbsent(q, now):
		return token.Key{}, nil, now
	default:
		return token.Key{}, r.start(ctx, now), now
	}
}

// renew starts a fetch if the keys are not fresh, and returns it if the caller
// must wait for it.
func (r *RemoteKeySet) renew(ctx context.Context, now time.Time) (fetch <-chan struct{}) {
	age := r.held.Load().age(now)
	if age < r.fresh {
		return nil
	}
	fetch = r.start(ctx, now)
	if age < r.maxAge || r.failure != nil {
		return nil
	}
	return fetch
}

// startFirst starts a fetch unless there are keys.
func (r *RemoteKeySet) startFirst(ctx context.Context) (fetch <-chan struct{}, ready bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	r.dropStale(now)
	if len(r.held.Load().keyring) > 0 {
		return nil, true
	}
	return r.start(ctx, now), false
}

// dropStale drops keys that are too old to be used.
func (r *RemoteKeySet) dropStale(now time.Time) {
	if held := r.held.Load(); held.age(now) >= r.maxStale && len(held.keyring) > 0 {
		r.held.Store(&heldKeys{fetchedAt: held.fetchedAt})
	}
}

// decides reports whether the held keys select a key, or would for another
// algorithm: they have kid, or the token has none. Only a replaced key can then
// be a reason to fetch.
func (r *RemoteKeySet) decides(kid string) bool {
	held := r.held.Load()
	return len(held.keyring) > 0 && (kid == "" || held.has(kid))
}

// isAbsent reports whether the kid is missing from a document that has just been
// fetched.
func (r *RemoteKeySet) isAbsent(q token.KeyQuery, now time.Time) bool {
	_, absent := r.absent[q.ID]
	return absent && r.failure == nil && r.held.Load().age(now) < absentFor && r.isNewer(q.IssuedAt, now)
}

// isNewer reports whether the held keys were fetched after a token was issued
// that arrived at that time. An iat in the future counts as the time of arrival.
func (r *RemoteKeySet) isNewer(issued, arrival time.Time) bool {
	if issued.After(arrival) {
		issued = arrival
	}
	return !r.held.Load().fetchedAt.Before(issued)
}

// conclude returns the key after the latest fetch, or why there is none. slow is
// the error of a caller that has stopped waiting.
func (r *RemoteKeySet) conclude(q token.KeyQuery, arrival time.Time, slow error) (token.Key, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	held := r.held.Load()
	if key, ok := held.find(q.ID, q.Algorithm); ok {
		return key, nil
	}
	switch {
	case r.decides(q.ID):
		return token.Key{}, invalid("unknown_key")
	case slow != nil:
		return token.Key{}, r.unavailable("keys_slow", slow)
	case len(held.keyring) == 0 || r.failure != nil:
		return token.Key{}, r.unavailable("keys_unavailable", r.failure)
	case !r.isNewer(q.IssuedAt, arrival):
		return token.Key{}, r.unavailable("unknown_key_not_fetched", nil)
	}
	if len(r.absent) < maxAbsent {
		r.absent[q.ID] = struct{}{}
	}
	return token.Key{}, invalid("unknown_key")
}

// unavailable returns the error of a key that cannot be fetched, with the time
// until the next fetch is allowed. Where there are other keys, the kid may as
// well be invented, so that the attempt counts.
func (r *RemoteKeySet) unavailable(reason string, cause error) error {
	err := autherr.Wrap(autherr.TemporarilyUnavailable, reason, cause)
	wait := (1 - r.budget.TokensAt(r.now())) * fetchPeriod.Seconds()
	err.RetryAfter = time.Duration(max(1, math.Ceil(wait))) * time.Second
	err.Suspect = len(r.held.Load().keyring) > 0
	return err
}
