package entstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/ent/internal/entgen/identity"
	"github.com/cotterpin/cotterpin/ent/internal/entgen/session"
	"github.com/cotterpin/cotterpin/ent/internal/entgen/user"
	"github.com/cotterpin/cotterpin/ent/internal/migrations"
)

// tables looks after the tables, in the way the operator chose.
type tables struct {
	pool       *sql.DB
	dialect    Dialect
	migrations *migrations.Set
	way        database.Migrate
}

// prepare migrates if it is told to, and returns an error unless the tables are
// what this program needs: at its version, with its columns.
func (t tables) prepare(ctx context.Context) error {
	if t.way == database.MigrateApply {
		apply := func() error { return t.migrations.Apply(ctx) }
		if err := t.dialect.await(ctx, apply); err != nil {
			return err
		}
	}
	if err := t.check(ctx); err != nil || t.way == database.MigrateOff {
		return err
	}
	return t.checkColumns(ctx)
}

// check writes nothing. Where the application migrates there is no version, and
// what counts are the columns; it may have more of them.
func (t tables) check(ctx context.Context) error {
	if t.way == database.MigrateOff {
		return t.checkColumns(ctx)
	}
	return t.migrations.Check(ctx)
}

func (t tables) checkColumns(ctx context.Context) error {
	for _, table := range []struct {
		name    string
		columns []string
	}{
		{user.Table, user.Columns},
		{identity.Table, identity.Columns},
		{session.Table, session.Columns},
	} {
		have, err := t.columns(ctx, table.name)
		if err != nil {
			return err
		}
		missing := slices.DeleteFunc(slices.Clone(table.columns), func(column string) bool {
			return slices.Contains(have, column)
		})
		if len(missing) > 0 {
			return fmt.Errorf("entstore: the table %s lacks %s: %s", table.name, strings.Join(missing, ", "), t.blame())
		}
	}
	return nil
}

// blame says who looks after the tables.
func (t tables) blame() string {
	if t.way == database.MigrateOff {
		return `the application migrates it (migrate = "off"), with the mixins of ent/schema`
	}
	return "it is somebody else's, or was changed by hand"
}

func (t tables) columns(ctx context.Context, table string) ([]string, error) {
	rows, err := t.pool.QueryContext(ctx, "SELECT * FROM "+table+" WHERE 1 = 0") //nolint:gosec,unqueryvet // it asks which columns there are
	if err != nil {
		return nil, fmt.Errorf("entstore: looking at the table %s: %w", table, err)
	}
	defer rows.Close() //nolint:errcheck // there are no rows
	columns, err := rows.Columns()
	if err = errors.Join(err, rows.Err()); err != nil {
		return nil, fmt.Errorf("entstore: looking at the table %s: %w", table, err)
	}
	return columns, nil
}
