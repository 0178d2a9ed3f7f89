package jwt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/jwt"
	"github.com/cotterpin/cotterpin/core/token"
)

// upstream is the server of a remote key set. Its time is that of a synctest
// bubble.
type upstream struct {
	mu       sync.Mutex
	document []byte
	err      error
	delay    time.Duration
	requests int
}

func (u *upstream) fetch(ctx context.Context) ([]byte, error) {
	u.mu.Lock()
	u.requests++
	document, err, delay := u.document, u.err, u.delay
	u.mu.Unlock()
	select {
	case <-time.After(delay):
		return document, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// serve sets the published keys.
func (u *upstream) serve(tb testing.TB, issuers ...issuer) {
	tb.Helper()
	var entries []any
	for _, i := range issuers {
		entries = append(entries, i.jwk(nil))
	}
	u.set(document(tb, entries...), nil)
}

func (u *upstream) fail() { u.set(nil, errors.New("connection rejected")) }

func (u *upstream) set(document []byte, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.document, u.err = document, err
}

func (u *upstream) slow(delay time.Duration) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.delay = delay
}

func (u *upstream) count() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.requests
}

// expect requires the number of requests.
func (u *upstream) expect(t *testing.T, requests int) {
	t.Helper()
	synctest.Wait()
	if got := u.count(); got != requests {
		t.Errorf("%d requests, want %d", got, requests)
	}
}

// lookup requires that Key returns an error with the code, or a key if code is "".
func lookup(t *testing.T, keys token.KeySet, kid string, code autherr.Code) {
	t.Helper()
	key, err := keys.Key(t.Context(), token.KeyQuery{ID: kid, Algorithm: "ES256"})
	switch {
	case code == "" && (err != nil || key.ID != kid):
		t.Errorf("key %q: %+v, %v", kid, key, err)
	case code != "" && (err == nil || autherr.CodeOf(err) != code):
		t.Errorf("key %q: %v, want %s", kid, err, code)
	}
}

func TestRemoteKeySet_FirstUseFetches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		up := new(upstream)
		up.serve(t, newIssuer(t, "k1"), newIssuer(t, "k2"))
		keys := jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: up.fetch})
		up.expect(t, 0)
		lookup(t, keys, "k1", "")
		lookup(t, keys, "k2", "")
		up.expect(t, 1)
	})
}

func TestRemoteKeySet_ColdStartFetchesOnce(t *testing.T) { // F-K16, J50
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := newIssuer(t, "k1")
		up := &upstream{delay: time.Second}
		up.serve(t, i)
		keys := jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: up.fetch})
		policy := strictPolicy(keys)
		v := newVerifier(t, policy)
		var wg sync.WaitGroup
		for n := range 1000 {
			subject := fmt.Sprintf("user-%d", n)
			raw := i.sign(t, validHeader, change(t, validClaims, "user-1", subject))
			wg.Go(func() {
				if claims, err := v.Verify(t.Context(), raw); err != nil || claims.Subject != subject {
					t.Errorf("%s: %q, %v", subject, claims.Subject, err)
				}
			})
		}
		wg.Wait()
		up.expect(t, 1)
	})
}

func TestRemoteKeySet_RecoversFromOutage(t *testing.T) { // F-K01
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		up := new(upstream)
		up.fail()
		keys := jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: up.fetch})
		for range 10 {
			lookup(t, keys, "k1", autherr.TemporarilyUnavailable)
		}
		up.expect(t, 3)

		_, err := keys.Key(t.Context(), token.KeyQuery{ID: "k1", Algorithm: "ES256"})
		known, ok := errors.AsType[*autherr.Error](err)
		if !ok || known.RetryAfter != 10*time.Second || known.Reason != "keys_unavailable" {
			t.Fatalf("the error is %#v", err)
		}
		up.serve(t, newIssuer(t, "k1"))
		time.Sleep(known.RetryAfter)
		lookup(t, keys, "k1", "")
		up.expect(t, 4)
	})
}

func TestRemoteKeySet_UnknownKidFetches(t *testing.T) { // F-K11, K15
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		old, next := newIssuer(t, "k1"), newIssuer(t, "k2")
		up := new(upstream)
		up.serve(t, old)
		keys := jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: up.fetch})
		lookup(t, keys, "k1", "")
		lookup(t, keys, "garbage", autherr.InvalidToken)
		up.expect(t, 2)

		up.serve(t, next)
		lookup(t, keys, "k2", "")
		up.expect(t, 3)
		lookup(t, keys, "k1", autherr.InvalidToken) // it is no longer published
	})
}

