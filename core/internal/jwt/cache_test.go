package jwt_test

import (
	"context"
	"crypto/elliptic"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
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

// cached is a cache of subjects that counts verifications.
type cached struct {
	*jwt.Cache[string]
	verified *atomic.Int64
}

func newCached(tb testing.TB, p jwt.Policy, tokens int) cached {
	tb.Helper()
	c := cached{verified: new(atomic.Int64)}
	check := p.Check
	p.Check = func(claims token.Claims) error {
		c.verified.Add(1)
		if check != nil {
			return check(claims)
		}
		return nil
	}
	c.Cache = jwt.NewCache(newVerifier(tb, p), tokens, func(claims token.Claims) (string, error) { return claims.Subject, nil })
	return c
}

// accepts requires that the token is valid, and the number of verifications so
// far.
func (c cached) accepts(tb testing.TB, raw, subject string, verified int64) {
	tb.Helper()
	if got, err := c.Verify(tb.Context(), raw); err != nil || got != subject {
		tb.Errorf("got %q and %v, want %q", got, err, subject)
	}
	if got := c.verified.Load(); got != verified {
		tb.Errorf("%d verifications, want %d", got, verified)
	}
}

// rejects requires that the token is rejected with the code and reason.
func (c cached) rejects(tb testing.TB, raw string, code autherr.Code, reason string) {
	tb.Helper()
	got, err := c.Verify(tb.Context(), raw)
	if err == nil || autherr.CodeOf(err) != code || autherr.ReasonOf(err) != reason || got != "" {
		tb.Errorf("got %q and %v, want %s (%s)", got, err, code, reason)
	}
}

func TestCache_VerifiesOnce(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, "k1")
	c := newCached(t, strictPolicy(jwt.Static(i.public(t))), 10)
	ada, bob := i.sign(t, validHeader, validClaims), i.sign(t, validHeader, change(t, validClaims, "user-1", "user-2"))
	c.accepts(t, ada, "user-1", 1)
	c.accepts(t, ada, "user-1", 1)
	c.accepts(t, bob, "user-2", 2)
	c.accepts(t, bob, "user-2", 2)
	c.accepts(t, ada, "user-1", 2)
}

func TestCache_SizeZero(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, "k1")
	c := newCached(t, strictPolicy(jwt.Static(i.public(t))), 0)
	raw := i.sign(t, validHeader, validClaims)
	c.accepts(t, raw, "user-1", 1)
	c.accepts(t, raw, "user-1", 2)
	c.rejects(t, raw+"A", autherr.InvalidToken, "bad_signature")
}

func TestCache_DoesNotStoreErrors(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, "k1")
	policy := strictPolicy(jwt.Static(i.public(t)))
	refusal := error(autherr.New(autherr.InvalidToken, "wrong_scope"))
	policy.Check = func(token.Claims) error { return refusal }
	c := newCached(t, policy, 10)
	raw := i.sign(t, validHeader, validClaims)
	c.rejects(t, raw, autherr.InvalidToken, "wrong_scope")
	refusal = nil
	c.accepts(t, raw, "user-1", 2)
}

func TestCache_TokensDifferInOneByte(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, "k1")
	policy := strictPolicy(jwt.Static(i.public(t)))
	v, c := newVerifier(t, policy), newCached(t, policy, 10)
	raw := i.sign(t, validHeader, validClaims)
	c.accepts(t, raw, "user-1", 1)

	others := []string{raw + "=", raw + " ", raw + "\n", raw + ".", " " + raw, raw[:len(raw)-1], raw + strings.Repeat("A", maxSize)}
	for at := range len(raw) {
		others = append(others, raw[:at]+string(raw[at]^1)+raw[at+1:])
	}
	for _, other := range others {
		_, want := v.Verify(t.Context(), other)
		if want == nil {
			t.Fatalf("%q is valid", other)
		}
		c.rejects(t, other, autherr.CodeOf(want), autherr.ReasonOf(want))
	}
	c.accepts(t, raw, "user-1", 1)
}

