package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"entgo.io/ent/schema/mixin"
	"github.com/google/uuid"
)

// Session is an own session of a user.
type Session struct{ ent.Schema }

// Mixin returns the whole of the schema.
func (Session) Mixin() []ent.Mixin { return []ent.Mixin{SessionMixin{}} }

// SessionMixin makes a schema named Session the table auth_sessions.
type SessionMixin struct{ mixin.Schema }

// Annotations name the table.
func (SessionMixin) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "auth_sessions"}}
}

// Fields of a session.
func (SessionMixin) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").MaxLen(255).SchemaType(byteExact).NotEmpty().Immutable().
			Comment("The public id, for lists and logs. It tells nothing about lookup."),
		field.Bytes("lookup").Unique().MinLen(16).MaxLen(16).Sensitive().
			SchemaType(map[string]string{dialect.MySQL: "binary(16)"}).
			Comment("The public half of the token."),
		field.Bytes("secret_hash").MinLen(32).MaxLen(32).Sensitive().
			SchemaType(map[string]string{dialect.MySQL: "binary(32)"}).
			Comment("SHA-256 of the secret half of the token, which is kept nowhere."),
		field.UUID("user_id", uuid.UUID{}).SchemaType(uuidText).Immutable(),
		field.UUID("identity_id", uuid.UUID{}).SchemaType(uuidText).Immutable(),

		field.String("provider").MaxLen(255).SchemaType(byteExact).Immutable(),
		field.String("issuer").MaxLen(255).SchemaType(byteExact).Immutable(),
		field.String("subject").MaxLen(255).SchemaType(byteExact).Immutable(),
		field.String("auth_method").Immutable(),
		field.String("transport").Immutable().
			Comment("What the token was issued for: cookie or bearer."),
		field.Text("claims").Optional().Nillable().Immutable().
			Comment("Kept claims of the provider's token, as a JSON object. Null: none."),

		field.Int64("created_ms").Immutable(),
		field.Int64("authenticated_ms").Optional().Nillable().Immutable().
			Comment("When the person proved to the provider who they are. Null: not known."),
		field.Int64("last_seen_ms"),
		field.Int64("idle_expires_ms").Optional().Nillable().
			Comment("Null: there is no idle limit."),
		field.Int64("expires_ms").Immutable(),
		field.Int64("revoked_ms").Optional().Nillable().
			Comment("Null: not revoked."),
		field.String("revoke_reason").Default(""),

		field.String("user_agent").Immutable(),
		field.String("address").Immutable(),
	}
}

// Edges of a session.
func (SessionMixin) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("user", User.Type).Ref("sessions").Field("user_id").Unique().Required().Immutable(),
		edge.From("identity", Identity.Type).Ref("sessions").Field("identity_id").Unique().Required().Immutable(),
	}
}

// Indexes of sessions: a user's sessions that are not revoked, in order, so that
// those of somebody who signs in again and again do not count; the foreign key to
// the identity; and the three ways in which a session becomes ready to be swept.
func (SessionMixin) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("user_id", "revoked_ms", "created_ms").StorageKey("auth_sessions_user_id_revoked_ms_created_ms"),
		index.Fields("identity_id").StorageKey("auth_sessions_identity_id"),
		index.Fields("expires_ms").StorageKey("auth_sessions_expires_ms"),
		index.Fields("idle_expires_ms").StorageKey("auth_sessions_idle_expires_ms"),
		index.Fields("revoked_ms").StorageKey("auth_sessions_revoked_ms"),
	}
}
