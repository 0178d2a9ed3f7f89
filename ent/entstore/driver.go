package entstore

import (
	"context"
	"database/sql"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
)

// writingDriver is ent's driver on a pool, where each statement is a
// transaction, and writers wait for their turn.
type writingDriver struct {
	dialect.Driver
	writers queue
}

func newWritingDriver(pool *sql.DB, writers queue) writingDriver {
	return writingDriver{entsql.OpenDB(writers.dialect.Name, pool), writers}
}

// Exec implements dialect.Driver.
func (w writingDriver) Exec(ctx context.Context, query string, args, result any) error {
	return w.writers.execute(ctx, func() error { return w.Driver.Exec(ctx, query, args, result) })
}
