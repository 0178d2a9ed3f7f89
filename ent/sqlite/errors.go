package sqlite

import (
	"errors"
	"fmt"
	"strings"

	"modernc.org/sqlite"
	code "modernc.org/sqlite/lib"
)

func isConflict(err error) bool {
	return has(err, code.SQLITE_CONSTRAINT_UNIQUE) || has(err, code.SQLITE_CONSTRAINT_PRIMARYKEY)
}

// isReferenced accepts the code of a foreign key, and that of a trigger, which is
// how SQLite implements ON DELETE RESTRICT, if the message is that of a foreign
// key. SQLite does not name the table.
func isReferenced(err error) (table string, referenced bool) {
	return "", has(err, code.SQLITE_CONSTRAINT_FOREIGNKEY) ||
		has(err, code.SQLITE_CONSTRAINT_TRIGGER) && strings.Contains(err.Error(), "FOREIGN KEY constraint failed")
}

// isBusy accepts every extended code of SQLITE_BUSY, which is their low byte.
func isBusy(err error) bool {
	failure, ok := errors.AsType[*sqlite.Error](err)
	return ok && failure.Code()&0xff == code.SQLITE_BUSY
}

// has reports whether an error has one of SQLite's extended result codes:
// https://www.sqlite.org/rescode.html.
func has(err error, extended int) bool {
	failure, ok := errors.AsType[*sqlite.Error](err)
	return ok && failure.Code() == extended
}

// explain adds what the operator can do about an error of Open.
func explain(path string, err error) error {
	if has(err, code.SQLITE_NOTADB) {
		return fmt.Errorf("sqlite: %s is not an SQLite database: change path: %w", path, err)
	}
	return err
}
