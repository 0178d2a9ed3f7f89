package migrations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"entgo.io/ent/dialect"
)

// CheckForeign returns an error if the table exists although no version was
// applied: another program has created it. On MySQL it may also be the result of
// an interrupted migration, which Apply completes; it is foreign if it lacks one of
// the columns.
func (s *Set) CheckForeign(ctx context.Context, table string, columns []string) error {
	foreign, err := s.isForeign(ctx, table, columns)
	if err != nil || !foreign {
		return err
	}
	// Another process may have migrated in between.
	if current, err := s.Current(ctx); err != nil || current > 0 {
		return err
	}
	var container string
	if err := s.db.QueryRowContext(ctx, s.container).Scan(&container); err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	return fmt.Errorf("migrations: the %s has a table %s that cotterpin did not create: "+
		"rename that table, or use another database or schema", container, table)
}

func (s *Set) isForeign(ctx context.Context, table string, columns []string) (bool, error) {
	current, err := s.Current(ctx)
	if err != nil || current > 0 {
		return false, err
	}
	exists, err := s.exists(ctx, s.db, table)
	if err != nil || !exists || s.dialect != dialect.MySQL {
		return exists, err
	}
	have, err := Columns(ctx, s.db, table)
	return slices.ContainsFunc(columns, func(column string) bool { return !slices.Contains(have, column) }), err
}

// querier is a pool or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func (s *Set) exists(ctx context.Context, db querier, table string) (bool, error) {
	var tables int
	if err := db.QueryRowContext(ctx, s.count, table).Scan(&tables); err != nil {
		return false, fmt.Errorf("migrations: searching for %s: %w", table, err)
	}
	return tables > 0, nil
}

// Columns returns the names of the columns of a table.
func Columns(ctx context.Context, db querier, table string) ([]string, error) {
	rows, err := db.QueryContext(ctx, "SELECT * FROM "+table+" WHERE 1 = 0") //nolint:unqueryvet // it lists the columns
	if err != nil {
		return nil, fmt.Errorf("migrations: reading the columns of %s: %w", table, err)
	}
	defer rows.Close() //nolint:errcheck // there are no rows
	columns, err := rows.Columns()
	if err = errors.Join(err, rows.Err()); err != nil {
		return nil, fmt.Errorf("migrations: reading the columns of %s: %w", table, err)
	}
	return columns, nil
}
