package mysql

import (
	"errors"
	"regexp"

	"github.com/go-sql-driver/mysql"
)

// Error numbers, the same on MariaDB and MySQL. See
// https://mariadb.com/kb/en/mariadb-error-code-reference/.
const (
	duplicateEntry   = 1062
	deadlock         = 1213
	rowIsReferenced  = 1217 // without the name of the table
	rowIsReferenced2 = 1451

	databaseAccessDenied = 1044
	tableAccessDenied    = 1142
	columnAccessDenied   = 1143
)

func isConflict(err error) bool { return has(err, duplicateEntry) }

// constraint matches the constraint in the message of [rowIsReferenced2], which
// is the same in every language: (`schema`.`table`, CONSTRAINT ….
var constraint = regexp.MustCompile("\\(`(?:[^`]|``)*`\\.`((?:[^`]|``)*)`, CONSTRAINT ")

func isReferenced(err error) (table string, referenced bool) {
	if !has(err, rowIsReferenced) && !has(err, rowIsReferenced2) {
		return "", false
	}
	if found := constraint.FindStringSubmatch(err.Error()); found != nil {
		table = found[1]
	}
	return table, true
}

func isDeadlock(err error) bool { return has(err, deadlock) }

func has(err error, number uint16) bool {
	failure, ok := errors.AsType[*mysql.MySQLError](err)
	return ok && failure.Number == number
}
