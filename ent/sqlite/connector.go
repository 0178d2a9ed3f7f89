package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"

	"modernc.org/sqlite"
)

// Connector returns the connector of the kit's pool, for a program that wraps
// connections, for example to trace statements. Unlike those of [DataSource],
// its connections wait only 20 ms for other writers, and leave further attempts
// to entstore, which recognizes the error by [entstore.Dialect].IsBusy.
func Connector(path string) (driver.Connector, error) {
	source, err := DataSource(path)
	if err != nil {
		return nil, err
	}
	inner, err := sqlite.NewConnector(source)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	return connector{inner}, nil
}

// connector shortens the busy timeout of connections once they are open. While
// SQLite waits, it polls less and less often, in the end every 100 ms, and would
// rarely find a gap between the writes of a busy process.
type connector struct{ driver.Connector }

const shortBusyTimeout = "PRAGMA busy_timeout = 20"

// Connect implements driver.Connector.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	opened, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	//nolint:forcetypeassert // all connections of the driver implement it
	if _, err := opened.(driver.ExecerContext).ExecContext(ctx, shortBusyTimeout, nil); err != nil {
		return nil, errors.Join(fmt.Errorf("sqlite: %w", err), opened.Close())
	}
	return opened, nil
}
