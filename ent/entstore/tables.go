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
	"github.com/cotterpin/cotterpin/ent/migrations"
)

// tables looks after the tables, in the way the operator chose.
type tables struct {
	pool       *sql.DB
	migrations *migrations.Set
	way        database.Migrate
}

// prepare migrates if it is told to, and returns an error unless the tables are
// what this program needs.
func (t tables) prepare(ctx context.Context) error {
	if t.way == database.MigrateApply {
		if err := t.migrations.Apply(ctx); err != nil {
			return err
		}
	}
	return t.check(ctx)
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
			return fmt.Errorf("entstore: the table %s lacks %s: the application migrates it (migrate = \"off\"), "+
				"with the mixins of ent/schema", table.name, strings.Join(missing, ", "))
		}
	}
	return nil
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