func TestCache_SecondSignature(t *testing.T) { // J15
	t.Parallel()
	i := newIssuer(t, "k1")
	c := newCached(t, strictPolicy(jwt.Static(i.public(t))), 10)
	raw := i.sign(t, validHeader, validClaims)
	c.accepts(t, raw, "user-1", 1)

	end := strings.LastIndexByte(raw, '.')
	signature := []byte(decode(t, raw[end+1:]))
	s := new(big.Int).SetBytes(signature[32:])
	s.Sub(elliptic.P256().Params().N, s).FillBytes(signature[32:]) // (r, n-s) is another signature of the same token
	c.accepts(t, raw[:end+1]+encode(string(signature)), "user-1", 2)
}

func TestCache_ChecksLifetime(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, "k1")
	policy := strictPolicy(jwt.Static(i.public(t)))
	now := issued
	policy.Now = func() time.Time { return now }
	c := newCached(t, policy, 10)
	raw := i.sign(t, validHeader, change(t, validClaims, `"exp"`, `"nbf":1795345260,"exp"`)) // a minute after iat
	const expiry = time.Hour

	now = issued.Add(time.Minute)
	c.accepts(t, raw, "user-1", 1)
	for _, step := range []struct {
		at       time.Duration // after iat
		code     autherr.Code  // "": accepted
		reason   string
		verified int64
	}{
		{expiry, "", "", 1},
		{expiry + 30*time.Second, "", "", 1},
		{expiry + 31*time.Second, autherr.TokenExpired, "expired", 2},
		{expiry + 31*time.Second, autherr.TokenExpired, "expired", 3}, // the expiry is not stored
		{expiry, "", "", 4},
		{expiry, "", "", 4},
		{30 * time.Second, "", "", 4}, // the clock is set back
		{29 * time.Second, autherr.InvalidToken, "not_yet_valid", 5},
		{-31 * time.Second, autherr.InvalidToken, "issued_in_future", 6},
		{expiry, "", "", 7},
	} {
		now = issued.Add(step.at)
		if step.code == "" {
			c.accepts(t, raw, "user-1", step.verified)
			continue
		}
		c.rejects(t, raw, step.code, step.reason)
		if got := c.verified.Load(); got != step.verified {
			t.Errorf("at %v: %d verifications, want %d", step.at, got, step.verified)
		}
		_, want := newVerifier(t, policy).Verify(t.Context(), raw)
		if _, got := c.Verify(t.Context(), raw); got == nil || got.Error() != want.Error() {
			t.Errorf("at %v the cache returns %v, the verifier %v", step.at, got, want)
		}
		c.verified.Store(step.verified)
	}
}

func TestCache_KeyReplaced(t *testing.T) { // J41
	t.Parallel()
	for name, next := range map[string]struct{ kid, reason string }{
		"AnotherKey":             {"k2", "unknown_key"},
		"AnotherKeyUnderItsName": {"k1", "bad_signature"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				i := newIssuer(t, "k1")
				up := new(upstream)
				up.serve(t, i)
				policy := strictPolicy(jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: up.fetch}))
				c := newCached(t, policy, 10)
				raw := i.sign(t, validHeader, validClaims)
				c.accepts(t, raw, "user-1", 1)

				time.Sleep(50 * time.Minute) // then the keys are fetched in the background
				c.accepts(t, raw, "user-1", 1)
				up.expect(t, 2)
				c.accepts(t, raw, "user-1", 1) // the same key, fetched again

				up.serve(t, newIssuer(t, next.kid))
				time.Sleep(50 * time.Minute)
				c.accepts(t, raw, "user-1", 1)
				up.expect(t, 3)
				c.rejects(t, raw, autherr.InvalidToken, next.reason)

				up.serve(t, i)
				time.Sleep(time.Hour)
				c.accepts(t, raw, "user-1", 2)
			})
		})
	}
}

