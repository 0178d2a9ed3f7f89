package entstore

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/ent/internal/entgen/identity"
	"github.com/cotterpin/cotterpin/ent/internal/entgen/key"
	"github.com/cotterpin/cotterpin/ent/internal/entgen/mark"
	"github.com/cotterpin/cotterpin/ent/internal/entgen/session"
	"github.com/cotterpin/cotterpin/ent/internal/entgen/user"
	"github.com/cotterpin/cotterpin/ent/internal/migrations"
)

// tables migrates and checks the tables, as the argument migrate specifies.
type tables struct {
	pool       *sql.DB
	dialect    Dialect
	migrations *migrations.Set
	migrate    database.Migrate
	log        *slog.Logger
	logNewer   sync.Once
}

// prepare migrates the tables with [database.MigrateApply], and returns an error
// unless this program can use their version and columns.
func (t *tables) prepare(ctx context.Context) error {
	if t.migrate == database.MigrateApply {
		if err := t.dialect.retryBusy(ctx, func() error { return t.apply(ctx) }); err != nil {
			return err
		}
	}
	if err := t.check(ctx); err != nil || t.migrate == database.MigrateOff {
		return err
	}
	return t.checkColumns(ctx)
}

// check does not write. It logs once that the tables are newer than this program.
// With [database.MigrateOff] the tables have no version, so
// that it checks the columns; additional columns are allowed.
func (t *tables) check(ctx context.Context) error {
	if t.migrate == database.MigrateOff {
		return t.checkColumns(ctx)
	}
	version, err := t.migrations.Check(ctx)
	if required := t.migrations.Required(); err == nil && version > required {
		t.logNewer.Do(func() {
			t.log.WarnContext(ctx, "a newer program has migrated the tables, and this one can use them", "event", "tables_newer",
				"version", version, "own_version", required)
		})
	}
	return err
}

// ownTables are the tables of the kit and their columns.
var ownTables = []struct {
	name    string
	columns []string
}{
	{user.Table, user.Columns},
	{identity.Table, identity.Columns},
	{session.Table, session.Columns},
	{key.Table, key.Columns},
	{mark.Table, mark.Columns},
}

// apply migrates the tables, unless another program has created a table with the
// name of one of the kit.
func (t *tables) apply(ctx context.Context) error {
	if err := t.checkForeign(ctx); err != nil {
		return err
	}
	return t.migrations.Apply(ctx)
}

func (t *tables) checkForeign(ctx context.Context) error {
	for _, table := range ownTables {
		if err := t.migrations.CheckForeign(ctx, table.name, table.columns); err != nil {
			return err
		}
	}
	return nil
}

func (t *tables) checkColumns(ctx context.Context) error {
	for _, table := range ownTables {
		have, err := migrations.Columns(ctx, t.pool, table.name)
		if err != nil {
			return err
		}
		missing := slices.DeleteFunc(slices.Clone(table.columns), func(column string) bool {
			return slices.Contains(have, column)
		})
		if len(missing) > 0 {
			return fmt.Errorf("entstore: the table %s lacks %s: %s", table.name, strings.Join(missing, ", "), t.cause())
		}
	}
	return nil
}

// cause returns the likely cause of a missing column.
func (t *tables) cause() string {
	if t.migrate == database.MigrateOff {
		return `the application migrates it (migrate = "off"), with the mixins of ent/schema`
	}
	return "it belongs to another program, or was changed by hand"
}
