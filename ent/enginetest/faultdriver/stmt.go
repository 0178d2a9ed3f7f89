package faultdriver

import (
	"context"
	"database/sql/driver"
)

// innerStmt contains what a prepared statement must support.
type innerStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// stmt is a prepared statement that may fail.
type stmt struct {
	innerStmt
	conn  *conn
	query string
}

// ExecContext implements driver.StmtExecContext.
func (s *stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return perform(ctx, s.conn, Event{Op: Exec, SQL: s.query, Args: args}, func() (driver.Result, error) {
		return s.innerStmt.ExecContext(ctx, args)
	}, keep)
}

// QueryContext implements driver.StmtQueryContext.
func (s *stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.conn.query(ctx, s.query, args, func() (driver.Rows, error) { return s.innerStmt.QueryContext(ctx, args) })
}

// Close implements driver.Stmt.
func (s *stmt) Close() error {
	if !s.conn.statements[s] {
		return nil
	}
	delete(s.conn.statements, s)
	return s.innerStmt.Close()
}

// CheckNamedValue implements driver.NamedValueChecker.
func (s *stmt) CheckNamedValue(value *driver.NamedValue) error {
	if checker, ok := s.innerStmt.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(value)
	}
	return s.conn.CheckNamedValue(value)
}
