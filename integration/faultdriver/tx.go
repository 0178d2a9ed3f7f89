package faultdriver

import (
	"context"
	"database/sql/driver"
	"errors"
)

// tx is a transaction whose end may fail.
type tx struct {
	driver.Tx
	ctx  context.Context //nolint:containedctx // that of its beginning, as a driver's
	conn *conn
}

// Commit implements driver.Tx.
func (t tx) Commit() error { return t.end(Commit, t.Tx.Commit) }

// Rollback implements driver.Tx.
func (t tx) Rollback() error { return t.end(Rollback, t.Tx.Rollback) }

func (t tx) end(kind Kind, do func() error) error {
	defer t.conn.endTx()
	_, err := happen(t.ctx, t.conn, Event{Kind: kind}, func() (struct{}, error) { return struct{}{}, do() }, ignore)
	if errors.Is(err, ErrRefused) && !t.conn.closed {
		_ = t.Tx.Rollback() // after a commit there is nothing to undo
	}
	return err
}
