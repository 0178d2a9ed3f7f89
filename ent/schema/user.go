package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/mixin"
	"github.com/google/uuid"
)

// User is a user of the application. Contact data is in the user's identities.
type User struct{ ent.Schema }

// Mixin returns the complete schema.
func (User) Mixin() []ent.Mixin { return []ent.Mixin{UserMixin{}} }

// UserMixin maps a schema named User to the table auth_users.
type UserMixin struct{ mixin.Schema }

// Annotations returns the table name.
func (UserMixin) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "auth_users"}}
}

// Fields returns the columns of a user.
func (UserMixin) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("id", uuid.UUID{}).SchemaType(uuidString).Immutable(),
		field.Int64("created_ms").Immutable(),
		field.Int64("disabled_ms").Optional().Nillable().
			Comment("Null: the user is not disabled."),
		field.Int64("not_before_ms").Optional().Nillable().
			Comment("Credentials issued before this time are rejected. Null: no limit."),
		field.String("external_id").MaxLen(255).SchemaType(binaryString).Optional().Nillable().NotEmpty().Unique().
			Comment("The application's own id of the user. Null: none."),
	}
}

// Edges returns the identities and the sessions of a user.
func (UserMixin) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("identities", Identity.Type).Annotations(entsql.OnDelete(entsql.Cascade)),
		edge.To("sessions", Session.Type).Annotations(entsql.OnDelete(entsql.Cascade)),
	}
}
