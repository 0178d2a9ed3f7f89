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

	// IsConflict reports whether an error is the violation of a unique key, and
	// IsForeignKey whether it is that of a foreign key. They go by the
	// database's code: the text of an error is in the server's language.
	IsConflict   func(error) bool
	IsForeignKey func(error) bool

	// IsDeadlock reports whether the database has undone a transaction so that
	// others can go on; it may be done again. nil: it never does that.
	IsDeadlock func(error) bool
}

// locksRows reports whether a transaction locks the rows it asks to lock.
// SQLite has no such lock: it locks the whole database.
func (d Dialect) locksRows() bool { return d.Name != dialect.SQLite }

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
