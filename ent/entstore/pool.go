package entstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"time"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
)

// DefaultMaxOpenConns is the default of the argument max_open_conns.
const DefaultMaxOpenConns = 10

// Connections are closed after a while, so that the pool follows a server's name
// to another address.
const (
	maxLifetime = 5 * time.Minute
	maxIdleTime = time.Minute
)

// closeTimeout limits owner.Close.
const closeTimeout = 5 * time.Second

// ValidateMaxOpenConns returns the problems of the argument max_open_conns. A
// migration requires two connections.
func ValidateMaxOpenConns(connections int) []config.Problem {
	if connections == 0 || connections >= 2 {
		return nil
	}
	return []config.Problem{{Argument: "max_open_conns", Message: "must be at least 2"}}
}

// LimitPool limits the number of connections to a database server, and their
// lifetime. 0 connections means [DefaultMaxOpenConns].
func LimitPool(pool *sql.DB, connections int) {
	connections = cmp.Or(connections, DefaultMaxOpenConns)
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	pool.SetConnMaxLifetime(maxLifetime)
	pool.SetConnMaxIdleTime(maxIdleTime)
}

// OpenOwned is [Open] for a pool that belongs to the database: Close closes both,
// and an error of OpenOwned closes the pool.
func OpenOwned(ctx context.Context, pool *sql.DB, d Dialect, migrate database.Migrate, log *slog.Logger) (database.Database, error) {
	opened, err := Open(ctx, pool, d, migrate, log)
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return owner{opened, pool}, nil
}

// owner closes the pool with the database.
type owner struct {
	*Database
	pool *sql.DB
}

// Close returns after closeTimeout even if connections are still open: each of
// them may wait for an unresponsive server in turn.
func (o owner) Close() error {
	closed := make(chan error, 1)
	go func() { closed <- errors.Join(o.Database.Close(), o.pool.Close()) }()
	select {
	case err := <-closed:
		return err
	case <-time.After(closeTimeout):
		return nil
	}
}
