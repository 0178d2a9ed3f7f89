package mysql

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
)

// driverConn is what the driver's connections can do.
type driverConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.NamedValueChecker
	driver.Pinger
	driver.QueryerContext
	driver.SessionResetter
	driver.Validator
}

// connection is one whose transactions end within the context that they began
// with. The driver waits for the answer to a COMMIT however long it takes.
type connection struct{ driverConn }

// BeginTx implements driver.ConnBeginTx.
func (c connection) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	if _, err := c.driverConn.BeginTx(ctx, options); err != nil {
		return nil, err //nolint:wrapcheck // database/sql looks at it
	}
	return transaction{c, ctx}, nil
}

// transaction is the one that is under way on a connection.
type transaction struct {
	conn connection
	ctx  context.Context //nolint:containedctx // driver.Tx has none to pass
}

// Commit implements driver.Tx.
func (t transaction) Commit() error { return t.end("COMMIT") }

// Rollback implements driver.Tx.
func (t transaction) Rollback() error { return t.end("ROLLBACK") }

// end gives the connection up unless the server says that the transaction has
// ended: who got it from the pool would work within that transaction.
func (t transaction) end(statement string) error {
	if _, err := t.conn.ExecContext(t.ctx, statement, nil); err != nil {
		return errors.Join(fmt.Errorf("mysql: %s: %w", statement, err), t.conn.Close())
	}
	return nil
}
