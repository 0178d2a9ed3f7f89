package jwt

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/signer"
	"github.com/cotterpin/cotterpin/core/token"
)

func TestRemoteKeySet_BoundsUnknownKids(t *testing.T) { // A21
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		document := []byte(`{"keys":[` + marshal(t, signer.NewES256("k1").JWK()) + `]}`)
		keys := NewRemoteKeySet(RemoteOptions{Fetch: func(context.Context) ([]byte, error) { return document, nil }})
		stored := func() int {
			keys.mu.Lock()
			defer keys.mu.Unlock()
			return len(keys.absent)
		}
		invent := func(n int) {
			for kid := range n {
				if _, err := keys.Key(t.Context(), token.KeyQuery{ID: fmt.Sprint("invented-", kid), Algorithm: "ES256"}); autherr.ReasonOf(err) != "unknown_key" {
					t.Fatalf("kid %d: %v", kid, err)
				}
			}
		}
		invent(50)
		if got := stored(); got < 40 || got > 50 {
			t.Errorf("%d unknown kids are stored after 50, want nearly all", got)
		}
		invent(10_000)
		if got := stored(); got != maxAbsent {
			t.Errorf("%d unknown kids are stored after 10,000, want %d", got, maxAbsent)
		}
		time.Sleep(fetchPeriod)
		invent(1)
		if got := stored(); got != 1 {
			t.Errorf("%d unknown kids are stored after the next fetch, want 1", got)
		}
	})
}

func TestRemoteKeySet_FailedFetchWithDocument(t *testing.T) { // A21
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		entry := func(kid string) string { return marshal(t, signer.NewES256(kid).JWK()) }
		document, failure := []byte(`{"keys":[`+entry("k1")+`]}`), error(nil)
		keys := NewRemoteKeySet(RemoteOptions{Fetch: func(context.Context) ([]byte, error) { return document, failure }})
		if key, err := keys.Key(t.Context(), token.KeyQuery{ID: "k1", Algorithm: "ES256"}); err != nil || key.ID != "k1" {
			t.Fatalf("key k1: %+v, %v", key, err)
		}
		document, failure = []byte(`{"keys":[`+entry("k2")+`]}`), errors.New("cut off")
		key, err := keys.Key(t.Context(), token.KeyQuery{ID: "k2", Algorithm: "ES256"})
		if autherr.CodeOf(err) != autherr.TemporarilyUnavailable || !errors.Is(err, failure) {
			t.Errorf("a key of a document that came with an error: %+v, %v", key, err)
		}
		if _, err := keys.Key(t.Context(), token.KeyQuery{ID: "k1", Algorithm: "ES256"}); err != nil {
			t.Errorf("key k1 after a failed fetch: %v", err)
		}
	})
}
