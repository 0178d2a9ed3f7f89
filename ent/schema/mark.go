package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"entgo.io/ent/schema/mixin"
)

// Mark is a row that transactions lock, or that records what must happen once. It
// has no edges.
type Mark struct{ ent.Schema }

// Mixin returns the complete schema.
func (Mark) Mixin() []ent.Mixin { return []ent.Mixin{MarkMixin{}} }

// MarkMixin maps a schema to the table auth_marks.
type MarkMixin struct{ mixin.Schema }

// Annotations returns the table name.
func (MarkMixin) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "auth_marks"}}
}

// Fields returns the columns of a mark.
func (MarkMixin) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").MaxLen(255).SchemaType(binaryString).NotEmpty().Immutable().
			Comment("Hex SHA-256 of what is marked: a contact, a message of a provider, or a session at a provider."),
		field.Bool("recorded").Default(false).
			Comment("False: the row is only locked."),
		field.Int64("expires_ms").
			Comment("Time from which the row may be deleted."),
	}
}

// Indexes returns the index for deleting expired marks.
func (MarkMixin) Indexes() []ent.Index {
	return []ent.Index{index.Fields("expires_ms").StorageKey("auth_marks_expires_ms")}
}
