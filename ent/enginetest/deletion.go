package enginetest

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"entgo.io/ent/dialect"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/account/accounttest"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/ent/entstore"
)

// RunDeletion tests the deletion of a user that a table of the application
// references. newConnector returns a connector to a new empty database. Embedded
// databases can use it too.
func RunDeletion(t *testing.T, d entstore.Dialect, newConnector func(t *testing.T) driver.Connector) {
	t.Helper()
	for name, action := range map[string]string{"NoAction": "", "Restrict": " ON DELETE RESTRICT"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := openPool(t, newConnector(t))
			db, err := entstore.Open(t.Context(), pool, d, database.MigrateApply, slog.Default())
			if err != nil {
				t.Fatalf("Open: %v", err)
			}
			t.Cleanup(func() { _ = db.Close() })
			user := newUser("ada")
			if err := accounttest.Register(t.Context(), db.Accounts(), user, nil); err != nil {
				t.Fatalf("Register: %v", err)
			}
			execute(t, pool, createNotes(d, action)...)
			execute(t, pool, "INSERT INTO notes (user_id) SELECT id FROM auth_users")

			err = db.Accounts().Delete(t.Context(), user.ID)
			named := d.Name == dialect.SQLite || strings.Contains(fmt.Sprint(err), "table notes")
			if !errors.Is(err, account.ErrReferenced) || !named {
				t.Errorf("Delete: got %v, want ErrReferenced by table notes", err)
			}
			if _, err := db.Accounts().Find(t.Context(), user.Key); err != nil {
				t.Errorf("Find after the failed deletion: %v", err)
			}
			execute(t, pool, "DELETE FROM notes")
			if err := db.Accounts().Delete(t.Context(), user.ID); err != nil {
				t.Errorf("Delete of the unreferenced user: %v", err)
			}
		})
	}
}

// createNotes returns the statements that create a table that references users.
// Only SQLite cannot add the foreign key later, when the type of the column is
// that of the users' ids.
func createNotes(d entstore.Dialect, action string) []string {
	if d.Name == dialect.SQLite {
		return []string{"CREATE TABLE notes (user_id REFERENCES auth_users (id)" + action + ")"}
	}
	return []string{
		"CREATE TABLE notes AS SELECT id AS user_id FROM auth_users WHERE 1 = 0",
		"ALTER TABLE notes ADD FOREIGN KEY (user_id) REFERENCES auth_users (id)" + action,
	}
}

func (e Engine) testDeletion(t *testing.T) {
	RunDeletion(t, e.Dialect, e.newConnector)
}
