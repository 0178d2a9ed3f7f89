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
	writers queue
	client  *entgen.Client
}

func newEngine(pool *sql.DB, d Dialect) engine {
	writers := newQueue(d)
	return engine{
		pool: pool, dialect: d, writers: writers,
		client: entgen.NewClient(entgen.Driver(newWritingDriver(pool, writers))),
	}
}

// inTx does work in a transaction, which an error or a panic rolls back.
func (e engine) inTx(ctx context.Context, work func(tx *sql.Tx) error) error {
	if err := e.writers.enter(ctx); err != nil {
		return err
	}
	defer e.writers.leave()
	tx, err := e.begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it does nothing
	if err := work(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("entstore: committing: %w", err)
	}
	return nil
}

func (e engine) begin(ctx context.Context) (tx *sql.Tx, err error) {
	err = e.dialect.await(ctx, func() (err error) {
		tx, err = e.pool.BeginTx(ctx, nil)
		return err //nolint:wrapcheck // it is wrapped below
	})
	if err != nil {
		return nil, fmt.Errorf("entstore: beginning: %w", err)
	}
	return tx, nil
}

// prepared are statements that are written with question marks, and where they
// are kept.
type prepared map[**sql.Stmt]string

// prepare prepares all of the statements or, if that fails, none.
func (e engine) prepare(ctx context.Context, statements prepared) error {
	for kept, query := range statements {
		stmt, err := e.pool.PrepareContext(ctx, e.dialect.placeholders(query)) //nolint:sqlclosecheck // it is kept
		if err != nil {
			return errors.Join(fmt.Errorf("entstore: preparing: %w", err), statements.close())
		}
		*kept = stmt
	}
	return nil
}

// close releases the statements that were prepared.
func (p prepared) close() error {
	var failed []error
	for stmt := range p {
		if *stmt == nil {
			continue
		}
		if err := (*stmt).Close(); err != nil {
			failed = append(failed, fmt.Errorf("entstore: releasing: %w", err))
		}
	}
	return errors.Join(failed...)
}

// exec executes a statement that changes something outside of a transaction. It
// returns how many rows it found.
func (e engine) exec(ctx context.Context, stmt *sql.Stmt, args ...any) (found int, err error) {
	err = e.writers.execute(ctx, func() error {
		found, err = affected(stmt.ExecContext(ctx, args...))
		return err
	})
	return found, err
}

// affected returns how many rows a statement found.
func affected(result sql.Result, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	found, err := result.RowsAffected()
	return int(found), err
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
