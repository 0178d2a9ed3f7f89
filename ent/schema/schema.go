// Package schema describes the tables that cotterpin stores in: auth_users,
// auth_identities and auth_sessions. It is the only description of them; the
// client that the kit uses and the migrations are generated from it.
//
// # An application's own users
//
// An application with an ent graph of its own may have its User, with fields
// and edges of its own, on the same table: it declares User, Identity and
// Session in its schema package, each with the mixin of that name.
//
//	type User struct{ ent.Schema }
//
//	func (User) Mixin() []ent.Mixin { return []ent.Mixin{schema.UserMixin{}} }
//
//	func (User) Fields() []ent.Field {
//		return []ent.Field{field.String("nickname").Optional().Nillable()}
//	}
//
// All three must be declared under these names, since they refer to each other.
// The fields that the application adds must be nullable or have a default in
// the database, because the kit inserts users without knowing of them. The
// application then migrates the tables itself, and the block `database` says
// migrate = "off".
//
// # Columns
//
// Instants are whole milliseconds since the Unix epoch in UTC, in columns named
// …_ms: databases differ in what they make of a time's zone and fraction. What
// an account is found by is compared byte by byte on every database.
package schema

import "entgo.io/ent/dialect"

// byteExact is the type of a text that is compared byte by byte. The collation
// that ent would choose on MySQL ignores blanks at the end, so that "u1" and
// "u1 " would be one; SQLite and PostgreSQL compare bytes.
var byteExact = map[string]string{dialect.MySQL: "varbinary(255)"}

// uuidText is the type of a UUID on MySQL. MariaDB has one for it, which ent
// would choose there and MySQL does not know.
var uuidText = map[string]string{dialect.MySQL: "char(36)"}
