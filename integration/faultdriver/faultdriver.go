// Package faultdriver puts itself between database/sql and a driver, so that a
// test sees what is asked of a database, and can have any part of it fail: not
// happen, happen without an answer, lose the connection, or never end.
//
//	connector := faultdriver.Wrap(inner)
//	pool := sql.OpenDB(connector)
//	script := &faultdriver.Script{At: 3, Fault: faultdriver.LoseAnswer}
//	_, err := pool.ExecContext(script.In(ctx), "UPDATE …") // and so on
//
// A fault is bound to a context, which database/sql hands down with every
// statement; what others do on the same pool meanwhile is not touched. A
// transaction's end has the context of its beginning.
//
// Otherwise everything is as the driver does it. It must be one of today: with
// contexts, and with sessions that are reset before they are used again.
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
	prepares     atomic.Bool // the driver takes arguments in prepared statements alone
}

var _ driver.Connector = (*Connector)(nil)

// Wrap returns the connector of a pool, over that of a driver.
func Wrap(inner driver.Connector) *Connector { return &Connector{inner: inner} }

// Connections returns how many connections are open.
func (c *Connector) Connections() int { return int(c.connections.Load()) }

// Transactions returns how many transactions are under way, as far as the
// driver knows.
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
		return nil, errors.Join(fmt.Errorf("faultdriver: the connections of %T cannot do all that is needed", c.inner), made.Close())
	}
	c.connections.Add(1)
	wrapped := &conn{innerConn: inner, connector: c, statements: map[*stmt]bool{}}
	if validator, ok := made.(driver.Validator); ok {
		return validConn{wrapped, validator}, nil
	}
	return wrapped, nil
}