func TestRemoteKeySet_RepeatedUnknownKid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		up := new(upstream)
		up.serve(t, newIssuer(t, "k1"))
		keys := jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: up.fetch})
		lookup(t, keys, "k1", "")
		for range 100 {
			lookup(t, keys, "k2", autherr.InvalidToken)
		}
		up.expect(t, 2)
		time.Sleep(time.Second)
		up.serve(t, newIssuer(t, "k2"))
		lookup(t, keys, "k2", "")
		up.expect(t, 3)
	})
}

func TestRemoteKeySet_UnknownKidFlood(t *testing.T) { // K01, F-K21
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		up := new(upstream)
		up.serve(t, newIssuer(t, "k1"))
		keys := jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: up.fetch})
		lookup(t, keys, "k1", "")
		for n := range 1000 {
			lookup(t, keys, fmt.Sprintf("garbage-%d", n), autherr.InvalidToken)
			time.Sleep(9 * time.Millisecond)
			lookup(t, keys, "k1", "")
		}
		if requests := up.count(); requests > 4 {
			t.Errorf("%d requests in 9 s", requests)
		}

		up.serve(t, newIssuer(t, "k2"))
		time.Sleep(10 * time.Second)
		lookup(t, keys, "k2", "")
	})
}

func TestRemoteKeySet_BadSignaturesNeverFetch(t *testing.T) { // K02
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := newIssuer(t, "k1")
		up := new(upstream)
		up.serve(t, i)
		v := newVerifier(t, strictPolicy(jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: up.fetch})))
		accept(t, v, i.sign(t, validHeader, validClaims))
		forged := newIssuer(t, "k1").sign(t, validHeader, validClaims)
		for range 100 {
			reject(t, v, forged, "bad_signature")
		}
		up.expect(t, 1)
	})
}

func TestRemoteKeySet_OtherAlgorithmNeverFetches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		up := new(upstream)
		up.serve(t, newIssuer(t, "k1"), newIssuer(t, "k2"))
		keys := jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: up.fetch})
		lookup(t, keys, "k1", "")
		for _, c := range []struct{ kid, alg string }{{"k1", "RS256"}, {"", "RS256"}, {"", "ES256"}} {
			if _, err := keys.Key(t.Context(), token.KeyQuery{ID: c.kid, Algorithm: c.alg}); autherr.CodeOf(err) != autherr.InvalidToken {
				t.Errorf("%+v: %v", c, err)
			}
		}
		up.expect(t, 1)
	})
}

func TestRemoteKeySet_UnknownKidDuringOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		up := new(upstream)
		up.serve(t, newIssuer(t, "k1"))
		keys := jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: up.fetch})
		lookup(t, keys, "k1", "")
		up.fail()
		for range 5 {
			lookup(t, keys, "k2", autherr.TemporarilyUnavailable)
			lookup(t, keys, "k1", "")
		}
		up.expect(t, 3)
		up.serve(t, newIssuer(t, "k1"))
		time.Sleep(10 * time.Second)
		lookup(t, keys, "k2", autherr.InvalidToken)
	})
}

func TestRemoteKeySet_OtherAlgorithmDuringOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		up := new(upstream)
		up.serve(t, newIssuer(t, "k1"))
		keys := jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: up.fetch})
		lookup(t, keys, "k1", "")
		up.fail()
		lookup(t, keys, "k2", autherr.TemporarilyUnavailable)
		if _, err := keys.Key(t.Context(), token.KeyQuery{ID: "k1", Algorithm: "RS256"}); autherr.CodeOf(err) != autherr.InvalidToken {
			t.Errorf("a known key with another algorithm: %v", err)
		}
		up.expect(t, 2)
	})
}

func TestRemoteKeySet_RetriesAfterFailedFetch(t *testing.T) { // A21
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		up := new(upstream)
		up.serve(t, newIssuer(t, "k1"))
		keys := jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: up.fetch})
		lookup(t, keys, "k2", autherr.InvalidToken)
		up.fail()
		lookup(t, keys, "k3", autherr.TemporarilyUnavailable)
		up.serve(t, newIssuer(t, "k2"))
		lookup(t, keys, "k2", "") // the document from before the failure no longer counts
		up.expect(t, 3)
	})
}

