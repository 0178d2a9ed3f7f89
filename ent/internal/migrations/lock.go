package migrations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// sessionLock is a lock that a connection holds, and that the server releases
// when the connection closes. Both queries return true on success; false and null
// are failures. The zero value locks nothing.
//
// goose's own locks are not used, because goose creates its table before it
// locks.
type sessionLock struct{ acquire, release string }

// The scope of a lock is one database: on PostgreSQL by itself, on MySQL by the
// lock's name, which may have 64 characters. A wait ends with the context, on
// MySQL also after a minute.
var (
	postgresLock = sessionLock{
		acquire: "SELECT pg_advisory_lock(hashtext('auth_migrations')) IS NOT NULL",
		release: "SELECT pg_advisory_unlock(hashtext('auth_migrations'))",
	}
	mysqlLock = sessionLock{
		acquire: "SELECT GET_LOCK(CONCAT('auth_migrations:', MD5(DATABASE())), 60)",
		release: "SELECT RELEASE_LOCK(CONCAT('auth_migrations:', MD5(DATABASE())))",
	}
)

// hold calls fn while a separate connection holds the lock.
func (l sessionLock) hold(ctx context.Context, db *sql.DB, fn func() error) (err error) {
	if l == (sessionLock{}) {
		return fn()
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("migrations: connecting: %w", err)
	}
	defer conn.Close() //nolint:errcheck // the server releases the lock at the latest now
	if err := queryLock(ctx, conn, l.acquire, "another program has been migrating for a minute"); err != nil {
		return err
	}
	err = fn()
	return errors.Join(err, queryLock(context.WithoutCancel(ctx), conn, l.release, "the lock was lost while migrating"))
}

// queryLock executes a query of a lock, and returns an error with the message
// failure unless the query returns true.
func queryLock(ctx context.Context, conn *sql.Conn, query, failure string) error {
	var done sql.NullBool
	err := conn.QueryRowContext(ctx, query).Scan(&done)
	switch {
	case err != nil:
		return fmt.Errorf("migrations: locking: %w", err)
	case !done.Bool:
		return errors.New("migrations: " + failure)
	}
	return nil
}
