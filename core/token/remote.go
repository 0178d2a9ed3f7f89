package token

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/cotterpin/cotterpin/core/autherr"
)

// What a [RemoteKeySet] does over time.
const (
	keyFresh     = 50 * time.Minute // older keys are fetched anew beside their use
	keyMaxAge    = time.Hour        // older keys are used only if the issuer fails
	keyMaxStale  = 24 * time.Hour   // older keys are not used
	fetchTimeout = 5 * time.Second  // of one fetch
	maxKeyWait   = 3 * time.Second  // of one caller
	fetchBurst   = 3                // fetches that may follow each other at once
	fetchPeriod  = 10 * time.Second // in which one more is allowed
	absentFor    = time.Second      // an id that was not there is not looked for again
	maxAbsent    = 100              // such ids that are remembered
	reportPeriod = time.Minute      // between failures that are logged
)

// RemoteOptions are what a [RemoteKeySet] needs.
type RemoteOptions struct {
	// Fetch returns the issuer's JWK Set document. Required. It may be slow:
	// it is called beside the requests, never twice at the same time, with a
	// context that ends after Timeout and not with any request.
	Fetch func(context.Context) ([]byte, error)

	Timeout time.Duration    // of one fetch; zero: 5 s
	Now     func() time.Time // nil: time.Now
	Log     *slog.Logger     // nil: no log
}

// RemoteKeySet is the keys that an issuer publishes, fetched when they are
// needed and kept.
//
// The first question starts the first fetch. Keys older than 50 minutes are
// fetched anew while they go on being used. Keys older than an hour are used
// only if the issuer fails to answer with new ones, until they are 24 hours old:
// a caller waits for the answer first, unless the latest fetch has failed
// already. A document without usable keys is a failure. A kid
// that the keys do not have starts a fetch, too, but for a kid that was missing
// from a document fetched a second ago; a bad signature never does.
//
// All fetches together are limited: three may follow each other at once, and
// one more is allowed every ten seconds, so tokens with invented kids cost the
// issuer next to nothing and delay a real rotation by ten seconds at most.
// There is never more than one fetch under way. A caller waits for it at most
// three seconds; the fetch goes on without.
//
// A RemoteKeySet works only while it is asked, so there is nothing to close.
//
// It logs "keys fetched", "key not used" (once for each cause), and "keys could
// not be fetched" (at most once a minute). Nobody waits for the log, and its
// panics are recovered.
type RemoteKeySet struct {
	fetch   func(context.Context) ([]byte, error)
	timeout time.Duration
	now     func() time.Time
	log     *slog.Logger

	held atomic.Pointer[heldKeys] // never nil; changed only under mu

	mu      sync.Mutex
	budget  *rate.Limiter
	running chan struct{}       // closed when the fetch under way has ended; nil if there is none
	failure error               // of the latest fetch; nil if it was good
	absent  map[string]struct{} // ids that were missing from the held keys

	warned     map[error]struct{} // causes that were logged
	nextReport time.Time          // when a failure is logged again
}

// heldKeys are the keys of the last good fetch, none once they are too old.
type heldKeys struct {
	keyring
	fetchedAt time.Time
}

func (h *heldKeys) age(now time.Time) time.Duration { return now.Sub(h.fetchedAt) }

