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

// Session is a session that the kit issued to a user.
type Session struct{ ent.Schema }

// Mixin returns the complete schema.
func (Session) Mixin() []ent.Mixin { return []ent.Mixin{SessionMixin{}} }

// SessionMixin maps a schema named Session to the table auth_sessions.
type SessionMixin struct{ mixin.Schema }

// Annotations returns the table name.
func (SessionMixin) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "auth_sessions"}}
}

// Fields returns the columns of a session.
func (SessionMixin) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").MaxLen(255).SchemaType(binaryString).NotEmpty().Immutable().
			Comment("Public id, for lists and logs. It is not derived from lookup."),
		field.Bytes("lookup").Unique().MinLen(16).MaxLen(16).Sensitive().
			SchemaType(map[string]string{dialect.MySQL: "binary(16)"}).
			Comment("Public half of the token."),
		field.Bytes("secret_hash").MinLen(32).MaxLen(32).Sensitive().
			SchemaType(map[string]string{dialect.MySQL: "binary(32)"}).
			Comment("SHA-256 of the secret half of the token, which is not stored."),
		field.UUID("user_id", uuid.UUID{}).SchemaType(uuidString).Immutable(),
		field.UUID("identity_id", uuid.UUID{}).SchemaType(uuidString).Immutable(),

		field.String("provider").MaxLen(255).SchemaType(binaryString).Immutable(),
		field.String("issuer").MaxLen(255).SchemaType(binaryString).Immutable(),
		field.String("subject").MaxLen(255).SchemaType(binaryString).Immutable(),
		field.String("auth_method").Immutable(),
		field.String("transport").Immutable().
			Comment("Transport of the token: cookie or bearer."),
		field.Text("claims").Optional().Nillable().Immutable().
			Comment("Kept claims of the provider token, as a JSON object. Null: none."),

		field.Int64("created_ms").Immutable(),
		field.Int64("authenticated_ms").Optional().Nillable().Immutable().
			Comment("Time of authentication at the provider. Null: unknown."),
		field.Int64("last_seen_ms"),
		field.Int64("idle_expires_ms").Optional().Nillable().
			Comment("Null: no idle timeout."),
		field.Int64("expires_ms").Immutable(),
		field.Int64("revoked_ms").Optional().Nillable().
			Comment("Null: not revoked."),
		field.String("revoke_reason").Default(""),

		field.Int64("refresh_generation").Default(0).
			Comment("Number of exchanges of the refresh token."),
		field.Bytes("previous_hash").Optional().MinLen(32).MaxLen(32).Sensitive().
			SchemaType(map[string]string{dialect.MySQL: "binary(32)"}).
			Comment("secret_hash before the last exchange. Null: none."),
		field.Int64("refreshed_ms").Optional().Nillable().
			Comment("Time of the last exchange. Null: none."),

		field.String("provider_session").MaxLen(255).SchemaType(binaryString).Optional().Nillable().Immutable().
			Comment("Id of the mark of the provider's session, issuer and sid, that the session began in. Null: unknown."),

		field.String("user_agent").Immutable(),
		field.String("address").Immutable(),
	}
}

// Edges returns the user and the identity of a session.
func (SessionMixin) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("user", User.Type).Ref("sessions").Field("user_id").Unique().Required().Immutable(),
		edge.From("identity", Identity.Type).Ref("sessions").Field("identity_id").Unique().Required().Immutable(),
	}
}

// Indexes returns the index for a user's sessions that are not revoked, ordered
// by age, so that revoked sessions do not slow down a login; the index for the
// foreign key; one index for each condition under which a session is swept; and
// that for a logout at the provider.
func (SessionMixin) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("user_id", "revoked_ms", "created_ms").StorageKey("auth_sessions_user_id_revoked_ms_created_ms"),
		index.Fields("identity_id").StorageKey("auth_sessions_identity_id"),
		index.Fields("expires_ms").StorageKey("auth_sessions_expires_ms"),
		index.Fields("idle_expires_ms").StorageKey("auth_sessions_idle_expires_ms"),
		index.Fields("revoked_ms").StorageKey("auth_sessions_revoked_ms"),
		index.Fields("provider_session").StorageKey("auth_sessions_provider_session"),
	}
}
