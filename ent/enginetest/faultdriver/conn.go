package faultdriver

import (
	"context"
	"database/sql/driver"
	"errors"
)

// innerConn contains what a connection must support.
type innerConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.SessionResetter
}

// conn is a connection whose statements may fail.
type conn struct {
	innerConn
	connector  *Connector
	statements map[*stmt]bool // open
	inTx       bool
	closed     bool
}

// perform performs an event unless the script of its context gives it a fault.
// If the fault follows the event, undo discards its result.
func perform[T any](ctx context.Context, c *conn, e Event, do func() (T, error), undo func(T) error) (T, error) {
	var zero T
	if c.closed {
		return zero, driver.ErrBadConn
	}
	fault := next(ctx, e)
	if fault == None {
		return do()
	}
	if fault.happens() {
		result, err := do()
		if err == nil {
			err = undo(result)
		}
		if err != nil {
			return zero, err
		}
	}
	return zero, c.fail(ctx, fault)
}

// fail returns the error of a fault, and closes the connection if it is lost.
func (c *conn) fail(ctx context.Context, fault Fault) error {
	switch fault {
	case Cut:
		return c.lose(driver.ErrBadConn)
	case LoseRequest, LoseResponse:
		return c.lose(ErrLost)
	case LoseRows:
		return c.lose(errRowsLost)
	case HangBefore, HangAfter:
		return c.lose(hang(ctx))
	default:
		return ErrFailed
	}
}

// keep is the undo of events whose result needs no cleanup.
func keep[T any](T) error { return nil }

// lose closes the connection and returns err.
func (c *conn) lose(err error) error {
	_ = c.Close() // the server may still be working
	return err
}

// Close implements driver.Conn.
func (c *conn) Close() error {
	if c.closed {
		return nil
	}
	for open := range c.statements {
		_ = open.Close() // before their connection, as database/sql does
	}
	c.closed = true
	c.endTx()
	c.connector.connections.Add(-1)
	return c.innerConn.Close()
}

// BeginTx implements driver.ConnBeginTx.
func (c *conn) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	begun, err := perform(ctx, c, Event{Op: Begin}, func() (driver.Tx, error) {
		return c.innerConn.BeginTx(ctx, options)
	}, driver.Tx.Rollback)
	if err != nil {
		return nil, err
	}
	c.inTx = true
	c.connector.transactions.Add(1)
	return tx{begun, ctx, c}, nil
}

func (c *conn) endTx() {
	if c.inTx {
		c.inTx = false
		c.connector.transactions.Add(-1)
	}
}

// PrepareContext implements driver.ConnPrepareContext.
func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	prepared, err := perform(ctx, c, Event{Op: Prepare, SQL: query}, func() (driver.Stmt, error) {
		return c.innerConn.PrepareContext(ctx, query)
	}, driver.Stmt.Close)
	if err != nil {
		return nil, err
	}
	inner, ok := prepared.(innerStmt)
	if !ok {
		return nil, errors.Join(errors.New("faultdriver: the driver's statements support no contexts"), prepared.Close())
	}
	open := &stmt{inner, c, query}
	c.statements[open] = true
	return open, nil
}

// ExecContext implements driver.ExecerContext.
func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if c.mustPrepare(args) {
		return nil, driver.ErrSkip
	}
	return perform(ctx, c, Event{Op: Exec, SQL: query, Args: args}, func() (driver.Result, error) {
		result, err := c.innerConn.ExecContext(ctx, query, args)
		return result, c.recordSkip(err)
	}, keep)
}

// QueryContext implements driver.QueryerContext.
func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if c.mustPrepare(args) {
		return nil, driver.ErrSkip
	}
	return c.query(ctx, query, args, func() (driver.Rows, error) {
		rows, err := c.innerConn.QueryContext(ctx, query, args)
		return rows, c.recordSkip(err)
	})
}

// query performs a query, prepared or not, whose rows may be lost.
func (c *conn) query(ctx context.Context, query string, args []driver.NamedValue, do func() (driver.Rows, error)) (driver.Rows, error) {
	var columns []string
	rows, err := perform(ctx, c, Event{Op: Query, SQL: query, Args: args}, do, func(rows driver.Rows) error {
		columns = rows.Columns()
		return drain(rows)
	})
	if errors.Is(err, errRowsLost) {
		return lostRows{columns}, nil
	}
	return rows, err
}

// mustPrepare reports whether the driver accepts arguments in prepared
// statements only. It then sends nothing, so there is no event.
func (c *conn) mustPrepare(args []driver.NamedValue) bool {
	return len(args) > 0 && c.connector.prepares.Load()
}

func (c *conn) recordSkip(err error) error {
	if errors.Is(err, driver.ErrSkip) {
		c.connector.prepares.Store(true)
	}
	return err
}

// Ping implements driver.Pinger.
func (c *conn) Ping(ctx context.Context) error {
	if pinger, ok := c.innerConn.(driver.Pinger); ok && !c.closed {
		return pinger.Ping(ctx)
	}
	return c.ResetSession(ctx)
}

// CheckNamedValue implements driver.NamedValueChecker.
func (c *conn) CheckNamedValue(value *driver.NamedValue) error {
	if checker, ok := c.innerConn.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(value)
	}
	return driver.ErrSkip
}

// ResetSession implements driver.SessionResetter.
func (c *conn) ResetSession(ctx context.Context) error {
	if c.closed {
		return driver.ErrBadConn
	}
	return c.innerConn.ResetSession(ctx)
}

// validConn is a conn whose driver reports whether it is usable; with it
// database/sql keeps a connection whose transaction was rolled back.
type validConn struct {
	*conn
	inner driver.Validator
}

// IsValid implements driver.Validator.
func (c validConn) IsValid() bool { return !c.closed && c.inner.IsValid() }
