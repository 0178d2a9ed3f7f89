package entstore

import (
	"context"
	"database/sql"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
)

// queuedDriver is ent's driver on a pool, with the writers in a queue.
type queuedDriver struct {
	dialect.Driver
	writers queue
}

func newQueuedDriver(pool *sql.DB, writers queue) queuedDriver {
	return queuedDriver{entsql.OpenDB(writers.dialect.Name, pool), writers}
}

// Exec implements dialect.Driver.
func (d queuedDriver) Exec(ctx context.Context, query string, args, result any) error {
	return d.writers.execute(ctx, func() error { return d.Driver.Exec(ctx, query, args, result) })
}