// NewRemoteKeySet returns a key set that has fetched nothing yet. It panics
// without RemoteOptions.Fetch.
func NewRemoteKeySet(o RemoteOptions) *RemoteKeySet {
	if o.Fetch == nil {
		panic("token: a remote key set needs Fetch")
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

// Key returns the key with that id that fits alg; see [KeySet].
func (r *RemoteKeySet) Key(ctx context.Context, kid, alg string) (Key, error) {
	if key, ok := r.fresh(kid, alg); ok {
		return key, nil
	}
	key, fetch := r.look(ctx, kid, alg)
	if key.public != nil && fetch == nil {
		return key, nil
	}
	ctx, cancel := context.WithTimeout(ctx, maxKeyWait)
	defer cancel()
	switch err := r.await(ctx, fetch); {
	case err == nil:
		return r.conclude(kid, alg)
	case key.public != nil:
		return key, nil
	default:
		return Key{}, err
	}
}

// Check returns nil once there are keys. If there are none it starts a fetch
// and waits for it as long as ctx allows; the error is TemporarilyUnavailable.
func (r *RemoteKeySet) Check(ctx context.Context) error {
	fetch, ready := r.warm(ctx)
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

// fresh returns the key if it is among keys that need not be fetched anew. It
// is what nearly every question is answered with, and waits for no lock.
func (r *RemoteKeySet) fresh(kid, alg string) (Key, bool) {
	held := r.held.Load()
	if held.age(r.now()) >= keyFresh {
		return Key{}, false
	}
	return held.find(kid, alg)
}

// look returns the key if it is there, and the fetch to wait for, nil if there
// is none: the one that may bring the key, or confirm one that is too old.
func (r *RemoteKeySet) look(ctx context.Context, kid, alg string) (Key, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	r.forgetStale(now)
	if key, ok := r.held.Load().find(kid, alg); ok {
		return key, r.renew(ctx, now)
	}
	if r.answers(kid) || r.missing(kid, now) {
		return Key{}, nil
	}
	return Key{}, r.start(ctx, now)
}

// renew starts a fetch of keys that are not fresh, and returns it if it is to
// be waited for.
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

func (r *RemoteKeySet) warm(ctx context.Context) (fetch <-chan struct{}, ready bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	r.forgetStale(now)
	if len(r.held.Load().keyring) > 0 {
		return nil, true
	}
	return r.start(ctx, now), false
}

func (r *RemoteKeySet) forgetStale(now time.Time) {
	if held := r.held.Load(); held.age(now) >= keyMaxStale && len(held.keyring) > 0 {
		r.held.Store(&heldKeys{fetchedAt: held.fetchedAt})
	}
}

// answers reports whether the keys at hand decide about that id, so that a
// fetch could change nothing: it is there, if not for the algorithm asked for,
// or the token names none.
func (r *RemoteKeySet) answers(kid string) bool {
	held := r.held.Load()
	return len(held.keyring) > 0 && (kid == "" || held.has(kid))
}

// missing reports whether that id was just looked for and is not there.
func (r *RemoteKeySet) missing(kid string, now time.Time) bool {
	_, absent := r.absent[kid]
	return absent && r.failure == nil && r.held.Load().age(now) < absentFor
}

// conclude says what the latest fetch means for that id.
func (r *RemoteKeySet) conclude(kid, alg string) (Key, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	held := r.held.Load()
	if key, ok := held.find(kid, alg); ok {
		return key, nil
	}
	if len(held.keyring) == 0 || r.failure != nil && !r.answers(kid) {
		return Key{}, r.unavailable("keys_unavailable", r.failure)
	}
	if len(r.absent) < maxAbsent {
		r.absent[kid] = struct{}{}
	}
	return Key{}, invalid("unknown_key")
}

// start returns the fetch under way, and starts one if there is none and the
// budget allows it. It ends by itself, whatever becomes of the caller.
func (r *RemoteKeySet) start(ctx context.Context, now time.Time) <-chan struct{} {
	if r.running == nil && r.budget.AllowN(now, 1) {
		r.running = make(chan struct{})
		go r.refresh(context.WithoutCancel(ctx))
	}
	return r.running
}

// await waits for a fetch. nil is over already.
func (r *RemoteKeySet) await(ctx context.Context, fetch <-chan struct{}) error {
	if fetch == nil {
		return nil
	}
	select {
	case <-fetch:
		return nil
	case <-ctx.Done():
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.unavailable("keys_slow", ctx.Err())
	}
}

// refresh is the fetch under way, and the log of it. Nobody above would recover
// a panic.
func (r *RemoteKeySet) refresh(ctx context.Context) {
	defer func() { _ = recover() }() // of the log, which alone is left to panic
	set, err := r.fetchKeys(ctx)
	for _, e := range r.publish(set, err) {
		r.log.LogAttrs(ctx, e.level, e.message, e.detail)
	}
}

// fetchKeys turns a panic into a failure.
func (r *RemoteKeySet) fetchKeys(ctx context.Context) (set jwks, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("token: panic while fetching keys: %v", p)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	document, err := r.fetch(ctx)
	if err != nil {
		return jwks{}, err
	}
	return parseJWKS(document)
}

// publish ends the fetch under way with its result, and returns what to log.
func (r *RemoteKeySet) publish(set jwks, err error) []event {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.running)
	r.running, r.failure = nil, err
	now := r.now()
	if err != nil {
		return r.failed(now, err)
	}
	r.held.Store(&heldKeys{set.keys, now})
	r.absent = map[string]struct{}{}
	return r.fetched(set)
}

// event is a line of the log.
type event struct {
	level   slog.Level
	message string
	detail  slog.Attr
}

// failed returns what to log of a failure.
func (r *RemoteKeySet) failed(now time.Time, err error) []event {
	if now.Before(r.nextReport) {
		return nil
	}
	r.nextReport = now.Add(reportPeriod)
	return []event{{slog.LevelWarn, "keys could not be fetched", slog.Any("error", err)}}
}

// fetched returns what to log of a good document.
func (r *RemoteKeySet) fetched(set jwks) []event {
	events := []event{{slog.LevelInfo, "keys fetched", slog.Int("count", len(set.keys))}}
	for _, cause := range set.skipped {
		if _, known := r.warned[cause]; !known {
			r.warned[cause] = struct{}{}
			events = append(events, event{slog.LevelWarn, "key not used", slog.Any("cause", cause)})
		}
	}
	return events
}

// unavailable is the error of a question that could not be answered.
func (r *RemoteKeySet) unavailable(reason string, cause error) error {
	err := autherr.Wrap(autherr.TemporarilyUnavailable, reason, cause)
	wait := (1 - r.budget.TokensAt(r.now())) * fetchPeriod.Seconds()
	err.RetryAfter = time.Duration(max(1, math.Ceil(wait))) * time.Second
	return err
}
