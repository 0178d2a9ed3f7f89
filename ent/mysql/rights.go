package mysql

import (
	"context"
	"database/sql"
	"fmt"
)

// explainRights adds to an error about a missing right of which database it is,
// and what to do. The server names the right and the table.
func explainRights(ctx context.Context, db *sql.DB, err error) error {
	if !has(err, databaseAccessDenied) && !has(err, tableAccessDenied) && !has(err, columnAccessDenied) {
		return err
	}
	var account, database string
	if db.QueryRowContext(ctx, "SELECT CURRENT_USER(), DATABASE()").Scan(&account, &database) != nil {
		return err
	}
	return fmt.Errorf("mysql: the account %s lacks a right on the database %s: it needs SELECT, INSERT, UPDATE, DELETE, "+
		"and to migrate also CREATE, ALTER, DROP, INDEX, REFERENCES; run GRANT … ON %[2]s.* TO it: %w", account, database, err)
}
