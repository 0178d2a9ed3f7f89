package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"

	"modernc.org/sqlite"
)

// Connector returns what makes the kit's connections to the file, for a program
// that wraps them, to trace them say. They are those of [DataSource], but for
// one thing: when another process writes they do not wait for long, and it is
// for [entstore.Dialect.IsBusy] to see that.
func Connector(path string) (driver.Connector, error) {
	source, err := DataSource(path)
	if err != nil {
		return nil, err
	}
	patient, err := sqlite.NewConnector(source)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	return connector{patient}, nil
}

// connector makes connections that are patient until they are open. SQLite looks
// less and less often whether it can write, in the end ten times a second, and
// would hardly ever see a moment between the writes of a busy process.
type connector struct{ driver.Connector }

const shortBusyTimeout = "PRAGMA busy_timeout = 20"

// Connect implements driver.Connector.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	opened, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	//nolint:forcetypeassert // every connection of the driver can do this
	if _, err := opened.(driver.ExecerContext).ExecContext(ctx, shortBusyTimeout, nil); err != nil {
		return nil, errors.Join(fmt.Errorf("sqlite: %w", err), opened.Close())
	}
	return opened, nil
}
