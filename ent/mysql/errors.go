package mysql

import (
	"errors"

	"github.com/go-sql-driver/mysql"
)

// Error numbers, the same on MariaDB and MySQL. See
// https://mariadb.com/kb/en/mariadb-error-code-reference/.
const (
	duplicateEntry = 1062
	deadlock       = 1213
)

func isConflict(err error) bool { return has(err, duplicateEntry) }

func isDeadlock(err error) bool { return has(err, deadlock) }

func has(err error, number uint16) bool {
	failure, ok := errors.AsType[*mysql.MySQLError](err)
	return ok && failure.Number == number
}
