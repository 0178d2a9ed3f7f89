package migrations_test

import (
	"strings"
	"testing"
)

// G18: a table of another program, and what to do.
func TestSet_ApplyForeignTable(t *testing.T) {
	t.Parallel()
	db := openMemory(t)
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE auth_sessions (id TEXT)"); err != nil {
		t.Fatal(err)
	}
	err := newSet(t, db).Apply(t.Context())
	if err == nil || !strings.Contains(err.Error(), "has a table auth_sessions that cotterpin did not create: rename that table") {
		t.Errorf("got %v, want the name of the table", err)
	}
	if _, err := db.ExecContext(t.Context(), "DROP TABLE auth_sessions"); err != nil {
		t.Fatal(err)
	}
	if err := newSet(t, db).Apply(t.Context()); err != nil {
		t.Errorf("without that table: %v", err)
	}
}
