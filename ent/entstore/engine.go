package entstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"entgo.io/ent/dialect"

	"github.com/cotterpin/cotterpin/ent/internal/entgen"
)

// engine contains what both stores share: the pool, and an ent client on it.
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
		client: entgen.NewClient(entgen.Driver(newQueuedDriver(pool, writers))),
	}
}

// inTx runs fn in a transaction, which an error or a panic rolls back. After a
// deadlock it runs fn again.
func (e engine) inTx(ctx context.Context, fn func(tx *sql.Tx) error) error {
	return e.inTxOf(ctx, nil, fn)
}

// inReadCommitted is inTx for a transaction whose reads see what others have
// committed, and that locks no rows that do not exist: by default MySQL would read
// what was committed before the first statement, and registrations would deadlock.
func (e engine) inReadCommitted(ctx context.Context, fn func(tx *sql.Tx) error) error {
	if e.dialect.oneWriter() {
		return e.inTx(ctx, fn)
	}
	return e.inTxOf(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted}, fn)
}

func (e engine) inTxOf(ctx context.Context, options *sql.TxOptions, fn func(tx *sql.Tx) error) error {
	return e.dialect.retryDeadlock(ctx, func() error { return e.inTxOnce(ctx, options, fn) })
}

func (e engine) inTxOnce(ctx context.Context, options *sql.TxOptions, fn func(tx *sql.Tx) error) error {
	if err := e.writers.enter(ctx); err != nil {
		return err
	}
	defer e.writers.leave()
	tx, err := e.begin(ctx, options)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it does nothing
	if err := fn(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("entstore: committing: %w", err)
	}
	return nil
}

func (e engine) begin(ctx context.Context, options *sql.TxOptions) (tx *sql.Tx, err error) {
	err = e.dialect.retryBusy(ctx, func() (err error) {
		tx, err = e.pool.BeginTx(ctx, options)
		return err //nolint:wrapcheck // it is wrapped below
	})
	if err != nil {
		return nil, fmt.Errorf("entstore: beginning: %w", err)
	}
	return tx, nil
}

// prepared maps the variable of each prepared statement to its query, which has
// question marks as placeholders.
type prepared map[**sql.Stmt]string

// prepare prepares all statements. If one fails, it closes the others.
func (e engine) prepare(ctx context.Context, statements prepared) error {
	for variable, query := range statements {
		stmt, err := e.pool.PrepareContext(ctx, e.dialect.placeholders(query)) //nolint:sqlclosecheck // prepared.close does it
		if err != nil {
			return errors.Join(fmt.Errorf("entstore: preparing: %w", err), statements.close())
		}
		*variable = stmt
	}
	return nil
}

// close closes the prepared statements.
func (p prepared) close() error {
	var failures []error
	for stmt := range p {
		if *stmt == nil {
			continue
		}
		if err := (*stmt).Close(); err != nil {
			failures = append(failures, fmt.Errorf("entstore: closing a statement: %w", err))
		}
	}
	return errors.Join(failures...)
}

// exec executes a writing statement outside of a transaction, and returns the
// number of matched rows.
func (e engine) exec(ctx context.Context, stmt *sql.Stmt, args ...any) (found int, err error) {
	err = e.writers.execute(ctx, func() error {
		found, err = affected(stmt.ExecContext(ctx, args...))
		return err
	})
	return found, err
}

// affected returns the number of rows that a statement matched.
func affected(result sql.Result, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	found, err := result.RowsAffected()
	return int(found), err
}

// oneFound returns the error of a statement that must match one row.
func oneFound(doing string, found int, err, notFound error) error {
	switch {
	case err != nil:
		return fmt.Errorf("entstore: %s: %w", doing, err)
	case found == 0:
		return notFound
	}
	return nil
}

// Dialect contains the differences between databases that ent does not hide.
// Each database package has one.
type Dialect struct {
	// Name is ent's name of the database: "sqlite3", "postgres" or "mysql".
	Name string

	// IsConflict reports whether an error is the violation of a unique key. It
	// compares the error code, because servers localize messages.
	IsConflict func(error) bool

	// IsReferenced reports whether an error is the violation of a foreign key by
	// the deletion of a row, and which table references it; "" if the database does
	// not name the table.
	IsReferenced func(error) (table string, referenced bool)

	// IsDeadlock reports whether the database rolled back a transaction because
	// of a deadlock or serialization failure, so that a retry may succeed. nil:
	// the database has no such error.
	IsDeadlock func(error) bool

	// IsBusy reports whether the database has not begun to execute a statement
	// because another process writes, so that a retry may succeed. nil: the
	// database has no such error.
	IsBusy func(error) bool

	// Explain adds to an error of [Open] what the operator can do, such as about a
	// missing right, which it may look up. nil: errors are returned as they are.
	Explain func(ctx context.Context, pool *sql.DB, err error) error
}

// explain returns an error of Open with what the operator can do.
func (d Dialect) explain(ctx context.Context, pool *sql.DB, err error) error {
	if d.Explain == nil {
		return err
	}
	return d.Explain(ctx, pool, err)
}

// returns reports whether the database supports INSERT … RETURNING.
func (d Dialect) returns() bool { return d.Name != dialect.MySQL }

// oneWriter reports whether the database allows one writer at a time.
func (d Dialect) oneWriter() bool { return d.Name == dialect.SQLite }

// placeholders replaces the question marks of a query by the placeholders of the
// database.
func (d Dialect) placeholders(query string) string {
	if d.Name != dialect.Postgres {
		return query
	}
	var numbered strings.Builder
	for i, part := range strings.Split(query, "?") {
		if i > 0 {
			numbered.WriteString("$" + strconv.Itoa(i))
		}
		numbered.WriteString(part)
	}
	return numbered.String()
}
