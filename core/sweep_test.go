package core_test

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
	"github.com/cotterpin/cotterpin/core/session"
)

// panickingStore panics at each sweep, and counts them.
type panickingStore struct {
	session.Store
	sweeps atomic.Int32
}

func (s *panickingStore) Sweep(context.Context, time.Time, int) (int, error) {
	s.sweeps.Add(1)
	panic("of the store")
}

// sweptDatabase is a database with another store of sessions.
type sweptDatabase struct {
	database.Database
	sessions session.Store
}

func (d sweptDatabase) Sessions() session.Store { return d.sessions }

func TestSweep_ContinuesAfterFailures(t *testing.T) {
	t.Parallel()
	h := &harness{issuer: providertest.NewIssuer(t)}
	synctest.Test(t, func(t *testing.T) {
		memory := memstore.New()
		store := &panickingStore{Store: memory.Sessions()}
		s := h.settings()
		s.Database = database.Existing(sweptDatabase{memory, store})
		var log record
		kit, err := core.New(t.Context(), s, core.WithLogger(slog.New(slog.NewJSONHandler(&log, nil))))
		if err != nil {
			t.Fatal(err)
		}
		for i, wait := range []time.Duration{time.Minute, 10 * time.Minute, 10 * time.Minute} {
			time.Sleep(wait)
			synctest.Wait()
			if got := store.sweeps.Load(); got != int32(i+1) {
				t.Errorf("%d sweeps after wait %d", got, i+1)
			}
		}
		if err := kit.Close(); err != nil {
			t.Error(err)
		}
		if got := strings.Count(log.String(), `"event":"session_sweep_failed"`); got != 3 {
			t.Errorf("%d failures are logged:\n%s", got, log.String())
		}
	})
}

// sweptMarks returns as many deleted marks as there are left.
type sweptMarks struct {
	account.Store
	left   int
	before time.Time
}

func (s *sweptMarks) Sweep(_ context.Context, before time.Time, limit int) (int, error) {
	n := min(s.left, limit)
	s.left, s.before = s.left-n, before
	return n, nil
}

// markDatabase is a database with another store of users.
type markDatabase struct {
	database.Database
	accounts account.Store
}

func (d markDatabase) Accounts() account.Store { return d.accounts }

// Marks are deleted where there are no own sessions, too.
func TestSweep_Marks(t *testing.T) {
	t.Parallel()
	for _, strategy := range strategies {
		t.Run(strategy, func(t *testing.T) {
			t.Parallel()
			h := &harness{issuer: providertest.NewIssuer(t)}
			synctest.Test(t, func(t *testing.T) {
				memory := memstore.New()
				store := &sweptMarks{Store: memory.Accounts(), left: 2500}
				s := h.settings()
				if strategy == config.StrategyProviderToken {
					providerToken(nil)(&s)
				}
				s.Database = database.Existing(markDatabase{memory, store})
				kit, err := core.New(t.Context(), s, core.WithLogger(slog.New(slog.DiscardHandler)))
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				if age := time.Since(store.before); store.left != 0 || age != time.Hour {
					t.Errorf("%d marks are left, and those that expired %v ago were deleted; want none, and 1h", store.left, age)
				}
				if err := kit.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
