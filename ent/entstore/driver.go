package entstore

import (
	"context"
	"database/sql"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
)

// writingDriver is ent's driver on a pool, where each statement is a
// transaction, and may be done again.
type writingDriver struct {
	dialect.Driver
	is      Dialect
	writers queue
}

func newWritingDriver(pool *sql.DB, d Dialect, writers queue) writingDriver {
	return writingDriver{entsql.OpenDB(d.Name, pool), d, writers}
}

// Exec implements dialect.Driver.
func (w writingDriver) Exec(ctx context.Context, query string, args, result any) error {
	if err := w.writers.enter(ctx); err != nil {
		return err
	}
	defer w.writers.leave()
	return w.is.execute(ctx, func() error { return w.Driver.Exec(ctx, query, args, result) })
}
