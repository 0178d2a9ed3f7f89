package entstore

import (
	"testing"

	"entgo.io/ent/dialect"
)

func TestDialect_Placeholders(t *testing.T) {
	t.Parallel()
	const query = "SELECT a FROM t WHERE b = ? AND c = ?"
	for name, want := range map[string]string{
		dialect.SQLite:   query,
		dialect.MySQL:    query,
		dialect.Postgres: "SELECT a FROM t WHERE b = $1 AND c = $2",
	} {
		if got := (Dialect{Name: name}).placeholders(query); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
