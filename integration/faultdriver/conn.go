package faultdriver

import (
	"context"
	"database/sql/driver"
	"errors"
)

// innerConn is what the connections of a driver of today can do.
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
	statements map[*stmt]bool // open ones
	inTx       bool
	closed     bool
}

// happen lets an event happen, or not, as the script of its context says. undo
// takes back what a driver gives that then says that it has failed.
func happen[T any](ctx context.Context, c *conn, e Event, do func() (T, error), undo func(T) error) (T, error) {
	var nothing T
	if c.closed {
		return nothing, driver.ErrBadConn
	}
	fault := next(ctx, e)
	if fault == None {
		return do()
	}
	if fault.after() {
		done, err := do()
		if err == nil {
			err = undo(done)
		}
		if err != nil {
			return nothing, err
		}
	}
	return nothing, c.fail(ctx, fault)
}

// fail is what is left of an event with a fault: the error, and the connection.
func (c *conn) fail(ctx context.Context, fault Fault) error {
	switch fault {
	case Cut:
		return c.lose(driver.ErrBadConn)
	case LoseRequest, LoseAnswer:
		return c.lose(ErrLost)
	case LoseRows:
		return c.lose(errRowsLost)
	case HangBefore, HangAfter:
		return c.lose(hang(ctx))
	default:
		return ErrRefused
	}
}

// ignore is the undo of what leaves nothing open.
func ignore[T any](T) error { return nil }

// lose ends the connection because of err.
func (c *conn) lose(err error) error {
	_ = c.Close() // its server may be in the midst of something
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
	begun, err := happen(ctx, c, Event{Kind: Begin}, func() (driver.Tx, error) {
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
	prepared, err := happen(ctx, c, Event{Kind: Prepare, Text: query}, func() (driver.Stmt, error) {
		return c.innerConn.PrepareContext(ctx, query)
	}, driver.Stmt.Close)
	if err != nil {
		return nil, err
	}
	inner, ok := prepared.(innerStmt)
	if !ok {
		return nil, errors.Join(errors.New("faultdriver: the driver's statements know no contexts"), prepared.Close())
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
	return happen(ctx, c, Event{Kind: Exec, Text: query}, func() (driver.Result, error) {
		result, err := c.innerConn.ExecContext(ctx, query, args)
		return result, c.learn(err)
	}, ignore)
}

// QueryContext implements driver.QueryerContext.
func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if c.mustPrepare(args) {
		return nil, driver.ErrSkip
	}
	return c.query(ctx, query, func() (driver.Rows, error) {
		rows, err := c.innerConn.QueryContext(ctx, query, args)
		return rows, c.learn(err)
	})
}

// query is a query, prepared or not, whose rows may be lost too.
func (c *conn) query(ctx context.Context, query string, do func() (driver.Rows, error)) (driver.Rows, error) {
	var columns []string
	rows, err := happen(ctx, c, Event{Kind: Query, Text: query}, do, func(rows driver.Rows) error {
		columns = rows.Columns()
		return drain(rows)
	})
	if errors.Is(err, errRowsLost) {
		return lostRows{columns}, nil
	}
	return rows, err
}

// mustPrepare reports whether the driver would say that it takes arguments in
// prepared statements alone: nothing is asked of the server then, so that it is
// no event.
func (c *conn) mustPrepare(args []driver.NamedValue) bool {
	return len(args) > 0 && c.connector.prepares.Load()
}

func (c *conn) learn(err error) error {
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

// validConn is a conn whose driver says whether it can be used again: with it
// database/sql keeps a connection whose transaction was rolled back.
type validConn struct {
	*conn
	inner driver.Validator
}

// IsValid implements driver.Validator.
func (c validConn) IsValid() bool { return !c.closed && c.inner.IsValid() }