func TestCache_KeysTooOld(t *testing.T) { // K10
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := newIssuer(t, "k1")
		up := new(upstream)
		up.serve(t, i)
		c := newCached(t, strictPolicy(jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: up.fetch})), 10)
		raw := i.sign(t, validHeader, validClaims)
		c.accepts(t, raw, "user-1", 1)
		up.fail()
		time.Sleep(24*time.Hour - 1)
		c.accepts(t, raw, "user-1", 1)
		time.Sleep(1)
		c.rejects(t, raw, autherr.TemporarilyUnavailable, "keys_unavailable")

		up.serve(t, newIssuer(t, "k2"))
		time.Sleep(10 * time.Second)
		c.rejects(t, raw, autherr.InvalidToken, "unknown_key") // at once, without an intermediate use
	})
}

func TestCache_SharesNothing(t *testing.T) { // J49
	t.Parallel()
	i := newIssuer(t, "k1")
	policy := strictPolicy(jwt.Static(i.public(t)))
	c := newCached(t, policy, 10)
	raw := i.sign(t, validHeader, validClaims)
	c.accepts(t, raw, "user-1", 1)
	for reason, differ := range map[string]func(*jwt.Policy){
		"wrong_audience": func(p *jwt.Policy) { p.Audience = []string{"other"} },
		"wrong_issuer":   func(p *jwt.Policy) { p.Issuer = "https://other.example" },
		"unknown_key":    func(p *jwt.Policy) { p.Keys = jwt.Static(newIssuer(t, "k2").public(t)) },
		"bad_signature":  func(p *jwt.Policy) { p.Keys = jwt.Static(newIssuer(t, "k1").public(t)) },
		"wrong_scope": func(p *jwt.Policy) {
			p.Check = func(token.Claims) error { return autherr.New(autherr.InvalidToken, "wrong_scope") }
		},
	} {
		other := policy
		differ(&other)
		newCached(t, other, 10).rejects(t, raw, autherr.InvalidToken, reason)
	}
	c.accepts(t, raw, "user-1", 1)
}

func TestCache_ConcurrentTokensNotMixedUp(t *testing.T) { // J50
	t.Parallel()
	const n = 1000
	i := newIssuer(t, "k1")
	c := newCached(t, strictPolicy(jwt.Static(i.public(t))), n/2) // while some are evicted
	var all sync.WaitGroup
	for user := range n {
		subject := fmt.Sprint("user-", user+2)
		raw := i.sign(t, validHeader, change(t, validClaims, "user-1", subject))
		for range 2 {
			all.Go(func() {
				for range 2 {
					if got, err := c.Verify(t.Context(), raw); err != nil || got != subject {
						t.Errorf("%s: got %q and %v", subject, got, err)
					}
				}
			})
		}
	}
	all.Wait()
}

// slowCheck makes a verification take a second of a synctest bubble.
func slowCheck(p *jwt.Policy) {
	p.Check = func(token.Claims) error { time.Sleep(time.Second); return nil }
}

func TestCache_ConcurrentUsesVerifyOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := newIssuer(t, "k1")
		policy := strictPolicy(jwt.Static(i.public(t)))
		slowCheck(&policy)
		c := newCached(t, policy, 10)
		raw := i.sign(t, validHeader, validClaims)
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() { c.accepts(t, raw, "user-1", 1) })
		}
		all.Wait()
	})
}

