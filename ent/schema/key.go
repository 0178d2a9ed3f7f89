package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"entgo.io/ent/schema/mixin"
)

// Key is a server key of sessions in format "jwt". It has no edges.
type Key struct{ ent.Schema }

// Mixin returns the complete schema.
func (Key) Mixin() []ent.Mixin { return []ent.Mixin{KeyMixin{}} }

// KeyMixin maps a schema to the table auth_keys.
type KeyMixin struct{ mixin.Schema }

// Annotations returns the table name.
func (KeyMixin) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "auth_keys"}}
}

// Fields returns the columns of a key.
func (KeyMixin) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").MaxLen(255).SchemaType(binaryString).NotEmpty().Immutable().
			Comment("Random. The kid of a signing key."),
		field.String("purpose").MaxLen(255).SchemaType(binaryString).NotEmpty().Immutable().
			Comment("Purpose of the key: sign or refresh."),
		field.Int64("serial").Immutable().
			Comment("Number of the key among those of its purpose, from 1."),
		field.Bytes("secret").Sensitive().Immutable().
			Comment("Private key or HMAC key, encrypted if a key_secret is configured."),
		field.Bytes("public").Optional().Immutable().
			Comment("JWK of a signing key. Null: none."),
		field.Int64("created_ms").Immutable(),
		field.Int64("active_ms").Immutable().
			Comment("Time from which the key is used."),
		field.Int64("revoked_ms").Optional().Nillable().
			Comment("Null: not revoked."),
	}
}

// Indexes returns the unique key that lets one of several nodes add the next
// key.
func (KeyMixin) Indexes() []ent.Index {
	return []ent.Index{index.Fields("purpose", "serial").Unique().StorageKey("auth_keys_purpose_serial")}
}
