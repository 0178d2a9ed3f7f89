package sessiontest

import (
	"context"
	"crypto/rand"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/session"
)

// newKey returns a key with every column set.
func newKey(purpose session.KeyPurpose, serial int) session.Key {
	return session.Key{
		ID:        rand.Text(),
		Purpose:   purpose,
		Serial:    serial,
		Secret:    []byte("\x00secret\xff"),
		Public:    []byte(`{"kty":"EC"}`),
		CreatedAt: start,
		ActiveAt:  start.Add(time.Hour),
		RevokedAt: start.Add(2 * time.Hour),
	}
}

func testKeys(t *testing.T, setup setup) {
	t.Parallel()

	t.Run("Empty", func(t *testing.T) {
		setup(t).wantKeys(t)
	})

	t.Run("AllColumns", func(t *testing.T) {
		s := setup(t)
		complete, minimal := newKey(session.KeySigns, 1), newKey(session.KeySigns, 2)
		minimal.Public, minimal.RevokedAt = nil, time.Time{}
		s.addKeys(t, complete, minimal)
		s.wantKeys(t, complete, minimal)
	})

	t.Run("Milliseconds", func(t *testing.T) {
		s := setup(t)
		want := newKey(session.KeySigns, 1)
		k := want
		for _, at := range []*time.Time{&k.CreatedAt, &k.ActiveAt, &k.RevokedAt} {
			*at = at.Add(999_999 * time.Nanosecond)
		}
		s.addKeys(t, k)
		s.wantKeys(t, want)
	})

	t.Run("Order", func(t *testing.T) {
		s := setup(t)
		second, tenth, first := newKey(session.KeySigns, 2), newKey(session.KeySigns, 10), newKey(session.KeyRefreshes, 11)
		s.addKeys(t, tenth, second, first)
		s.wantKeys(t, first, second, tenth)
	})

	t.Run("Exists", func(t *testing.T) {
		s := setup(t)
		k, other := newKey(session.KeySigns, 1), newKey(session.KeyRefreshes, 1)
		s.addKeys(t, k, other)
		sameID := newKey(session.KeySigns, 2)
		sameID.ID = k.ID
		for name, twin := range map[string]session.Key{"Serial": newKey(session.KeySigns, 1), "ID": sameID, "Same": k} {
			if err := s.db.Keys().Add(t.Context(), twin); !errors.Is(err, session.ErrKeyExists) {
				t.Errorf("%s: got %v, want ErrKeyExists", name, err)
			}
		}
		s.wantKeys(t, other, k)
	})

	t.Run("RaceOfAdds", func(t *testing.T) {
		s := setup(t)
		const racers = 20
		won := make([]*session.Key, racers)
		race(racers, func(racer int) {
			k := newKey(session.KeySigns, 1)
			switch err := s.db.Keys().Add(t.Context(), k); {
			case err == nil:
				won[racer] = &k
			case !errors.Is(err, session.ErrKeyExists):
				t.Errorf("Add: got %v, want ErrKeyExists", err)
			}
		})
		winners := 0
		for _, k := range won {
			if k != nil {
				winners++
				s.wantKeys(t, *k)
			}
		}
		if winners != 1 {
			t.Errorf("%d keys with one serial number were added, want 1", winners)
		}
	})

	t.Run("Revoke", func(t *testing.T) {
		s := setup(t)
		k, other := newKey(session.KeySigns, 1), newKey(session.KeySigns, 2)
		k.RevokedAt, other.RevokedAt = time.Time{}, time.Time{}
		s.addKeys(t, k, other)
		for _, at := range []time.Time{start.Add(time.Minute), start.Add(time.Hour)} { // the first remains
			if err := s.db.Keys().Revoke(t.Context(), k.ID, at); err != nil {
				t.Fatalf("Revoke: %v", err)
			}
		}
		if err := s.db.Keys().Revoke(t.Context(), "unknown", start); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("Revoke of a missing key: got %v, want ErrNotFound", err)
		}
		k.RevokedAt = start.Add(time.Minute)
		s.wantKeys(t, k, other)
	})

	t.Run("Delete", func(t *testing.T) {
		s := setup(t)
		k, other := newKey(session.KeySigns, 1), newKey(session.KeySigns, 2)
		s.addKeys(t, k, other)
		for range 2 {
			if err := s.db.Keys().Delete(t.Context(), k.ID); err != nil {
				t.Fatalf("Delete: %v", err)
			}
		}
		s.wantKeys(t, other)
		successor := newKey(session.KeySigns, 1)
		s.addKeys(t, successor)
		s.wantKeys(t, successor, other)
	})

	t.Run("Canceled", func(t *testing.T) {
		s := setup(t)
		k := newKey(session.KeySigns, 1)
		k.RevokedAt = time.Time{}
		s.addKeys(t, k)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, listErr := s.db.Keys().List(ctx)
		for name, err := range map[string]error{
			"List":   listErr,
			"Add":    s.db.Keys().Add(ctx, newKey(session.KeySigns, 2)),
			"Revoke": s.db.Keys().Revoke(ctx, k.ID, start),
			"Delete": s.db.Keys().Delete(ctx, k.ID),
		} {
			if err == nil || errors.Is(err, session.ErrNotFound) || errors.Is(err, session.ErrKeyExists) {
				t.Errorf("%s: got %v, want a store failure", name, err)
			}
		}
		s.wantKeys(t, k)
	})
}

func (s *stores) addKeys(t *testing.T, keys ...session.Key) {
	t.Helper()
	for _, k := range keys {
		if err := s.db.Keys().Add(t.Context(), k); err != nil {
			t.Fatalf("Add: %v", err)
		}
	}
}

// wantKeys expects these keys to be stored, in the order of List.
func (s *stores) wantKeys(t *testing.T, want ...session.Key) {
	t.Helper()
	got, err := s.db.Keys().List(t.Context())
	if err != nil || len(got) != len(want) {
		t.Fatalf("List: %d keys, want %d (error %v)", len(got), len(want), err)
	}
	for i := range want {
		for _, k := range []*session.Key{&got[i], &want[i]} {
			k.CreatedAt, k.ActiveAt, k.RevokedAt = k.CreatedAt.UTC(), k.ActiveAt.UTC(), k.RevokedAt.UTC()
		}
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("key %d:\n got %+v\nwant %+v", i, got[i], want[i])
		}
	}
}
