package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"sync"
)

// readers reads single values with one query, on connections of its own. It does
// without database/sql, which takes as long as the query itself.
//
// A query is not interrupted when its context ends: it must find its row by a
// unique key, so that it takes microseconds. It waits at most shortBusyTimeout
// for a lock, and only a wait for a free connection ends with the context.
type readers struct {
	connector driver.Connector
	query     string

	free     chan *reader // always as many as it has capacity for, or in use; nil: not open
	closed   chan struct{}
	closeAll func() error
}

// newReaders opens a connection when it is first needed, and again after an error.
func newReaders(connector driver.Connector, query string, connections int) *readers {
	r := &readers{
		connector: connector, query: query,
		free: make(chan *reader, connections), closed: make(chan struct{}),
	}
	for range connections {
		r.free <- nil
	}
	r.closeAll = sync.OnceValue(r.closeConnections)
	return r
}

// read returns the text that the query selects with a key; [sql.ErrNoRows]
// without one, [sql.ErrConnDone] after close.
func (r *readers) read(ctx context.Context, key []byte) (value string, err error) {
	used, err := r.acquire(ctx)
	if err != nil {
		return "", err
	}
	var reusable *reader
	defer func() { r.free <- reusable }()
	if used == nil {
		if used, err = r.open(ctx); err != nil {
			return "", err
		}
	}
	value, err = used.read(key) //nolint:contextcheck // a query is not interrupted, see readers
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", errors.Join(err, used.close())
	}
	reusable = used
	return value, err
}

func (r *readers) acquire(ctx context.Context) (*reader, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case free := <-r.free: // without ctx.Done, which may start a timer
		return free, nil
	default:
	}
	select {
	case free := <-r.free:
		return free, nil
	case <-r.closed:
		return nil, sql.ErrConnDone
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (r *readers) open(ctx context.Context) (*reader, error) {
	conn, err := r.connector.Connect(ctx)
	if err != nil {
		return nil, fmt.Errorf("opening a connection: %w", err)
	}
	stmt, err := conn.Prepare(r.query)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("preparing: %w", err), conn.Close())
	}
	return &reader{conn: conn, stmt: stmt, args: []driver.NamedValue{{Ordinal: 1}}}, nil
}

// close closes the connections, each of them when its query has ended.
func (r *readers) close() error { return r.closeAll() }

func (r *readers) closeConnections() error {
	close(r.closed)
	var failures []error
	for range cap(r.free) {
		if free := <-r.free; free != nil {
			failures = append(failures, free.close())
		}
	}
	return errors.Join(failures...)
}

// reader is a connection with the prepared query.
type reader struct {
	conn driver.Conn
	stmt driver.Stmt
	args []driver.NamedValue
	row  [1]driver.Value
}

func (r *reader) read(key []byte) (value string, err error) {
	r.args[0].Value = key
	//nolint:forcetypeassert // all statements of the driver implement it
	rows, err := r.stmt.(driver.StmtQueryContext).QueryContext(context.Background(), r.args)
	if err != nil {
		return "", err //nolint:wrapcheck // the caller adds what failed
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	switch err := rows.Next(r.row[:]); {
	case errors.Is(err, io.EOF):
		return "", sql.ErrNoRows
	case err != nil:
		return "", err //nolint:wrapcheck // the caller adds what failed
	}
	value, _ = r.row[0].(string) // NULL is "", as concat never returns it
	return value, nil
}

func (r *reader) close() error { return errors.Join(r.stmt.Close(), r.conn.Close()) }
