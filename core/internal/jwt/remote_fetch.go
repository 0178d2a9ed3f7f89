package jwt

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// start returns the running fetch. It starts one if there is none and the budget
// allows it. The fetch does not depend on the caller.
//
// singleflight does not fit: it does not report whether a flight is running, and
// a caller that joins one must not spend the budget.
func (r *RemoteKeySet) start(ctx context.Context, now time.Time) <-chan struct{} {
	if r.running == nil && r.budget.AllowN(now, 1) {
		r.running = make(chan struct{})
		go r.refresh(context.WithoutCancel(ctx), now)
	}
	return r.running
}

// startRecheck is start for a bad signature: it also starts nothing while the
// keys are young, or for a while after the last attempt, so that forged tokens
// cost the issuer nothing. A fetch that is not allowed, or fails, is logged.
func (r *RemoteKeySet) startRecheck(ctx context.Context, now time.Time) <-chan struct{} {
	age := r.held.Load().age(now)
	if age < recheckAfter {
		return nil
	}
	if r.running != nil || age >= r.fresh || now.Before(r.recheck) {
		return r.running // keys that are not fresh are fetched again anyway
	}
	r.recheck = now.Add(recheckAfter)
	r.nextReport = time.Time{}
	fetch := r.start(ctx, now)
	if fetch == nil {
		go r.report(context.WithoutCancel(ctx), []event{{slog.LevelWarn, "keys not fetched after a bad signature", slog.String("cause", "too many fetches")}})
	}
	return fetch
}

// await waits for a fetch, if it is not nil. The error is that of ctx.
func (r *RemoteKeySet) await(ctx context.Context, fetch <-chan struct{}) error {
	if fetch == nil {
		return nil
	}
	select {
	case <-fetch:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// refresh runs a fetch and logs the result.
func (r *RemoteKeySet) refresh(ctx context.Context, began time.Time) {
	set, err := r.fetchKeys(ctx)
	r.report(ctx, r.publish(set, began, err))
}

// report logs in a goroutine, where a panic would end the process.
func (r *RemoteKeySet) report(ctx context.Context, events []event) {
	defer func() { _ = recover() }() // from the log handler
	for _, e := range events {
		r.log.LogAttrs(ctx, e.level, e.message, e.detail)
	}
}

// fetchKeys fetches and parses the document. It converts a panic into an error.
func (r *RemoteKeySet) fetchKeys(ctx context.Context) (set jwks, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("jwt: panic while fetching keys: %v", p)
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

// publish ends the running fetch with its result, and returns the lines to log.
func (r *RemoteKeySet) publish(set jwks, began time.Time, err error) []event {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.running)
	recovered := r.failure != nil
	r.running, r.failure = nil, err
	if err != nil {
		return r.failureEvents(r.now(), err)
	}
	old := r.held.Load().keyring
	set.keys = set.keys.keep(old)
	r.held.Store(&heldKeys{set.keys, began})
	r.absent = map[string]struct{}{}
	return r.successEvents(set, recovered || !slices.Equal(set.keys, old))
}

// event is a log line.
type event struct {
	level   slog.Level
	message string
	detail  slog.Attr
}

// failureEvents returns the lines to log after a failed fetch.
func (r *RemoteKeySet) failureEvents(now time.Time, err error) []event {
	if now.Before(r.nextReport) {
		return nil
	}
	r.nextReport = now.Add(reportPeriod)
	return []event{{slog.LevelWarn, "keys could not be fetched", slog.Any("error", err)}}
}

// successEvents returns the lines to log after a successful fetch.
func (r *RemoteKeySet) successEvents(set jwks, isNews bool) []event {
	var events []event
	if isNews {
		events = append(events, event{slog.LevelInfo, "keys fetched", slog.Int("count", len(set.keys))})
	}
	for _, cause := range set.skipped {
		if _, logged := r.warned[cause]; !logged {
			r.warned[cause] = struct{}{}
			events = append(events, event{slog.LevelWarn, "key not used", slog.Any("cause", cause)})
		}
	}
	return events
}
