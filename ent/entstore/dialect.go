package entstore

import (
	"strconv"
	"strings"

	"entgo.io/ent/dialect"
)

// Dialect is what differs between databases beyond what ent hides. Each package
// of a database has one.
type Dialect struct {
	// Name is what ent calls the database: "sqlite3", "postgres", "mysql".
	Name string

	// IsConflict reports whether an error is the violation of a unique key. It
	// goes by the database's code: the text of an error is in the server's
	// language.
	IsConflict func(error) bool

	// IsDeadlock reports whether the database has undone a transaction so that
	// others can go on; it may be done again. nil: it never does that.
	IsDeadlock func(error) bool

	// IsBusy reports whether the database has not begun what it was asked for,
	// because another process writes; it may be asked again. nil: it waits by
	// itself.
	IsBusy func(error) bool
}

// returns reports whether an INSERT can return what it is asked for.
func (d Dialect) returns() bool { return d.Name != dialect.MySQL }

// oneWriter reports whether the database lets one connection write at a time.
func (d Dialect) oneWriter() bool { return d.Name == dialect.SQLite }

// placeholders returns a query that is written with question marks in the way
// the database writes parameters.
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
