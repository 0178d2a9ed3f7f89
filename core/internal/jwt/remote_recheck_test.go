package jwt_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/jwt"
	"github.com/cotterpin/cotterpin/core/token"
)

// replaced is an issuer that replaces its key without a new kid.
type replaced struct {
	up       *upstream
	verifier *jwt.Verifier
	policy   jwt.Policy
	log      *bytes.Buffer
	old, new issuer
}

func newReplaced(t *testing.T) replaced {
	t.Helper()
	r := replaced{up: new(upstream), log: new(bytes.Buffer), old: newIssuer(t, "k1"), new: newIssuer(t, "k1")}
	r.up.serve(t, r.old)
	r.policy = strictPolicy(jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: r.up.fetch, Log: slog.New(slog.NewTextHandler(r.log, nil))}))
	r.verifier = newVerifier(t, r.policy)
	accept(t, r.verifier, r.old.sign(t, validHeader, validClaims))
	return r
}

// logged requires the number of log lines with a text.
func (r replaced) logged(t *testing.T, text string, want int) {
	t.Helper()
	synctest.Wait()
	if got := strings.Count(r.log.String(), text); got != want {
		t.Errorf("%q is logged %d times, want %d:\n%s", text, got, want, r.log)
	}
}

// Cases: K03.
func TestRemoteKeySet_ReplacedKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newReplaced(t)
		raw := r.new.sign(t, validHeader, validClaims)
		r.up.serve(t, r.new)
		time.Sleep(5*time.Minute - 1)
		reject(t, r.verifier, raw, "bad_signature")
		r.up.expect(t, 1)
		time.Sleep(1)
		accept(t, r.verifier, raw)
		r.up.expect(t, 2)
		reject(t, r.verifier, r.old.sign(t, validHeader, validClaims), "bad_signature")
		r.up.expect(t, 2)

		r.up.serve(t, r.old)
		time.Sleep(5 * time.Minute)
		accept(t, r.verifier, r.old.sign(t, validHeader, validClaims))
		r.up.expect(t, 3)
	})
}

// Cases: K03.
func TestRemoteKeySet_ReplacedKeyCached(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newReplaced(t)
		c := newCached(t, r.policy, 10)
		raw := r.new.sign(t, validHeader, validClaims)
		r.up.serve(t, r.new)
		time.Sleep(5 * time.Minute)
		for range 3 {
			if got, err := c.Verify(t.Context(), raw); err != nil || got != "user-1" {
				t.Fatalf("%q, %v", got, err)
			}
		}
		c.rejects(t, r.old.sign(t, validHeader, validClaims), autherr.InvalidToken, "bad_signature")
		r.up.expect(t, 2)
	})
}

// Cases: K03.
func TestRemoteKeySet_ReplacedKeyWithoutID(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		old, next := newIssuer(t, "k1"), newIssuer(t, "k1")
		without := map[string]any{"kid": nil}
		up := &upstream{document: document(t, old.jwk(without))}
		policy := strictPolicy(jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: up.fetch}))
		policy.KeyIDRequired = false
		v := newVerifier(t, policy)
		header := change(t, validHeader, `"kid":"k1",`, "")
		accept(t, v, old.sign(t, header, validClaims))
		up.set(document(t, next.jwk(without)), nil)
		time.Sleep(5 * time.Minute)
		accept(t, v, next.sign(t, header, validClaims))
		reject(t, v, old.sign(t, header, validClaims), "bad_signature")
		up.expect(t, 2)
	})
}

// Cases: K03.
func TestRemoteKeySet_ReplacedAlgorithm(t *testing.T) {
	t.Parallel()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		up := &upstream{document: document(t, map[string]any{"kty": "RSA", "kid": "k1", "alg": "RS256", "n": encode(string(private.N.Bytes())), "e": "AQAB"})}
		keys := jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: up.fetch})
		if _, err := keys.Key(t.Context(), token.KeyQuery{ID: "k1", Algorithm: "RS256"}); err != nil {
			t.Fatal(err)
		}
		up.serve(t, newIssuer(t, "k1"))
		lookup(t, keys, "k1", autherr.InvalidToken)
		time.Sleep(5 * time.Minute)
		lookup(t, keys, "k1", "")
		up.expect(t, 2)
		up.fail()
		time.Sleep(5 * time.Minute)
		if _, err := keys.Key(t.Context(), token.KeyQuery{ID: "k1", Algorithm: "RS256"}); autherr.CodeOf(err) != autherr.InvalidToken {
			t.Errorf("a known kid with another algorithm, while the keys cannot be fetched: %v", err)
		}
		up.expect(t, 3)
	})
}

