// Package schema is the application's ent graph. Its User, Identity, Session and Key
// are those of the kit, on the kit's tables; User has an additional column and edge.
package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/ent/schema"
)

// User is the kit's user with a nickname and notes.
type User struct{ ent.Schema }

// Mixin adds the fields of the kit's user.
func (User) Mixin() []ent.Mixin { return []ent.Mixin{schema.UserMixin{}} }

// Fields of the application. They are nullable: the kit inserts users without them.
func (User) Fields() []ent.Field {
	return []ent.Field{field.String("nickname").Optional().Nillable()}
}

// Edges of the application.
func (User) Edges() []ent.Edge {
	return []ent.Edge{edge.To("notes", Note.Type)}
}

// Note belongs to a user.
type Note struct{ ent.Schema }

// Fields of the note.
func (Note) Fields() []ent.Field {
	return []ent.Field{field.Text("text"), field.UUID("user_id", uuid.UUID{})}
}

// Edges of the note.
func (Note) Edges() []ent.Edge {
	return []ent.Edge{edge.From("user", User.Type).Ref("notes").Field("user_id").Unique().Required()}
}

// Identity is the kit's identity.
type Identity struct{ ent.Schema }

// Mixin adds the fields of the kit's identity.
func (Identity) Mixin() []ent.Mixin { return []ent.Mixin{schema.IdentityMixin{}} }

// Session is the kit's session.
type Session struct{ ent.Schema }

// Mixin adds the fields of the kit's session.
func (Session) Mixin() []ent.Mixin { return []ent.Mixin{schema.SessionMixin{}} }

// Key is the kit's server key.
type Key struct{ ent.Schema }

// Mixin adds the fields of the kit's server key.
func (Key) Mixin() []ent.Mixin { return []ent.Mixin{schema.KeyMixin{}} }

// Mark is the kit's mark.
type Mark struct{ ent.Schema }

// Mixin adds the fields of the kit's mark.
func (Mark) Mixin() []ent.Mixin { return []ent.Mixin{schema.MarkMixin{}} }
