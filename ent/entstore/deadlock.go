package entstore

import (
	"context"
	"database/sql"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
)

// maxAttempts is how often work is done that deadlocks with others each time.
const maxAttempts = 5

func (d Dialect) isDeadlock(err error) bool { return d.IsDeadlock != nil && d.IsDeadlock(err) }

// persist does work, and does it again if the database has undone it so that
// others can go on: that is nobody's fault.
func (d Dialect) persist(work func() error) error {
	for attempt := 1; ; attempt++ {
		if err := work(); attempt == maxAttempts || !d.isDeadlock(err) {
			return err
		}
	}
}

// persistentDriver is ent's driver on a pool, where each statement is a
// transaction, and may be done again.
type persistentDriver struct {
	dialect.Driver
	is Dialect
}

func newPersistentDriver(pool *sql.DB, d Dialect) persistentDriver {
	return persistentDriver{entsql.OpenDB(d.Name, pool), d}
}

// Exec implements dialect.Driver.
func (p persistentDriver) Exec(ctx context.Context, query string, args, result any) error {
	return p.is.persist(func() error { return p.Driver.Exec(ctx, query, args, result) })
}
