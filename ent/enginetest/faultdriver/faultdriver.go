// Package faultdriver wraps a driver of database/sql, so that a test can record
// what a database is sent, and can make any part of it fail: it does not
// happen, its response or connection is lost, or it hangs.
//
//	connector := faultdriver.Wrap(inner)
//	pool := sql.OpenDB(connector)
//	script := &faultdriver.Script{At: 3, Fault: faultdriver.LoseResponse}
//	_, err := pool.ExecContext(script.In(ctx), "UPDATE …") // and so on
//
// A script is bound to a context, which database/sql passes with every
// statement, so it does not affect other users of the pool. Commit and rollback
// use the context of BeginTx.
//
// The driver must support contexts and the reset of sessions. Only tests and
// their suites use this package.
package faultdriver

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync/atomic"
)

// Connector makes connections whose statements may fail.
type Connector struct {
	inner        driver.Connector
	connections  atomic.Int32
	transactions atomic.Int32
	prepares     atomic.Bool // the driver accepts arguments in prepared statements only
}

var _ driver.Connector = (*Connector)(nil)

// Wrap returns a connector for a pool that uses the connections of inner.
func Wrap(inner driver.Connector) *Connector { return &Connector{inner: inner} }

// Connections returns how many connections are open.
func (c *Connector) Connections() int { return int(c.connections.Load()) }

// Transactions returns how many transactions are open, by the calls of
// database/sql.
func (c *Connector) Transactions() int { return int(c.transactions.Load()) }

// Driver implements driver.Connector.
func (c *Connector) Driver() driver.Driver { return c.inner.Driver() }

// Connect implements driver.Connector.
func (c *Connector) Connect(ctx context.Context) (driver.Conn, error) {
	made, err := c.inner.Connect(ctx)
	if err != nil {
		return nil, err
	}
	inner, ok := made.(innerConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("faultdriver: the connections of %T lack a required interface", c.inner), made.Close())
	}
	c.connections.Add(1)
	wrapped := &conn{innerConn: inner, connector: c, statements: map[*stmt]bool{}}
	if validator, ok := made.(driver.Validator); ok {
		return validConn{wrapped, validator}, nil
	}
	return wrapped, nil
}
