package postgres

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
)

const (
	beatEvery   = 500 * time.Millisecond // between two notifications of a process to itself
	beatTimeout = time.Second            // after which a missing one shows that the connection is lost

	changesChannel = "cotterpin_changes" // the triggers of the tables notify it
	triggers       = 3                   // of them
)

const countTriggers = `SELECT count(*) FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
	WHERE c.relnamespace = current_schema()::regnamespace AND t.tgenabled IN ('O', 'A')
	AND t.tgname IN ('auth_session_updated', 'auth_session_deleted', 'auth_user_updated')`

// listening is a database that notifies this process of what others write. Triggers
// of the tables notify, in the transaction that writes, so that writes of other
// programs are included.
//
// Beats, the notifications of a process to itself, are sent through the pool, so
// that only a connection to the same database hears them.
type listening struct {
	database.Database
	pool      *sql.DB          // of the database
	connector driver.Connector // of the connection that listens
	log       *slog.Logger
}

var _ database.Listener = listening{}

func withListener(opened database.Database, pool *sql.DB, s Settings, log *slog.Logger) (database.Database, error) {
	url := s.URL
	if !s.ListenURL.IsZero() {
		url = s.ListenURL
	}
	connector, err := Connector(url)
	if err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	return listening{opened, pool, connector, log}, nil
}

// Listen implements database.Listener.
func (l listening) Listen(ctx context.Context, heard func(identity.UserID), trusted func(until time.Time)) {
	o := outage{log: l.log}
	for ctx.Err() == nil {
		trusted(time.Time{})
		err := l.listen(ctx, heard, func(until time.Time) {
			if !until.IsZero() {
				o.over()
			}
			trusted(until)
		})
		if ctx.Err() != nil {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(o.lost(err)):
		}
	}
}

var errNotConnected = errors.New("postgres: not connected")

// listen returns when the connection is lost.
func (l listening) listen(ctx context.Context, heard func(identity.UserID), trusted func(until time.Time)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	connection, err := l.connector.Connect(ctx)
	if err != nil {
		return errors.Join(errNotConnected, err)
	}
	defer connection.Close()                 //nolint:errcheck // it is lost anyway
	conn := connection.(*stdlib.Conn).Conn() //nolint:forcetypeassert // that of our connector
	beats := "cotterpin_" + rand.Text()
	if err := subscribe(ctx, conn, beats); err != nil {
		return err
	}
	trusted(time.Time{}) // what was read before is not covered by notifications
	for {
		if err := l.beat(ctx, conn, beats, heard, trusted); err != nil {
			return err
		}
	}
}

// subscribe begins to listen, and checks that the tables notify.
func subscribe(ctx context.Context, conn *pgx.Conn, beats string) error {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if _, err := conn.Exec(ctx, `LISTEN `+changesChannel+`; LISTEN "`+beats+`"`); err != nil {
		return fmt.Errorf("postgres: listening: %w", err)
	}
	var found int
	if err := conn.QueryRow(ctx, countTriggers, pgx.QueryExecModeSimpleProtocol).Scan(&found); err != nil {
		return fmt.Errorf("postgres: looking for triggers: %w", err)
	}
	if found < triggers {
		return errors.New(`postgres: the tables have no triggers that notify: let migrate = "apply" create them, or copy them from the kit's migrations`)
	}
	return nil
}

// beat sends a notification to this process, and passes on all that arrive until the
// next is due. Notifications arrive in the order of commits, so that all that were
// committed before it have been heard when it arrives.
func (l listening) beat(
	ctx context.Context, conn *pgx.Conn, beats string, heard func(identity.UserID), trusted func(until time.Time),
) error {
	sent := time.Now()
	lost, cancel := context.WithDeadline(ctx, sent.Add(beatTimeout))
	defer cancel()
	if _, err := l.pool.ExecContext(lost, "SELECT pg_notify($1, '')", beats); err != nil {
		return fmt.Errorf("postgres: notifying: %w", err)
	}
	due, cancelDue := context.WithDeadline(ctx, sent.Add(beatEvery))
	defer cancelDue()
	for wait := lost; ; {
		n, err := conn.WaitForNotification(wait)
		switch {
		case err != nil && wait == due && ctx.Err() == nil && !conn.IsClosed():
			return nil // in time for the next
		case err != nil:
			return fmt.Errorf("postgres: waiting for notifications: %w", err)
		case n.Channel == beats:
			trusted(sent.Add(beatTimeout))
			wait = due
		default:
			if user, err := uuid.Parse(n.Payload); err == nil {
				heard(user)
			}
		}
	}
}
