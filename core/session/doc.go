// Package session recognises a caller after the login. There are two
// strategies: [Own] keeps sessions in the database and hands out opaque tokens,
// [ProviderToken] keeps nothing and takes the provider's own token. Both record
// the login.
//
// [Directory] lists and ends the sessions of a user, and [Store] is the seam to
// the database. The suite that each store must pass is in package sessiontest.
//
// # Errors
//
// All errors but those of a [Store] are *autherr.Error. A store that fails is
// always TemporarilyUnavailable: no fault of the database ends a session or
// makes a dead one live.
//
// # Security
//
// The secret of an opaque token is 256 bits of the operating system's random
// source. Only its SHA-256 is stored, and it is compared in constant time. No
// error and no log line of this package holds a token or a part of one.
package session