// Cases: K03.
func TestRemoteKeySet_BadSignaturesDuringOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newReplaced(t)
		valid, forged := r.old.sign(t, validHeader, validClaims), r.new.sign(t, validHeader, validClaims)
		r.up.fail()
		time.Sleep(5 * time.Minute)
		for range 100 {
			reject(t, r.verifier, forged, "bad_signature")
		}
		accept(t, r.verifier, valid)
		r.up.expect(t, 2)
		r.logged(t, "keys could not be fetched", 1)

		time.Sleep(5*time.Minute - 1)
		reject(t, r.verifier, forged, "bad_signature")
		r.up.expect(t, 2)
		time.Sleep(1)
		reject(t, r.verifier, forged, "bad_signature")
		r.up.expect(t, 3)
		r.logged(t, "keys could not be fetched", 2)
		accept(t, r.verifier, valid)
	})
}

// Cases: K03.
func TestRemoteKeySet_BadSignatureOverBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newReplaced(t)
		time.Sleep(5 * time.Minute)
		r.up.fail()
		for n := range 4 {
			lookup(t, r.policy.Keys, fmt.Sprint("invented-", n), autherr.TemporarilyUnavailable)
		}
		r.up.expect(t, 4)
		r.up.serve(t, r.new)
		for range 100 {
			reject(t, r.verifier, r.new.sign(t, validHeader, validClaims), "bad_signature")
		}
		r.up.expect(t, 4)
		r.logged(t, "keys not fetched after a bad signature", 1)
		time.Sleep(5 * time.Minute)
		accept(t, r.verifier, r.new.sign(t, validHeader, validClaims))
		r.logged(t, "keys not fetched after a bad signature", 1)
	})
}

// Cases: K03.
func TestRemoteKeySet_BadSignatureSlowFetch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newReplaced(t)
		raw := r.new.sign(t, validHeader, validClaims)
		r.up.serve(t, r.new)
		r.up.slow(4 * time.Second)
		time.Sleep(5 * time.Minute)
		start := time.Now()
		reject(t, r.verifier, raw, "bad_signature")
		if waited := time.Since(start); waited != 3*time.Second {
			t.Errorf("waited for %v, want 3s", waited)
		}
		accept(t, r.verifier, raw) // joins the fetch
		r.up.expect(t, 2)
	})
}

// Cases: K03.
func TestRemoteKeySet_ReplacedKeyFetchedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newReplaced(t)
		r.up.serve(t, r.new)
		r.up.slow(time.Second)
		time.Sleep(5 * time.Minute)
		valid, forged := r.new.sign(t, validHeader, validClaims), newIssuer(t, "k1").sign(t, validHeader, validClaims)
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() { accept(t, r.verifier, valid) })
			all.Go(func() { reject(t, r.verifier, forged, "bad_signature") })
		}
		all.Wait()
		r.up.expect(t, 2)
	})
}

// Cases: K04.
func TestRemoteKeySet_ConfiguredAges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		up := new(upstream)
		up.serve(t, newIssuer(t, "k1"))
		keys := jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: up.fetch, MaxAge: 6 * time.Minute, MaxStale: 20 * time.Minute})
		lookup(t, keys, "k1", "")
		time.Sleep(5*time.Minute - 1)
		lookup(t, keys, "k1", "")
		up.expect(t, 1)
		time.Sleep(1)
		lookup(t, keys, "k1", "") // fetched in the background
		up.expect(t, 2)

		up.serve(t, newIssuer(t, "k2"))
		time.Sleep(6 * time.Minute)
		lookup(t, keys, "k1", autherr.InvalidToken)
		lookup(t, keys, "k2", "")

		up.fail()
		time.Sleep(20*time.Minute - 1)
		lookup(t, keys, "k2", "")
		time.Sleep(1)
		lookup(t, keys, "k2", autherr.TemporarilyUnavailable)
	})
}

// A fetch for a bad signature that fails is logged, even within a minute of
// another failure.
//
// Cases: K03.
func TestRemoteKeySet_BadSignatureFailureLogged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newReplaced(t)
		r.up.fail()
		time.Sleep(5 * time.Minute)
		lookup(t, r.policy.Keys, "k2", autherr.TemporarilyUnavailable)
		r.logged(t, "keys could not be fetched", 1)
		reject(t, r.verifier, r.new.sign(t, validHeader, validClaims), "bad_signature")
		r.logged(t, "keys could not be fetched", 2)
	})
}