func TestRemoteKeySet_RefreshesInBackground(t *testing.T) { // K10, F-K03
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		up := new(upstream)
		up.serve(t, newIssuer(t, "k1"))
		keys := jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: up.fetch})
		lookup(t, keys, "k1", "")
		up.serve(t, newIssuer(t, "k2"))
		up.slow(4 * time.Second)

		time.Sleep(50*time.Minute - 1)
		lookup(t, keys, "k1", "")
		up.expect(t, 1)
		time.Sleep(1)
		start := time.Now()
		lookup(t, keys, "k1", "")
		if waited := time.Since(start); waited != 0 {
			t.Errorf("a lookup of a stored key took %v", waited)
		}
		up.expect(t, 2)
		time.Sleep(4 * time.Second)
		synctest.Wait()
		lookup(t, keys, "k2", "")
		up.slow(0)
		lookup(t, keys, "k1", autherr.InvalidToken)
	})
}

func TestRemoteKeySet_RemovedKeyAfterAnHour(t *testing.T) { // K10, J41
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		up := new(upstream)
		up.serve(t, newIssuer(t, "k1"))
		keys := jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: up.fetch})
		lookup(t, keys, "k1", "")
		up.serve(t, newIssuer(t, "k2"))
		time.Sleep(time.Hour)
		lookup(t, keys, "k1", autherr.InvalidToken)
		lookup(t, keys, "k2", "")
	})
}

func TestRemoteKeySet_SlowRefreshWaitsOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		up := new(upstream)
		up.serve(t, newIssuer(t, "k1"))
		keys := jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: up.fetch})
		lookup(t, keys, "k1", "")
		up.slow(time.Minute)
		time.Sleep(time.Hour)
		for _, want := range []time.Duration{3 * time.Second, 0} {
			start := time.Now()
			lookup(t, keys, "k1", "")
			if waited := time.Since(start); waited != want {
				t.Errorf("waited for %v, want %v", waited, want)
			}
			time.Sleep(10 * time.Second)
		}
	})
}

func TestRemoteKeySet_StaleKeysForADay(t *testing.T) { // F-K02, F-K08, F-K09
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		up := new(upstream)
		up.serve(t, newIssuer(t, "k1"))
		keys := jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: up.fetch})
		lookup(t, keys, "k1", "")
		broken := [][]byte{nil, []byte("<html>"), []byte(`{"keys":[]}`), []byte(`{"keys":[{"kty":"oct","k":"AAAA"}]}`)}
		for hour := range 23 {
			time.Sleep(time.Hour)
			up.set(broken[hour%len(broken)], nil)
			lookup(t, keys, "k1", "")
			synctest.Wait()
		}
		time.Sleep(time.Hour - 1)
		lookup(t, keys, "k1", "")
		synctest.Wait()
		time.Sleep(1)
		lookup(t, keys, "k1", autherr.TemporarilyUnavailable)
		up.serve(t, newIssuer(t, "k1"))
		lookup(t, keys, "k1", "")
	})
}

func TestRemoteKeySet_CallerWaitLimit(t *testing.T) { // F-K03
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		up := &upstream{delay: 4 * time.Second}
		up.serve(t, newIssuer(t, "k1"))
		keys := jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: up.fetch})
		start := time.Now()
		lookup(t, keys, "k1", autherr.TemporarilyUnavailable)
		if waited := time.Since(start); waited != 3*time.Second {
			t.Errorf("the caller waited %v", waited)
		}
		lookup(t, keys, "k1", "") // the same fetch, a second later
		if waited := time.Since(start); waited != 4*time.Second {
			t.Errorf("the keys arrived after %v", waited)
		}
		up.expect(t, 1)
	})
}

func TestRemoteKeySet_FetchTimeout(t *testing.T) { // F-K04
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		up := &upstream{delay: time.Hour}
		up.serve(t, newIssuer(t, "k1"))
		keys := jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: up.fetch})
		start := time.Now()
		if err := keys.Check(t.Context()); autherr.CodeOf(err) != autherr.TemporarilyUnavailable || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Check: %v", err)
		}
		if waited := time.Since(start); waited != 5*time.Second {
			t.Errorf("the fetch took %v", waited)
		}
	})
}

func TestRemoteKeySet_CanceledCaller(t *testing.T) { // F-K17
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		up := &upstream{delay: 2 * time.Second}
		up.serve(t, newIssuer(t, "k1"))
		keys := jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: up.fetch})
		first, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := keys.Key(first, token.KeyQuery{ID: "k1", Algorithm: "ES256"})
			if autherr.CodeOf(err) != autherr.TemporarilyUnavailable || !errors.Is(err, context.Canceled) {
				t.Errorf("the canceled caller got %v", err)
			}
		})
		synctest.Wait()
		wg.Go(func() { lookup(t, keys, "k1", "") })
		synctest.Wait()
		cancel()
		wg.Wait()
		up.expect(t, 1)
	})
}