func TestCache_ForgedDuringVerification(t *testing.T) { // J50
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := newIssuer(t, "k1")
		policy := strictPolicy(jwt.Static(i.public(t)))
		slowCheck(&policy)
		c := newCached(t, policy, 10)
		raw := i.sign(t, validHeader, validClaims)
		forged := newIssuer(t, "k1").sign(t, validHeader, validClaims)
		other := i.sign(t, validHeader, change(t, validClaims, "user-1", "user-2"))
		swapped := other[:strings.LastIndexByte(other, '.')] + raw[strings.LastIndexByte(raw, '.'):]
		var all sync.WaitGroup
		all.Go(func() { c.accepts(t, raw, "user-1", 1) })
		synctest.Wait() // it is being verified
		for range 10 {
			c.rejects(t, forged, autherr.InvalidToken, "bad_signature")
			c.rejects(t, swapped, autherr.InvalidToken, "bad_signature")
		}
		all.Wait()
	})
}

func TestCache_KeyReplacedDuringVerification(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i, other := newIssuer(t, "k1"), newIssuer(t, "k1")
		key := i.public(t)
		policy := strictPolicy(keySetFunc(func(context.Context, token.KeyQuery) (token.Key, error) { return key, nil }))
		slowCheck(&policy)
		c := newCached(t, policy, 10)
		raw := i.sign(t, validHeader, validClaims)
		var first sync.WaitGroup
		first.Go(func() { c.accepts(t, raw, "user-1", 1) })
		synctest.Wait() // it is being verified
		key = other.public(t)
		c.rejects(t, raw, autherr.InvalidToken, "bad_signature")
		first.Wait()
		c.rejects(t, raw, autherr.InvalidToken, "bad_signature") // the result of the other key does not count
	})
}

func TestCache_CanceledCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := newIssuer(t, "k1")
		up := &upstream{delay: 2 * time.Second}
		up.serve(t, i)
		c := newCached(t, strictPolicy(jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: up.fetch})), 10)
		raw := i.sign(t, validHeader, validClaims)
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := c.Verify(ctx, raw); !errors.Is(err, context.Canceled) || autherr.CodeOf(err) != autherr.TemporarilyUnavailable {
				t.Errorf("the canceled caller got %v", err)
			}
		})
		synctest.Wait()
		for range 10 {
			all.Go(func() {
				if got, err := c.Verify(t.Context(), raw); err != nil || got != "user-1" {
					t.Errorf("another caller got %q and %v", got, err)
				}
			})
		}
		synctest.Wait()
		cancel()
		all.Wait()
	})
}

func TestCache_PanicReleasesWaiters(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := newIssuer(t, "k1")
		policy := strictPolicy(jwt.Static(i.public(t)))
		broken := true
		policy.Check = func(token.Claims) error {
			time.Sleep(time.Second)
			if broken {
				panic("broken")
			}
			return nil
		}
		c := newCached(t, policy, 10)
		raw := i.sign(t, validHeader, validClaims)
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				defer func() {
					if recover() == nil {
						t.Error("no panic")
					}
				}()
				_, err := c.Verify(t.Context(), raw)
				t.Errorf("returned %v, want a panic", err)
			})
		}
		all.Wait()
		broken = false
		c.accepts(t, raw, "user-1", 2)
	})
}

// TestCache_SameResultsAsVerifier runs the same random steps with and without a
// cache and compares all results.
func TestCache_SameResultsAsVerifier(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("Seed", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { compareWithCache(t, rand.New(rand.NewPCG(seed, seed))) })
		})
	}
}

