// Package schema is that of an application which has its own User on the kit's
// table: with a nickname, and with notes.
package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"

	"github.com/cotterpin/cotterpin/ent/schema"
)

// User is the kit's user with what the application adds.
type User struct{ ent.Schema }

// Mixin returns the kit's part.
func (User) Mixin() []ent.Mixin { return []ent.Mixin{schema.UserMixin{}} }

// Fields returns the application's part. It must be nullable: the kit inserts
// users without knowing of it.
func (User) Fields() []ent.Field {
	return []ent.Field{field.String("nickname").Optional().Nillable()}
}

// Edges returns the application's part.
func (User) Edges() []ent.Edge {
	return []ent.Edge{edge.To("notes", Note.Type).Annotations(entsql.OnDelete(entsql.Cascade))}
}

// Identity is the kit's.
type Identity struct{ ent.Schema }

// Mixin returns all of it.
func (Identity) Mixin() []ent.Mixin { return []ent.Mixin{schema.IdentityMixin{}} }

// Session is the kit's.
type Session struct{ ent.Schema }

// Mixin returns all of it.
func (Session) Mixin() []ent.Mixin { return []ent.Mixin{schema.SessionMixin{}} }

// Note is the application's own.
type Note struct{ ent.Schema }

// Fields of a note.
func (Note) Fields() []ent.Field { return []ent.Field{field.String("text")} }

// Edges of a note.
func (Note) Edges() []ent.Edge {
	return []ent.Edge{edge.From("author", User.Type).Ref("notes").Unique().Required()}
}
