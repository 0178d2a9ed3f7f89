package mysql

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
)

// driverConn lists the interfaces that the driver's connections implement.
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

// connection bounds COMMIT and ROLLBACK by the context of BeginTx. The driver
// itself waits for the response without a limit.
type connection struct{ driverConn }

// BeginTx implements driver.ConnBeginTx.
func (c connection) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	if _, err := c.driverConn.BeginTx(ctx, options); err != nil {
		return nil, err //nolint:wrapcheck // database/sql compares it
	}
	return transaction{c, ctx}, nil
}

// transaction is the open transaction of a connection.
type transaction struct {
	conn connection
	ctx  context.Context //nolint:containedctx // driver.Tx has none to pass
}

// Commit implements driver.Tx.
func (t transaction) Commit() error { return t.end("COMMIT") }

// Rollback implements driver.Tx.
func (t transaction) Rollback() error { return t.end("ROLLBACK") }

// end closes the connection unless the server confirms the end of the
// transaction: the next user of the connection would continue the transaction.
func (t transaction) end(statement string) error {
	if _, err := t.conn.ExecContext(t.ctx, statement, nil); err != nil {
		return errors.Join(fmt.Errorf("mysql: %s: %w", statement, err), t.conn.Close())
	}
	return nil
}
