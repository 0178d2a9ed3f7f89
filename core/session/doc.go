// Package session recognizes callers after the login. There are two
// strategies: [Own] stores sessions in the database and issues opaque tokens;
// [ProviderToken] stores nothing and accepts the provider's own token.
//
// [Store] is the seam to the database. A session begins in the transaction that
// records the login, which is a method of database.Database. Package
// sessiontest has the suite that each store must pass.
//
// # Errors
//
// All errors except those of a [Store] are *autherr.Error. A failed store is
// always TemporarilyUnavailable: a database fault neither ends a session nor
// reactivates one.
//
// # Security
//
// The secret of an opaque token is 256 bits from the operating system's random
// source. Only its SHA-256 is stored, and it is compared in constant time. No
// error and no log line of this package contains a token or a part of one.
package session
