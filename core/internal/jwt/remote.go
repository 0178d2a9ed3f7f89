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
	keyFresh     = 50 * time.Minute // older keys are fetched again in the background
	keyMaxAge    = time.Hour        // older keys are used only if fetching fails
	keyMaxStale  = 24 * time.Hour   // older keys are not used
	fetchTimeout = 5 * time.Second  // of one fetch
	maxKeyWait   = 3 * time.Second  // of one caller
	fetchBurst   = 3                // consecutive fetches
	fetchPeriod  = 10 * time.Second // until one more is allowed
	absentFor    = time.Second      // during which an unknown kid starts no fetch
	maxAbsent    = 100              // stored unknown kids
	reportPeriod = time.Minute      // between logged failures
)

// RemoteOptions configure a [RemoteKeySet].
type RemoteOptions struct {
	// Fetch returns the issuer's JWK Set document. Required. It runs in the
	// background, never concurrently with itself, with a context that expires
	// after Timeout, regardless of any request.
	Fetch func(context.Context) ([]byte, error)

	Timeout time.Duration    // of one fetch; zero: 5 s
	Now     func() time.Time // nil: time.Now
	Log     *slog.Logger     // nil: no log
}

// RemoteKeySet provides the keys that an issuer publishes. It fetches them when
// they are needed and keeps them.
//
// The first use starts the first fetch. Keys older than 50 minutes are fetched
// again in the background. Keys older than an hour are used only if they cannot
// be fetched again, and until they are 24 hours old: a caller first waits for the
// fetch, unless the latest one has already failed. A document without usable keys
// counts as a failed fetch. An unknown kid starts a fetch too, unless it was
// missing from a document that is less than a second old. An invalid signature
// never starts one.
//
// Fetches are limited to three in a row and one more every ten seconds, so that
// tokens with invented kids cost the issuer little and delay a real rotation by
// ten seconds at most. There is at most one fetch at a time. A caller waits for it
// at most three seconds; the fetch continues without the caller.
//
// A RemoteKeySet runs no goroutine between fetches, and need not be closed.
//
// It logs "keys fetched", "key not used" (once per cause), and "keys could not be
// fetched" (at most once a minute). Callers do not wait for the log, and its
// panics are recovered.
type RemoteKeySet struct {
	fetch   func(context.Context) ([]byte, error)
	timeout time.Duration
	now     func() time.Time
	log     *slog.Logger

	held atomic.Pointer[heldKeys] // never nil; changed only under mu

	mu      sync.Mutex
	budget  *rate.Limiter
	running chan struct{}       // closed at the end of the running fetch; nil if there is none
	failure error               // of the latest fetch; nil if it succeeded
	absent  map[string]struct{} // kids that are missing from the held keys

	warned     map[error]struct{} // logged causes
	nextReport time.Time          // when a failure is logged again
}

// heldKeys are the keys of the latest successful fetch, or none if they are too
// old.
type heldKeys struct {
	keyring
	fetchedAt time.Time
}

func (h *heldKeys) age(now time.Time) time.Duration { return now.Sub(h.fetchedAt) }

