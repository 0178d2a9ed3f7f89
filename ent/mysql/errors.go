package mysql

import (
	"errors"

	"github.com/go-sql-driver/mysql"
)

// The numbers that decide, the same on MariaDB and MySQL:
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
