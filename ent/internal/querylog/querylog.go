// Package querylog records what a database is asked: for tests that count
// statements or look at their plans.
package querylog

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Log is what was asked on the connections of a pool, in order. BEGIN and COMMIT
// are in it, preparing and rolling back are not.
type Log struct {
	mu   sync.Mutex
	seen []Statement
}

// Statement is one that was executed.
type Statement struct {
	Query string
	Args  []any
}

// Verb returns the statement's first word.
func (s Statement) Verb() string { return strings.Fields(s.Query)[0] }

// Open returns a pool with the connections of another one, and its log. The
// other stays the caller's, who closes it later.
func Open(pool *sql.DB) (*sql.DB, *Log) {
	log := new(Log)
	return sql.OpenDB(connector{pool, log}), log
}

// Take returns what was asked since it was called last.
func (l *Log) Take() []Statement {
	l.mu.Lock()
	defer l.mu.Unlock()
	seen := slices.Clone(l.seen)
	l.seen = l.seen[:0]
	return seen
}

// Verbs is Take for the first words alone, parted by blanks.
func (l *Log) Verbs() string {
	var verbs []string
	for _, statement := range l.Take() {
		verbs = append(verbs, statement.Verb())
	}
	return strings.Join(verbs, " ")
}

func (l *Log) add(query string, args []driver.NamedValue) {
	l.mu.Lock()
	defer l.mu.Unlock()
	statement := Statement{Query: query}
	for _, arg := range args {
		statement.Args = append(statement.Args, arg.Value)
	}
	l.seen = append(l.seen, statement)
}

type connector struct {
	pool *sql.DB
	log  *Log
}

func (c connector) Driver() driver.Driver { return c.pool.Driver() }

// Connect borrows a connection from the pool until it is closed.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	borrowed, err := c.pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	logged := conn{borrowed: borrowed, log: c.log}
	err = borrowed.Raw(func(raw any) (err error) {
		var ok bool
		if logged.driverConn, ok = raw.(driverConn); !ok {
			err = fmt.Errorf("querylog: %T cannot do what it must", raw)
		}
		return err
	})
	if err != nil {
		return nil, errors.Join(err, borrowed.Close())
	}
	return logged, nil
}

// driverConn is what the connections of our drivers can do.
type driverConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.SessionResetter
}

type conn struct {
	driverConn
	borrowed *sql.Conn
	log      *Log
}

func (c conn) Close() error { return c.borrowed.Close() }

// CheckNamedValue implements driver.NamedValueChecker.
func (c conn) CheckNamedValue(value *driver.NamedValue) error { return check(c.driverConn, value) }

// check leaves to database/sql what the driver leaves to it.
func check(checker any, value *driver.NamedValue) error {
	if own, ok := checker.(driver.NamedValueChecker); ok {
		return own.CheckNamedValue(value)
	}
	return driver.ErrSkip
}

func (c conn) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	c.log.add("BEGIN", nil)
	begun, err := c.driverConn.BeginTx(ctx, options)
	return tx{begun, c.log}, err
}

func (c conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	result, err := c.driverConn.ExecContext(ctx, query, args)
	if !errors.Is(err, driver.ErrSkip) {
		c.log.add(query, args)
	}
	return result, err
}

func (c conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	rows, err := c.driverConn.QueryContext(ctx, query, args)
	if !errors.Is(err, driver.ErrSkip) {
		c.log.add(query, args)
	}
	return rows, err
}

func (c conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	prepared, err := c.driverConn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	able, ok := prepared.(driverStmt)
	if !ok {
		return nil, errors.Join(fmt.Errorf("querylog: %T cannot do what it must", prepared), prepared.Close())
	}
	return stmt{able, c, query}, nil
}

type tx struct {
	driver.Tx
	log *Log
}

func (t tx) Commit() error {
	t.log.add("COMMIT", nil)
	return t.Tx.Commit()
}

// driverStmt is what the prepared statements of our drivers can do.
type driverStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

type stmt struct {
	driverStmt
	conn  conn
	query string
}

// CheckNamedValue implements driver.NamedValueChecker.
func (s stmt) CheckNamedValue(value *driver.NamedValue) error {
	if err := check(s.driverStmt, value); !errors.Is(err, driver.ErrSkip) {
		return err
	}
	return s.conn.CheckNamedValue(value)
}

func (s stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	s.conn.log.add(s.query, args)
	return s.driverStmt.ExecContext(ctx, args)
}

func (s stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	s.conn.log.add(s.query, args)
	return s.driverStmt.QueryContext(ctx, args)
}
