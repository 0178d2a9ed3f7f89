package entstore

import (
	"strconv"
	"strings"

	"entgo.io/ent/dialect"
)

// Dialect contains the differences between databases that ent does not hide.
// Each database package has one.
type Dialect struct {
	// Name is ent's name of the database: "sqlite3", "postgres" or "mysql".
	Name string

	// IsConflict reports whether an error is the violation of a unique key. It
	// compares the error code, because servers localize messages.
	IsConflict func(error) bool

	// IsReferenced reports whether an error is the violation of a foreign key by
	// the deletion of a row, and which table references it; "" if the database does
	// not name the table.
	IsReferenced func(error) (table string, referenced bool)

	// IsDeadlock reports whether the database rolled back a transaction because
	// of a deadlock or serialization failure, so that a retry may succeed. nil:
	// the database has no such error.
	IsDeadlock func(error) bool

	// IsBusy reports whether the database has not begun to execute a statement
	// because another process writes, so that a retry may succeed. nil: the
	// database has no such error.
	IsBusy func(error) bool
}

// returns reports whether the database supports INSERT … RETURNING.
func (d Dialect) returns() bool { return d.Name != dialect.MySQL }

// oneWriter reports whether the database allows one writer at a time.
func (d Dialect) oneWriter() bool { return d.Name == dialect.SQLite }

// placeholders replaces the question marks of a query by the placeholders of the
// database.
func (d Dialect) placeholders(query string) string {
	if d.Name != dialect.Postgres {
		return query
	}
	var numbered strings.Builder
	for i, part := range strings.Split(query, "?") {
		if i > 0 {
			numbered.WriteString("$" + strconv.Itoa(i))
		}
		numbered.WriteString(part)
	}
	return numbered.String()
}
