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
	"github.com/cotterpin/cotterpin/core/account/memstore"
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
