package integration_test

import (
	"context"
	"database/sql"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/provider/cotter"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
	"github.com/cotterpin/cotterpin/ent/sqlite"
)

// TestOnRegister_OtherPool has a hook that writes to the SQLite file of the kit
// through another pool, which can only wait for the kit's transaction.
//
// Cases: D11. Databases: sqlite.
func TestOnRegister_OtherPool(t *testing.T) {
	t.Parallel()
	const write = "CREATE TABLE mine (n int)"
	for name, c := range map[string]struct {
		hook   func(ctx context.Context, r core.Registration, other *sql.DB) error
		status int
		reason string
		advice string
	}{
		"Tx": {
			func(ctx context.Context, r core.Registration, _ *sql.DB) error {
				_, err := r.Tx.ExecContext(ctx, write)
				return err
			},
			http.StatusCreated, "", "",
		},
		"OutOfTime": {
			func(ctx context.Context, _ core.Registration, other *sql.DB) error {
				_, err := other.ExecContext(context.WithoutCancel(ctx), write)
				ctx.Value(deadline{}).(*expiringContext).expire()
				<-ctx.Done()
				return err
			},
			http.StatusServiceUnavailable, "hook_out_of_time", "must use its Tx for this database",
		},
		"Busy": {
			func(ctx context.Context, _ core.Registration, other *sql.DB) error {
				_, err := other.ExecContext(ctx, write)
				return err
			},
			http.StatusInternalServerError, "hook_failed", "the hook must write through its transaction",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database, issuer := sqliteFile(t), providertest.NewIssuer(t)
			other, err := sql.Open("sqlite", "file:"+database.path+"?_pragma=busy_timeout(20)")
			if err != nil {
				t.Fatal(err)
			}
			defer other.Close()
			file := filepath.Join(t.TempDir(), "auth.hcl")
			replaceFile(t, file, configurationOn(database.block, issuer, ownSession))
			var log logRecord
			kit, err := core.Open(t.Context(), file, core.WithTypes(cotter.Type, sqlite.Type),
				core.WithOnRegister(func(ctx context.Context, r core.Registration) error { return c.hook(ctx, r, other) }),
				core.WithLogger(slog.New(slog.NewJSONHandler(&log, nil))))
			if err != nil {
				t.Fatal(err)
			}
			defer kit.Close()
			ctx := newExpiringContext(t.Context())
			r := send(context.WithValue(ctx, deadline{}, ctx), kit, "POST", "/auth/login", encode(issuer.Login(ada).Payload()))
			if r.Status != c.status || !strings.Contains(log.String(), c.reason) || !strings.Contains(log.String(), c.advice) {
				t.Errorf("got %d %s, want %d; want %q and %q in\n%s", r.Status, r.Body, c.status, c.reason, c.advice, log.String())
			}
			if users := database.rows(t).users; (users == 1) != (c.status == http.StatusCreated) {
				t.Errorf("%d users are stored", users)
			}
		})
	}
}
