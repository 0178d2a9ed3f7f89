package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/ent/entstore"
)

// plan opens the database for a plan: read-only, and a missing file as an empty
// database in memory.
func plan(_ context.Context, s Settings, env database.Env) (database.Planner, error) {
	path := s.file(env)
	o := entstore.PlanOptions{
		Migrate: entstore.MigrateOrDefault(s.Migrate, env),
		Open: func(ctx context.Context) (database.Database, error) {
			s.Migrate = string(database.MigrateApply)
			return open(ctx, s, env)
		},
		Explain: func(err error) error { return explain(path, err) },
	}
	source, err := readOnlySource(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && o.Migrate != database.MigrateOff:
		o.Creates = path
		if directory := filepath.Dir(path); !exists(directory) {
			return nil, fmt.Errorf("sqlite: %s", advice(path, err))
		}
		source = Memory
	case err != nil:
		return nil, fmt.Errorf("sqlite: %s: %w", advice(path, err), err)
	}
	pool, err := sql.Open("sqlite", source)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	pool.SetMaxOpenConns(1)
	planner, err := entstore.NewPlanner(pool, Dialect(), o)
	if err != nil {
		return nil, err
	}
	if path == Memory {
		return inMemory{planner}, nil
	}
	return planner, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// inMemory is the plan of a database in memory, which each Open creates: nothing
// is ever pending.
type inMemory struct{ database.Planner }

// Changes implements database.Planner.
func (m inMemory) Changes(ctx context.Context) (database.Changes, error) {
	changes, err := m.Planner.Changes(ctx)
	changes.Version, changes.Migrations = changes.Required, nil
	return changes, err
}

// readOnlySource returns the data source name for reading a file that is not
// written, and next to which no file is created: SQLite would create a -wal and a
// -shm file for a reader too, and not remove them. Without a -wal that contains
// something no process has changes that the file lacks, so that the file can be
// read as immutable: a process that begins to write meanwhile first writes to a
// new -wal.
func readOnlySource(path string) (string, error) {
	if path == Memory {
		return Memory, nil
	}
	isWAL, err := hasWALFormat(path)
	if err != nil {
		return "", err
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("sqlite: %w", err)
	}
	parameters := url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(5000)"}}
	if wal, err := os.Stat(path + "-wal"); isWAL && (err != nil || wal.Size() == 0) {
		parameters.Set("immutable", "1")
	}
	file := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(absolute), RawQuery: parameters.Encode()}
	return file.String(), nil
}

// hasWALFormat reports whether the header of a file specifies a write-ahead log:
// https://www.sqlite.org/fileformat.html, section 1.3.3.
func hasWALFormat(path string) (bool, error) {
	file, err := os.Open(path)
	if err != nil {
		return false, err //nolint:wrapcheck // plan adds what to do
	}
	defer file.Close() //nolint:errcheck // nothing was written
	const versions = 18
	header := make([]byte, versions+2)
	if _, err := io.ReadFull(file, header); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return false, nil
		}
		return false, err //nolint:wrapcheck // plan adds what to do
	}
	return bytes.Equal(header[versions:], []byte{2, 2}), nil
}
