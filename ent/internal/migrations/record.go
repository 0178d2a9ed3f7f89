package migrations

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"

	goosedb "github.com/pressly/goose/v3/database"
)

// recordColumn is the column of the table of versions that contains the oldest
// program version that can use the tables. It is null if nothing was recorded.
const recordColumn = "oldest_program"

// record matches the line of a file that declares the oldest program version.
var record = regexp.MustCompile(`(?m)^-- oldest program: ([1-9][0-9]{0,8})$`)

// readRecord returns the oldest program version that a file declares.
func readRecord(files fs.FS, name string) (int64, error) {
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return 0, fmt.Errorf("migrations: %w", err)
	}
	lines := record.FindAllSubmatch(text, -1)
	if len(lines) != 1 {
		return 0, fmt.Errorf("migrations: %s has %d lines such as \"-- oldest program: 1\", want one: "+
			"declare the oldest program version that can use these tables", name, len(lines))
	}
	return strconv.ParseInt(string(lines[0][1]), 10, 64) //nolint:wrapcheck // the pattern excludes an error
}

// recordStore writes the oldest program version with each applied version. Version
// 0, which goose requires, has no tables, and 0 as its record.
type recordStore struct {
	goosedb.Store
	oldest map[int64]int64 // by version
	insert string          // of a version with its record
}

// Insert implements goose's Store.
func (s recordStore) Insert(ctx context.Context, db goosedb.DBTxConn, r goosedb.InsertRequest) error {
	if _, err := db.ExecContext(ctx, s.insert, r.Version, s.oldest[r.Version]); err != nil {
		return fmt.Errorf("recording version %d: %w", r.Version, err)
	}
	return nil
}

// TableExists implements an optional method of goose's Store: ensureTable has
// created the table.
func (recordStore) TableExists(context.Context, goosedb.DBTxConn) (bool, error) { return true, nil }

// ensureTable creates the table of versions. It also completes one that has no
// record or no row, because MySQL cannot roll back an interrupted creation.
func (s *Set) ensureTable(ctx context.Context) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("migrations: beginning: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it does nothing
	if err := s.completeTable(ctx, tx); err != nil {
		return fmt.Errorf("migrations: creating %s: %w", Table, err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("migrations: creating %s: %w", Table, err)
	}
	return nil
}

func (s *Set) completeTable(ctx context.Context, tx *sql.Tx) error {
	exists, err := s.exists(ctx, tx, Table)
	if err != nil {
		return err
	}
	if !exists {
		if err := s.store.CreateVersionTable(ctx, tx); err != nil {
			return err //nolint:wrapcheck // ensureTable wraps it
		}
	}
	recorded, err := hasRecord(ctx, tx)
	if err != nil {
		return err
	}
	if !recorded {
		if _, err := tx.ExecContext(ctx, "ALTER TABLE "+Table+" ADD COLUMN "+recordColumn+" bigint"); err != nil {
			return err //nolint:wrapcheck // ensureTable wraps it
		}
	}
	var rows int
	if err := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+Table+" WHERE version_id = 0").Scan(&rows); err != nil || rows > 0 {
		return err //nolint:wrapcheck // ensureTable wraps it
	}
	return s.store.Insert(ctx, tx, goosedb.InsertRequest{Version: 0})
}

// hasRecord reports whether the table of versions has the column of the record.
func hasRecord(ctx context.Context, db querier) (bool, error) {
	columns, err := Columns(ctx, db, Table)
	return slices.Contains(columns, recordColumn), err
}

// checkRecord returns an error unless all versions that this program does not
// have are recorded as usable by it.
func (s *Set) checkRecord(ctx context.Context, current int64) error {
	recorded, err := hasRecord(ctx, s.db)
	if err != nil {
		return err
	}
	if !recorded {
		return s.notRecorded(current)
	}
	rows, err := s.db.QueryContext(ctx, "SELECT version_id, "+recordColumn+" FROM "+Table)
	if err != nil {
		return fmt.Errorf("migrations: reading %s: %w", Table, err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err reports it
	for rows.Next() {
		var version int64
		var oldest sql.Null[int64]
		if err := rows.Scan(&version, &oldest); err != nil {
			return fmt.Errorf("migrations: reading %s: %w", Table, err)
		}
		switch {
		case version <= s.required:
		case !oldest.Valid:
			return s.notRecorded(version)
		case oldest.V > s.program:
			return s.notUsable(version, oldest.V)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("migrations: reading %s: %w", Table, err)
	}
	return nil
}

const startNewer = "start the newer program, or restore the backup from before"

func (s *Set) notRecorded(version int64) error {
	return fmt.Errorf("migrations: the tables are at version %d, this program supports only version %d, "+
		"and no record shows that it can use the newer tables: %s", version, s.required, startNewer)
}

func (s *Set) notUsable(version, oldest int64) error {
	return fmt.Errorf("migrations: the tables are at version %d, which requires program version %d or later, "+
		"but this program has version %d: %s", version, oldest, s.program, startNewer)
}
