package entstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/cotterpin/cotterpin/ent/internal/entgen"
)

// engine is what the stores share: the pool, and ent's client on it.
type engine struct {
	pool    *sql.DB
	dialect Dialect
	client  *entgen.Client
}

func newEngine(pool *sql.DB, d Dialect) engine {
	return engine{pool: pool, dialect: d, client: entgen.NewClient(entgen.Driver(newPersistentDriver(pool, d)))}
}

// inTx does work in a transaction, which an error or a panic rolls back.
func (e engine) inTx(ctx context.Context, work func(tx *sql.Tx, client *entgen.Client) error) error {
	tx, err := e.pool.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("entstore: beginning: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it does nothing
	if err := work(tx, clientOn(tx, e.dialect)); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("entstore: committing: %w", err)
	}
	return nil
}

// prepare returns a prepared query that is written with question marks.
func (e engine) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	stmt, err := e.pool.PrepareContext(ctx, e.dialect.placeholders(query))
	if err != nil {
		return nil, fmt.Errorf("entstore: preparing: %w", err)
	}
	return stmt, nil
}

// release closes prepared queries.
func release(prepared ...*sql.Stmt) error {
	var failed []error
	for _, stmt := range prepared {
		if err := stmt.Close(); err != nil {
			failed = append(failed, fmt.Errorf("entstore: releasing: %w", err))
		}
	}
	return errors.Join(failed...)
}

// oneFound is the answer of a statement that changes one row, if it is there.
func oneFound(doing string, found int, err, notFound error) error {
	switch {
	case err != nil:
		return fmt.Errorf("entstore: %s: %w", doing, err)
	case found == 0:
		return notFound
	}
	return nil
}
