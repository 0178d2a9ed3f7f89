// Package drift compares the tables of a database with package schema. The
// generator of the migrations and their tests use it.
package drift

import (
	"context"
	"database/sql"
	"fmt"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/mysql"
	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
	"ariga.io/atlas/sql/sqlite"
	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	entschema "entgo.io/ent/dialect/sql/schema"

	entmigrate "github.com/cotterpin/cotterpin/ent/internal/entgen/migrate"
)

// Plan returns the statements that would change the database's tables to those
// of package schema, none if they are equal. It ignores other tables, and does not
// write.
func Plan(ctx context.Context, name string, db *sql.DB) ([]*migrate.Change, error) {
	driver, err := inspector(name, db)
	if err != nil {
		return nil, err
	}
	current, err := driver.InspectSchema(ctx, "", &schema.InspectOptions{Tables: tableNames()})
	if err != nil {
		return nil, fmt.Errorf("drift: inspecting: %w", err)
	}
	desired, err := describe(ctx, name, db)
	if err != nil {
		return nil, err
	}
	desired.Name = current.Name
	if name == dialect.Postgres {
		collateCurrent(current)
		collateDesired(desired)
	}
	changes, err := driver.SchemaDiff(current, desired)
	if err != nil {
		return nil, fmt.Errorf("drift: comparing: %w", err)
	}
	plan, err := driver.PlanChanges(ctx, "drift", changes, formatStatements)
	if err != nil {
		return nil, fmt.Errorf("drift: planning: %w", err)
	}
	return plan.Changes, nil
}

// inspectors contains Atlas's drivers by ent's dialect name.
var inspectors = map[string]func(schema.ExecQuerier) (migrate.Driver, error){
	dialect.SQLite:   sqlite.Open,
	dialect.Postgres: postgres.Open,
	dialect.MySQL:    mysql.Open,
}

func inspector(name string, db *sql.DB) (migrate.Driver, error) {
	open, known := inspectors[name]
	if !known {
		return nil, fmt.Errorf("drift: unknown database %q", name)
	}
	driver, err := open(db)
	if err != nil {
		return nil, fmt.Errorf("drift: %w", err)
	}
	return driver, nil
}

// describe returns the tables of package schema, with the types of the database.
func describe(ctx context.Context, name string, db *sql.DB) (*schema.Schema, error) {
	atlas, err := entschema.NewMigrate(entsql.OpenDB(name, db))
	if err != nil {
		return nil, fmt.Errorf("drift: %w", err)
	}
	realm, err := atlas.StateReader(entmigrate.Tables...)(ctx)
	if err != nil {
		return nil, fmt.Errorf("drift: describing the tables: %w", err)
	}
	return realm.Schemas[0], nil
}

func tableNames() []string {
	names := make([]string, len(entmigrate.Tables))
	for i, table := range entmigrate.Tables {
		names[i] = table.Name
	}
	return names
}

// formatStatements indents statements, and omits the schema's name.
func formatStatements(o *migrate.PlanOptions) { o.Indent, o.SchemaQualifier = "  ", new("") }
