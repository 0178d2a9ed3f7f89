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

// Identity is a user's account at an issuer, with the contact data that the
// issuer signed at the last login. A user may have several.
type Identity struct{ ent.Schema }

// Mixin returns the complete schema.
func (Identity) Mixin() []ent.Mixin { return []ent.Mixin{IdentityMixin{}} }

// IdentityMixin maps a schema named Identity to the table auth_identities.
type IdentityMixin struct{ mixin.Schema }

// Annotations returns the table name.
func (IdentityMixin) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "auth_identities"}}
}

// Fields returns the columns of an identity. An unknown email or phone is "".
func (IdentityMixin) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("id", uuid.UUID{}).SchemaType(uuidString).Immutable(),
		field.UUID("user_id", uuid.UUID{}).SchemaType(uuidString).Immutable(),
		field.String("issuer").MaxLen(255).SchemaType(binaryString).NotEmpty().Immutable(),
		field.String("subject").MaxLen(255).SchemaType(binaryString).NotEmpty().Immutable(),
		field.String("provider").MaxLen(255).SchemaType(binaryString).
			Comment("Name of the provider block at the last login."),
		field.Text("identifier").
			Comment("Identifier used to sign in, as received."),
		field.String("email"),
		field.Bool("email_verified"),
		field.String("email_folded").MaxLen(255).SchemaType(binaryString).Optional().Nillable().
			Comment("Email with ASCII letters in lower case, for searches. Null: an older program wrote the row."),
		field.String("phone"),
		field.Bool("phone_verified"),
		field.Int64("created_ms").Immutable(),
		field.Int64("last_login_ms").
			Comment("0: the identity was imported or added, and has not signed in yet."),
	}
}

// Edges returns the user and the sessions of an identity.
func (IdentityMixin) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("user", User.Type).Ref("identities").Field("user_id").Unique().Required().Immutable(),
		edge.To("sessions", Session.Type).Annotations(entsql.OnDelete(entsql.Cascade)),
	}
}

// Indexes returns the unique key that identifies an account, the index for the
// foreign key, and those for searches. That of the foreign key contains no column
// that a login updates: InnoDB would lock the user's row for it and deadlock with
// a new session of that user.
func (IdentityMixin) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("issuer", "subject").Unique().StorageKey("auth_identities_issuer_subject"),
		index.Fields("user_id").StorageKey("auth_identities_user_id"),
		index.Fields("email_folded").StorageKey("auth_identities_email_folded"),
		index.Fields("phone").StorageKey("auth_identities_phone"),
		index.Fields("provider").StorageKey("auth_identities_provider"),
	}
}
