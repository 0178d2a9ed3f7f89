// Package schema is the application's own ent graph. Its User, Identity and
// Session are the kit's, on the kit's tables; User has a column and an edge of
// the application beside them.
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

// Mixin makes it the kit's user.
func (User) Mixin() []ent.Mixin { return []ent.Mixin{schema.UserMixin{}} }

// Fields of the application. They are nullable: the kit inserts users without them.
func (User) Fields() []ent.Field {
	return []ent.Field{field.String("nickname").Optional().Nillable()}
}

// Edges of the application.
func (User) Edges() []ent.Edge {
	return []ent.Edge{edge.To("notes", Note.Type)}
}

// Note is a note of a user.
type Note struct{ ent.Schema }

// Fields of a note.
func (Note) Fields() []ent.Field {
	return []ent.Field{field.Text("text"), field.UUID("user_id", uuid.UUID{})}
}

// Edges of a note.
func (Note) Edges() []ent.Edge {
	return []ent.Edge{edge.From("user", User.Type).Ref("notes").Field("user_id").Unique().Required()}
}

// Identity is the kit's.
type Identity struct{ ent.Schema }

// Mixin makes it the kit's identity.
func (Identity) Mixin() []ent.Mixin { return []ent.Mixin{schema.IdentityMixin{}} }

// Session is the kit's.
type Session struct{ ent.Schema }

// Mixin makes it the kit's session.
func (Session) Mixin() []ent.Mixin { return []ent.Mixin{schema.SessionMixin{}} }
