package migrations_test

import (
	"strings"
	"testing"
)

// G18, D12: a table of another program, and what to do.
func TestSet_CheckForeign(t *testing.T) {
	t.Parallel()
	db := openMemory(t)
	set := newSet(t, db)
	check := func() error { return set.CheckForeign(t.Context(), "auth_sessions", []string{"id"}) }
	if err := check(); err != nil {
		t.Fatalf("without a table: %v", err)
	}
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE auth_sessions (id TEXT)"); err != nil {
		t.Fatal(err)
	}
	if err := check(); err == nil || !strings.Contains(err.Error(), "the database has a table auth_sessions that cotterpin did not create: rename that table") {
		t.Errorf("got %v, want the name of the table", err)
	}
	if _, err := db.ExecContext(t.Context(), "DROP TABLE auth_sessions"); err != nil {
		t.Fatal(err)
	}
	if err := set.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := check(); err != nil {
		t.Errorf("the kit's own table: %v", err)
	}
}
