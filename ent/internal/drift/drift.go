// Package drift compares the tables of a live database with those that package
// schema describes. The migrations are generated with it, and tested.
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

	wanted "github.com/cotterpin/cotterpin/ent/internal/entgen/migrate"
)

// Plan returns the statements that make the database's tables the wanted ones;
// none if they are already. It looks at our tables only, and executes nothing.
func Plan(ctx context.Context, name string, db *sql.DB) ([]*migrate.Change, error) {
	driver, err := inspector(name, db)
	if err != nil {
		return nil, err
	}
	live, err := driver.InspectSchema(ctx, "", &schema.InspectOptions{Tables: tableNames()})
	if err != nil {
		return nil, fmt.Errorf("drift: inspecting: %w", err)
	}
	want, err := describe(ctx, name, db)
	if err != nil {
		return nil, err
	}
	want.Name = live.Name
	if name == dialect.Postgres {
		collateLive(live)
		collateWanted(want)
	}
	changes, err := driver.SchemaDiff(live, want)
	if err != nil {
		return nil, fmt.Errorf("drift: comparing: %w", err)
	}
	plan, err := driver.PlanChanges(ctx, "drift", changes, indented)
	if err != nil {
		return nil, fmt.Errorf("drift: planning: %w", err)
	}
	return plan.Changes, nil
}

// inspectors open Atlas's view of a database, by ent's name of it.
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

// describe returns the wanted tables in the terms of the database.
func describe(ctx context.Context, name string, db *sql.DB) (*schema.Schema, error) {
	atlas, err := entschema.NewMigrate(entsql.OpenDB(name, db))
	if err != nil {
		return nil, fmt.Errorf("drift: %w", err)
	}
	realm, err := atlas.StateReader(wanted.Tables...)(ctx)
	if err != nil {
		return nil, fmt.Errorf("drift: reading the wanted tables: %w", err)
	}
	return realm.Schemas[0], nil
}

func tableNames() []string {
	names := make([]string, len(wanted.Tables))
	for i, table := range wanted.Tables {
		names[i] = table.Name
	}
	return names
}

// indented is how statements are written: for any schema, whatever its name.
func indented(o *migrate.PlanOptions) { o.Indent, o.SchemaQualifier = "  ", new("") }
