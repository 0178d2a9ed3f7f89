package drift

import (
	"strings"

	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
	"entgo.io/ent/dialect"

	wanted "github.com/cotterpin/cotterpin/ent/internal/entgen/migrate"
)

// byteExact is a text that PostgreSQL compares and sorts byte by byte: an index
// over it outlives a new version of the operating system's collations, after
// which a unique key over other texts may let duplicates in. Atlas knows no
// collations of PostgreSQL, so they are made part of the type on both sides.
var byteExact = &postgres.UserDefinedType{T: `character varying COLLATE "C"`}

// collateLive shows the collations of inspected tables.
func collateLive(live *schema.Schema) {
	for _, table := range live.Tables {
		for _, column := range table.Columns {
			for _, attribute := range column.Attrs {
				if collation, ok := attribute.(*schema.Collation); ok && collation.V == "C" {
					column.Type.Type = byteExact
				}
			}
		}
	}
}

// collateWanted gives the columns that are binary on MySQL a collation.
func collateWanted(want *schema.Schema) {
	for _, table := range wanted.Tables {
		for _, column := range table.Columns {
			if !strings.HasPrefix(column.SchemaType[dialect.MySQL], "varbinary") {
				continue
			}
			described, _ := want.Table(table.Name)
			exact, _ := described.Column(column.Name)
			exact.Type.Type = byteExact
		}
	}
}
