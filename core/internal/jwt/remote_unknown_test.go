package jwt_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/jwt"
	"github.com/cotterpin/cotterpin/core/token"
)

// lookupIssued requires that Key returns an error with the code and reason for a
// token that was issued then, or a key if code is "".
func lookupIssued(t *testing.T, keys token.KeySet, kid string, at time.Time, code autherr.Code, reason string) *autherr.Error {
	t.Helper()
	key, err := keys.Key(t.Context(), token.KeyQuery{ID: kid, Algorithm: "ES256", IssuedAt: at})
	if code == "" && (err != nil || key.ID != kid) {
		t.Errorf("key %q: %+v, %v", kid, key, err)
	}
	if code != "" && (err == nil || autherr.CodeOf(err) != code || autherr.ReasonOf(err) != reason) {
		t.Errorf("key %q: %v, want %s (%s)", kid, err, code, reason)
	}
	known, _ := errors.AsType[*autherr.Error](err)
	return known
}

// Cases: K02.
func TestRemoteKeySet_UnknownKidNotFetched(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		up := new(upstream)
		up.serve(t, newIssuer(t, "k1"))
		keys := jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: up.fetch})
		lookup(t, keys, "k1", "")
		for n := range 6 {
			lookupIssued(t, keys, fmt.Sprint("invented-", n), time.Now(), autherr.InvalidToken, "unknown_key")
		}
		up.expect(t, 3)

		time.Sleep(time.Second)
		up.serve(t, newIssuer(t, "k2"))
		lookupIssued(t, keys, "k2", time.Now().Add(-time.Second), autherr.InvalidToken, "unknown_key")
		for _, issued := range []time.Time{time.Now(), time.Now().Add(time.Nanosecond - time.Second), time.Now().Add(time.Hour)} {
			err := lookupIssued(t, keys, "k2", issued, autherr.TemporarilyUnavailable, "unknown_key_not_fetched")
			if err.RetryAfter != 9*time.Second || !err.Suspect {
				t.Errorf("retry after %v, suspect %t", err.RetryAfter, err.Suspect)
			}
		}
		lookup(t, keys, "k1", "")
		up.expect(t, 3)
		time.Sleep(9 * time.Second)
		lookupIssued(t, keys, "k2", time.Now(), "", "")
		lookupIssued(t, keys, "k1", time.Now(), autherr.InvalidToken, "unknown_key") // no longer published
	})
}

// A token that was issued in the future, by this clock, is decided by a fetch that
// began when it arrived.
func TestRemoteKeySet_UnknownKidFromTheFuture(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		up := new(upstream)
		up.serve(t, newIssuer(t, "k1"))
		keys := jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: up.fetch})
		lookup(t, keys, "k1", "")
		lookupIssued(t, keys, "k2", time.Now().Add(time.Hour), autherr.InvalidToken, "unknown_key")
		up.expect(t, 2)
	})
}

// A fetch that began before the token was issued does not decide about its kid.
func TestRemoteKeySet_UnknownKidJoinsEarlierFetch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		up := new(upstream)
		up.serve(t, newIssuer(t, "k1"))
		keys := jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: up.fetch})
		lookup(t, keys, "k1", "")
		up.slow(2 * time.Second)
		began := time.Now()
		go lookupIssued(t, keys, "k2", began, autherr.InvalidToken, "unknown_key")
		time.Sleep(time.Second)
		lookupIssued(t, keys, "k3", time.Now(), autherr.TemporarilyUnavailable, "unknown_key_not_fetched")
		lookupIssued(t, keys, "k2", began, autherr.InvalidToken, "unknown_key")
		synctest.Wait()
	})
}

func TestRemoteKeySet_SuspectsUnknownKidsOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		up := new(upstream)
		up.fail()
		keys := jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: up.fetch})
		if err := lookupIssued(t, keys, "k1", time.Now(), autherr.TemporarilyUnavailable, "keys_unavailable"); err.Suspect {
			t.Error("without keys no kid is suspect")
		}
		up.serve(t, newIssuer(t, "k1"))
		lookup(t, keys, "k1", "")
		up.fail()
		if err := lookupIssued(t, keys, "k2", time.Now(), autherr.TemporarilyUnavailable, "keys_unavailable"); !err.Suspect {
			t.Error("an unknown kid is not suspect while the keys cannot be fetched")
		}
		time.Sleep(10 * time.Second)
		up.slow(4 * time.Second)
		if err := lookupIssued(t, keys, "k2", time.Now(), autherr.TemporarilyUnavailable, "keys_slow"); !err.Suspect {
			t.Error("an unknown kid is not suspect while the fetch is slow")
		}
		time.Sleep(time.Minute)
	})
}