func TestRemoteKeySet_Check(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		up := &upstream{delay: 4 * time.Second}
		up.fail()
		keys := jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: up.fetch})
		if err := keys.Check(t.Context()); autherr.CodeOf(err) != autherr.TemporarilyUnavailable {
			t.Errorf("Check without keys: %v", err)
		}
		up.serve(t, newIssuer(t, "k1"))
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := keys.Check(short); autherr.ReasonOf(err) != "keys_slow" {
			t.Errorf("Check with a deadline of a second: %v", err)
		}
		for range 10 {
			if err := keys.Check(t.Context()); err != nil {
				t.Errorf("Check: %v", err)
			}
		}
		up.expect(t, 2)
	})
}

func TestRemoteKeySet_EveryOtherFetchFails(t *testing.T) { // F-K14, F-K18
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		up := new(upstream)
		up.serve(t, newIssuer(t, "k1"))
		keys := jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: up.fetch})
		lookup(t, keys, "k1", "")
		valid := up.document
		for n := range 1000 {
			time.Sleep(time.Hour)
			up.set(valid, nil)
			if n%2 == 0 {
				up.fail()
			}
			lookup(t, keys, "k1", "")
			synctest.Wait()
		}
		up.expect(t, 1001)
	}) // synctest fails if a goroutine remains
}

func TestRemoteKeySet_PanicInFetch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		keys := jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: func(context.Context) ([]byte, error) { panic("boom") }})
		for range 5 {
			lookup(t, keys, "k1", autherr.TemporarilyUnavailable)
		}
	})
}

func TestRemoteKeySet_Logs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		up := new(upstream)
		valid := document(t, newIssuer(t, "k1").jwk(nil), nil, newIssuer(t, "k2").jwk(map[string]any{"use": "enc"}), nil)
		up.set(valid, nil)
		keys := jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: up.fetch, Log: slog.New(slog.NewTextHandler(&log, nil))})
		lines := func(text string, want int) {
			t.Helper()
			synctest.Wait()
			if got := strings.Count(log.String(), text); got != want {
				t.Errorf("%q is logged %d times, want %d:\n%s", text, got, want, log.String())
			}
		}
		lookup(t, keys, "k1", "")
		lookup(t, keys, "canary", autherr.InvalidToken)
		lines("keys fetched", 1)
		lines("key not used", 2)
		lines("not for signatures", 1)
		lines("count=1", 1)

		up.fail()
		for range 7 {
			time.Sleep(10 * time.Second)
			lookup(t, keys, "canary", autherr.TemporarilyUnavailable)
		}
		lines("keys could not be fetched", 2)
		lines("canary", 0)

		up.set(valid, nil)
		time.Sleep(10 * time.Second)
		lookup(t, keys, "canary", autherr.InvalidToken)
		lines("keys fetched", 2)
	})
}

// logHandler calls a function for each record.
type logHandler struct {
	slog.Handler

	handle func()
}

func (h logHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h logHandler) Handle(context.Context, slog.Record) error {
	h.handle()
	return nil
}

func TestRemoteKeySet_LogDoesNotBlock(t *testing.T) {
	t.Parallel()
	for name, handle := range map[string]func(){
		"Slow":      func() { time.Sleep(time.Hour) },
		"Panicking": func() { panic("boom") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var logged atomic.Int32
				log := slog.New(logHandler{slog.DiscardHandler, func() { logged.Add(1); handle() }})
				up := new(upstream)
				up.fail()
				keys := jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: up.fetch, Log: log})
				start := time.Now()
				lookup(t, keys, "k1", autherr.TemporarilyUnavailable)
				up.serve(t, newIssuer(t, "k1"))
				lookup(t, keys, "k1", "")
				up.serve(t, newIssuer(t, "k2"))
				lookup(t, keys, "k2", "")
				up.expect(t, 3)
				if waited := time.Since(start); waited != 0 {
					t.Errorf("the callers waited for %v", waited)
				}
				if got := logged.Load(); got != 3 {
					t.Errorf("%d records were logged, want 3", got)
				}
				time.Sleep(time.Hour) // until the handler returns
				synctest.Wait()
			})
		})
	}
}

func TestRemoteKeySet_InjectedClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		now := issued
		up := new(upstream)
		up.serve(t, newIssuer(t, "k1"))
		keys := jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: up.fetch, Now: func() time.Time { return now }})
		lookup(t, keys, "k1", "")
		time.Sleep(48 * time.Hour)
		lookup(t, keys, "k1", "")
		up.expect(t, 1)
		now = now.Add(-time.Hour) // F-T01
		lookup(t, keys, "k1", "")
		up.expect(t, 1)
		now = now.Add(3 * time.Hour)
		lookup(t, keys, "k1", "")
		up.expect(t, 2)
	})
}
