package accounttest

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/account"
)

// testMarks checks the records of messages that must take effect once.
func testMarks(t *testing.T, open func(t *testing.T) account.Store) {
	t.Parallel()

	t.Run("Record", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		user := register(t, store, "ada")
		if err := record(t.Context(), store, "a", nil); err != nil {
			t.Fatalf("Record: %v", err)
		}
		err := store.Transact(t.Context(), nil, func(ctx context.Context, tx account.Tx) error {
			if err := tx.Disable(ctx, user.ID, start); err != nil {
				return err
			}
			return tx.Record(ctx, "a", start.Add(time.Hour))
		})
		if !errors.Is(err, account.ErrConflict) {
			t.Errorf("Record again: got %v, want ErrConflict", err)
		}
		wantFound(t, store, user)
		for _, other := range []string{"A", "a ", strings.Repeat("a", 64)} {
			if err := record(t.Context(), store, other, nil); err != nil {
				t.Errorf("Record(%q): %v", other, err)
			}
		}
	})

	t.Run("RolledBack", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		failed := errors.New("failed")
		if err := record(t.Context(), store, "a", failed); !errors.Is(err, failed) {
			t.Fatalf("Transact: got %v, want the error of the function", err)
		}
		if err := record(t.Context(), store, "a", nil); err != nil {
			t.Errorf("Record after a rollback: %v", err)
		}
	})

	t.Run("Expiry", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		if err := record(t.Context(), store, "a", nil); err != nil {
			t.Fatalf("Record: %v", err)
		}
		wantRecorded(t, store, "a", start.Add(time.Hour-time.Millisecond), true)
		wantRecorded(t, store, "a", start.Add(time.Hour), false)
		wantRecorded(t, store, "b", start, false)
		wantSwept(t, store, start.Add(time.Hour), 0)
		wantRecorded(t, store, "a", start, true)
		wantSwept(t, store, start.Add(time.Hour+time.Millisecond), 1)
		wantRecorded(t, store, "a", start, false)
	})

	t.Run("Race", func(t *testing.T) {
		t.Parallel()
		store := open(t)
		var recorded atomic.Int64
		race(func(int) {
			switch err := record(t.Context(), store, "a", nil); {
			case err == nil:
				recorded.Add(1)
			case !errors.Is(err, account.ErrConflict):
				t.Errorf("Record: got %v, want ErrConflict", err)
			}
		})
		if recorded.Load() != 1 {
			t.Errorf("%d of %d transactions have recorded the mark, want 1", recorded.Load(), racers)
		}
	})
}

// record records a mark for an hour in a transaction that returns result.
func record(ctx context.Context, store account.Store, mark string, result error) error {
	return store.Transact(ctx, nil, func(ctx context.Context, tx account.Tx) error {
		if err := tx.Record(ctx, mark, start.Add(time.Hour)); err != nil {
			return err
		}
		return result
	})
}

func wantRecorded(t *testing.T, store account.Store, mark string, at time.Time, want bool) {
	t.Helper()
	if got, err := store.IsRecorded(t.Context(), mark, at); err != nil || got != want {
		t.Errorf("IsRecorded(%q) %v after start: got %t and %v, want %t", mark, at.Sub(start), got, err, want)
	}
}

func wantSwept(t *testing.T, store account.Store, before time.Time, want int) {
	t.Helper()
	if got, err := store.Sweep(t.Context(), before, 10); err != nil || got != want {
		t.Errorf("Sweep: deleted %d (error %v), want %d", got, err, want)
	}
}
