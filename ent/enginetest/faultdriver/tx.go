package faultdriver

import (
	"context"
	"database/sql/driver"
	"errors"
)

// tx is a transaction whose commit or rollback may fail.
type tx struct {
	driver.Tx
	ctx  context.Context //nolint:containedctx // of BeginTx, as in drivers
	conn *conn
}

// Commit implements driver.Tx.
func (t tx) Commit() error { return t.end(Commit, t.Tx.Commit) }

// Rollback implements driver.Tx.
func (t tx) Rollback() error { return t.end(Rollback, t.Tx.Rollback) }

func (t tx) end(op Op, do func() error) error {
	defer t.conn.endTx()
	_, err := perform(t.ctx, t.conn, Event{Op: op}, func() (struct{}, error) { return struct{}{}, do() }, keep)
	if errors.Is(err, ErrFailed) && !t.conn.closed {
		_ = t.Tx.Rollback() // no effect after a commit
	}
	return err
}