// NewRemoteKeySet returns a key set, which fetches nothing before its first use.
// It panics without RemoteOptions.Fetch.
func NewRemoteKeySet(o RemoteOptions) *RemoteKeySet {
	if o.Fetch == nil {
		panic("jwt: RemoteOptions without Fetch")
	}
	r := &RemoteKeySet{
		fetch:   o.Fetch,
		timeout: cmp.Or(o.Timeout, fetchTimeout),
		now:     o.Now,
		log:     o.Log,
		budget:  rate.NewLimiter(rate.Every(fetchPeriod), fetchBurst),
		warned:  map[error]struct{}{},
	}
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
func (r *RemoteKeySet) Key(ctx context.Context, kid, alg string) (token.Key, error) {
	if key, ok := r.findFresh(kid, alg); ok {
		return key, nil
	}
	key, fetch := r.find(ctx, kid, alg)
	if key.Public() != nil && fetch == nil {
		return key, nil
	}
	ctx, cancel := context.WithTimeout(ctx, maxKeyWait)
	defer cancel()
	switch err := r.await(ctx, fetch); {
	case err == nil:
		return r.conclude(kid, alg)
	case key.Public() != nil:
		return key, nil
	default:
		return token.Key{}, err
	}
}

// Check returns nil if there are keys. Otherwise it starts a fetch and waits for
// it until ctx is done. The error is TemporarilyUnavailable.
func (r *RemoteKeySet) Check(ctx context.Context) error {
	fetch, ready := r.startFirst(ctx)
	if ready {
		return nil
	}
	if err := r.await(ctx, fetch); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.held.Load().keyring) == 0 {
		return r.unavailable("keys_unavailable", r.failure)
	}
	return nil
}

// findFresh returns a key that need not be fetched again. It handles nearly every
// call, without a lock.
func (r *RemoteKeySet) findFresh(kid, alg string) (token.Key, bool) {
	held := r.held.Load()
	if held.age(r.now()) >= keyFresh {
		return token.Key{}, false
	}
	return held.find(kid, alg)
}

// find returns the held key, if any, and the fetch to wait for, if any: one that
// may add the key, or confirm a key that is too old.
func (r *RemoteKeySet) find(ctx context.Context, kid, alg string) (token.Key, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	r.dropStale(now)
	if key, ok := r.held.Load().find(kid, alg); ok {
		return key, r.renew(ctx, now)
	}
	if r.decides(kid) || r.isAbsent(kid, now) {
		return token.Key{}, nil
	}
	return token.Key{}, r.start(ctx, now)
}

// renew starts a fetch if the keys are not fresh, and returns it if the caller
// must wait for it.
func (r *RemoteKeySet) renew(ctx context.Context, now time.Time) (fetch <-chan struct{}) {
	age := r.held.Load().age(now)
	if age < keyFresh {
		return nil
	}
	fetch = r.start(ctx, now)
	if age < keyMaxAge || r.failure != nil {
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
	if held := r.held.Load(); held.age(now) >= keyMaxStale && len(held.keyring) > 0 {
		r.held.Store(&heldKeys{fetchedAt: held.fetchedAt})
	}
}

// decides reports whether a fetch would not help to find kid, because the held
// keys have it, possibly for another algorithm, or because the token has none.
func (r *RemoteKeySet) decides(kid string) bool {
	held := r.held.Load()
	return len(held.keyring) > 0 && (kid == "" || held.has(kid))
}

// isAbsent reports whether kid is missing from a document that has just been
// fetched.
func (r *RemoteKeySet) isAbsent(kid string, now time.Time) bool {
	_, absent := r.absent[kid]
	return absent && r.failure == nil && r.held.Load().age(now) < absentFor
}

// conclude returns the key after the latest fetch, or why there is none.
func (r *RemoteKeySet) conclude(kid, alg string) (token.Key, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	held := r.held.Load()
	if key, ok := held.find(kid, alg); ok {
		return key, nil
	}
	if len(held.keyring) == 0 || r.failure != nil && !r.decides(kid) {
		return token.Key{}, r.unavailable("keys_unavailable", r.failure)
	}
	if len(r.absent) < maxAbsent {
		r.absent[kid] = struct{}{}
	}
	return token.Key{}, invalid("unknown_key")
}

// unavailable returns the error of a key that cannot be fetched, with the time
// until the next fetch is allowed.
func (r *RemoteKeySet) unavailable(reason string, cause error) error {
	err := autherr.Wrap(autherr.TemporarilyUnavailable, reason, cause)
	wait := (1 - r.budget.TokensAt(r.now())) * fetchPeriod.Seconds()
	err.RetryAfter = time.Duration(max(1, math.Ceil(wait))) * time.Second
	return err
}