func compareWithCache(t *testing.T, random *rand.Rand) {
	t.Helper()
	issuers := []issuer{newIssuer(t, "k1"), newIssuer(t, "k1"), newIssuer(t, "k2"), newIssuer(t, "k3")}
	published := func() []issuer {
		return slices.DeleteFunc(slices.Clone(issuers), func(issuer) bool { return random.IntN(4) == 0 })
	}
	first, second := new(upstream), new(upstream)
	offset := time.Until(issued)
	now := func() time.Time { return time.Now().Add(offset) }
	policy := func(up *upstream) jwt.Policy {
		p := strictPolicy(jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: up.fetch}))
		p.Now = now
		return p
	}
	without, with := newCached(t, policy(first), 0), newCached(t, policy(second), 20)
	var tokens []string
	sign := func() {
		i := issuers[random.IntN(len(issuers))]
		at := now().Unix() + int64(random.IntN(180)) - 120
		claims := fmt.Sprintf(`{"iss":"https://issuer.example","aud":"app","sub":"user-%d","iat":%d,"exp":%d}`,
			len(tokens), at, at+int64(random.IntN(3*3600)))
		tokens = append(tokens, i.sign(t, change(t, validHeader, "k1", i.ID), claims))
	}
	both := func(set func(*upstream)) { set(first); set(second) }
	for step := range 600 {
		if step%20 == 0 {
			sign()
		}
		switch random.IntN(60) {
		case 0, 1:
			list := published()
			both(func(u *upstream) { u.serve(t, list...) })
		case 2:
			both((*upstream).fail)
		case 3:
			time.Sleep(time.Duration(random.IntN(2*3600)) * time.Second)
		case 4:
			offset += time.Duration(random.IntN(1200)-600) * time.Second
		case 5, 6, 7, 8:
			time.Sleep(time.Duration(random.IntN(60)) * time.Second)
		}
		raw := tokens[max(0, len(tokens)-1-random.IntN(6))]
		want, wantErr := without.Verify(t.Context(), raw)
		synctest.Wait()
		got, err := with.Verify(t.Context(), raw)
		synctest.Wait()
		if got != want || fmt.Sprint(err) != fmt.Sprint(wantErr) {
			t.Fatalf("step %d: with a cache %q and %v, without %q and %v", step, got, err, want, wantErr)
		}
	}
	if first.count() != second.count() {
		t.Errorf("with a cache there were %d fetches, without %d", second.count(), first.count())
	}
	if verified, all := with.verified.Load(), without.verified.Load(); all < 100 || verified > all*3/4 {
		t.Errorf("%d of %d verifications were made despite the cache: too few comparisons", verified, all)
	}
}

func TestCache_ConcurrentKeyChanges(t *testing.T) {
	t.Parallel()
	rounds := 60
	if testing.Short() {
		rounds = 10
	}
	old, next := newIssuer(t, "k1"), newIssuer(t, "k1")
	var current atomic.Pointer[token.Key]
	publish := func(i issuer) { key := i.public(t); current.Store(&key) }
	publish(old)
	var clock atomic.Int64
	policy := strictPolicy(keySetFunc(func(context.Context, token.KeyQuery) (token.Key, error) { return *current.Load(), nil }))
	policy.Now = func() time.Time { return issued.Add(time.Duration(clock.Load())) }
	c := newCached(t, policy, 8)
	var tokens [2][16]string
	for n := range 16 {
		claims := change(t, validClaims, "user-1", fmt.Sprint("user-", n))
		tokens[0][n], tokens[1][n] = old.sign(t, validHeader, claims), next.sign(t, validHeader, claims)
	}
	use := func(generation, n int) error {
		got, err := c.Verify(t.Context(), tokens[generation][n])
		if err == nil && got != fmt.Sprint("user-", n) {
			t.Errorf("the token of user-%d returned %q", n, got)
		}
		return err
	}
	stop := make(chan struct{})
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for n := worker; ; n++ {
				select {
				case <-stop:
					return
				default:
					_ = use(n%2, n/2%16)
				}
			}
		})
	}
	for round := range rounds {
		generation := round % 2
		publish([]issuer{old, next}[generation])
		if err := use(generation, round%16); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		if err := use(1-generation, round%16); autherr.ReasonOf(err) != "bad_signature" {
			t.Errorf("round %d: with a replaced key: %v", round, err)
		}
		clock.Store(int64(2 * time.Hour))
		if err := use(generation, round%16); autherr.CodeOf(err) != autherr.TokenExpired {
			t.Errorf("round %d: with an expired token: %v", round, err)
		}
		clock.Store(0)
	}
	close(stop)
	all.Wait()
}
