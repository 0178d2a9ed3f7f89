package entstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
)

// DefaultMaxOpenConns is how many connections a process has at most to a
// database server where the argument max_open_conns is not given.
const DefaultMaxOpenConns = 10

// A connection is not kept for ever, so that the pool follows a server's name
// to another address, and an idle one not for long.
const (
	maxLifetime = 5 * time.Minute
	maxIdleTime = time.Minute
)

// closeTimeout is how long closing a database may last.
const closeTimeout = 5 * time.Second

// ValidateMaxOpenConns returns the problems in the argument max_open_conns.
// Migrating needs two connections.
func ValidateMaxOpenConns(connections int) []config.Problem {
	if connections == 0 || connections >= 2 {
		return nil
	}
	return []config.Problem{{Argument: "max_open_conns", Message: "must be at least 2"}}
}

// LimitPool sets how many connections to a database server there are, and for
// how long; 0 connections means [DefaultMaxOpenConns].
func LimitPool(pool *sql.DB, connections int) {
	connections = cmp.Or(connections, DefaultMaxOpenConns)
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	pool.SetConnMaxLifetime(maxLifetime)
	pool.SetConnMaxIdleTime(maxIdleTime)
}

// OpenOwned is [Open] for a pool that the database closes: with itself, or at
// once if it cannot be opened.
func OpenOwned(ctx context.Context, pool *sql.DB, d Dialect, way database.Migrate) (database.Database, error) {
	opened, err := Open(ctx, pool, d, way)
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return owner{opened, pool}, nil
}

// owner is a database that closes its pool.
type owner struct {
	*Database
	pool *sql.DB
}

// Close takes leave of the server, if that is not silent: each connection would
// wait for it in its turn. What is left ends with the process.
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
