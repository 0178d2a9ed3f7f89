package drift

import (
	"strings"

	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
	"entgo.io/ent/dialect"

	entmigrate "github.com/cotterpin/cotterpin/ent/internal/entgen/migrate"
)

// binaryString is a string that PostgreSQL compares and sorts byte-wise. Its
// indexes remain valid if an update of the operating system changes collations,
// which may break unique keys over other strings. Atlas does not support
// PostgreSQL's collations, so that they are made part of the type on both sides.
var binaryString = &postgres.UserDefinedType{T: `character varying COLLATE "C"`}

// collateCurrent adds the collation to the types of existing columns.
func collateCurrent(current *schema.Schema) {
	for _, table := range current.Tables {
		for _, column := range table.Columns {
			for _, attribute := range column.Attrs {
				if collation, ok := attribute.(*schema.Collation); ok && collation.V == "C" {
					column.Type.Type = binaryString
				}
			}
		}
	}
}

// collateDesired adds the collation to the types of columns that are binary on
// MySQL.
func collateDesired(desired *schema.Schema) {
	for _, table := range entmigrate.Tables {
		for _, column := range table.Columns {
			if !strings.HasPrefix(column.SchemaType[dialect.MySQL], "varbinary") {
				continue
			}
			described, _ := desired.Table(table.Name)
			binary, _ := described.Column(column.Name)
			binary.Type.Type = binaryString
		}
	}
}
