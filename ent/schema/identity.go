package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"entgo.io/ent/schema/mixin"
	"github.com/google/uuid"
)

// Identity is a way for a user to sign in: whom an issuer names by a subject,
// and what it signed about them at the last login.
type Identity struct{ ent.Schema }

// Mixin returns the whole of the schema.
func (Identity) Mixin() []ent.Mixin { return []ent.Mixin{IdentityMixin{}} }

// IdentityMixin makes a schema named Identity the table auth_identities.
type IdentityMixin struct{ mixin.Schema }

// Annotations name the table.
func (IdentityMixin) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "auth_identities"}}
}

// Fields of an identity. A contact that is not known is the empty text.
func (IdentityMixin) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("id", uuid.UUID{}).SchemaType(uuidText).Immutable(),
		field.UUID("user_id", uuid.UUID{}).SchemaType(uuidText).Immutable(),
		field.String("issuer").MaxLen(255).SchemaType(byteExact).NotEmpty().Immutable(),
		field.String("subject").MaxLen(255).SchemaType(byteExact).NotEmpty().Immutable(),
		field.String("provider").MaxLen(255).SchemaType(byteExact).
			Comment("Name of the provider's block at the last login."),
		field.Text("identifier").
			Comment("What the person signed in with, as received."),
		field.String("email"),
		field.Bool("email_verified"),
		field.String("phone"),
		field.Bool("phone_verified"),
		field.Int64("created_ms").Immutable(),
		field.Int64("last_login_ms"),
	}
}

// Edges of an identity.
func (IdentityMixin) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("user", User.Type).Ref("identities").Field("user_id").Unique().Required().Immutable(),
		edge.To("sessions", Session.Type).Annotations(entsql.OnDelete(entsql.Cascade)),
	}
}

// Indexes of identities. The first is what makes an account. The second holds
// nothing that changes: a login would have to lock the user's row for it on
// InnoDB, which a new session of the same user locks the other way round.
func (IdentityMixin) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("issuer", "subject").Unique().StorageKey("auth_identities_issuer_subject"),
		index.Fields("user_id").StorageKey("auth_identities_user_id"),
	}
}
