// Package schema defines the tables auth_users, auth_identities, auth_sessions,
// auth_keys and auth_marks. The kit's ent client and the migrations are generated from it.
//
// # Extending the user
//
// An application that uses ent can add fields and edges to the table of users:
// it declares User, Identity, Session, Key and Mark in its own schema package,
// each with the mixin of that name.
//
//	type User struct{ ent.Schema }
//
//	func (User) Mixin() []ent.Mixin { return []ent.Mixin{schema.UserMixin{}} }
//
//	func (User) Fields() []ent.Field {
//		return []ent.Field{field.String("nickname").Optional().Nillable()}
//	}
//
// User, Identity and Session must have these names, since they refer to each
// other; Key and Mark may have others. Additional fields must be nullable or have a
// default in the database, because the kit inserts users without them. The
// application then migrates the tables, and the database block contains
// migrate = "off".
//
// # Columns
//
// Times are whole milliseconds since the Unix epoch, in columns named …_ms,
// because databases differ in their treatment of time zones and fractions. The
// columns that identify an account are compared byte-wise on every database.
package schema

import "entgo.io/ent/dialect"

// binaryString is the column type of a string that is compared byte-wise. ent's
// default collation on MySQL ignores trailing spaces, so that "u1" and "u1 "
// would be equal. SQLite and PostgreSQL compare bytes by default.
var binaryString = map[string]string{dialect.MySQL: "varbinary(255)"}

// uuidString is the column type of a UUID on MySQL. ent would use MariaDB's type
// uuid, which MySQL lacks.
var uuidString = map[string]string{dialect.MySQL: "char(36)"}
