package migrations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// sessionLock is a lock of a connection, which the server releases when the
// connection ends. Both queries return whether they did what they say; null is
// no. The zero value locks nothing.
//
// It is not one of goose, which makes its own table before it takes a lock.
type sessionLock struct{ acquire, release string }

// The locks are those of one database: PostgreSQL's by nature, and MySQL's by
// name, which has at most 64 characters. Waiting for PostgreSQL's ends with the
// context alone, for MySQL's after a minute too.
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

// hold does work while it holds the lock on a connection of its own.
func (l sessionLock) hold(ctx context.Context, db *sql.DB, work func() error) (err error) {
	if l == (sessionLock{}) {
		return work()
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("migrations: connecting: %w", err)
	}
	defer conn.Close() //nolint:errcheck // at worst the lock ends with it
	if err := ask(ctx, conn, l.acquire, "another program has been migrating for a minute"); err != nil {
		return err
	}
	err = work()
	return errors.Join(err, ask(context.WithoutCancel(ctx), conn, l.release, "the lock was lost while migrating"))
}

func ask(ctx context.Context, conn *sql.Conn, query, refusal string) error {
	var done sql.NullBool
	err := conn.QueryRowContext(ctx, query).Scan(&done)
	switch {
	case err != nil:
		return fmt.Errorf("migrations: locking: %w", err)
	case !done.Bool:
		return errors.New("migrations: " + refusal)
	}
	return nil
}
