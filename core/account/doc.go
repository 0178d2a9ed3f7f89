// Package account turns the verified identity of a provider into a user of the
// application.
//
// An account is selected by issuer and subject alone ([identity.Key], compared
// byte by byte). E-mail addresses, phone numbers and everything in the body of
// a request select nothing: they are kept as columns, or compared and then
// forgotten ([Hints]).
//
// [Registrar] finds or creates the user at login, [Known] finds the user of an
// identity that needs no login, [Users] is for administration, and [Store] is
// the seam to the database. The suite that each store must pass is in package
// accounttest; memstore keeps everything in memory.
//
// # Errors
//
// All errors but those of a [Store] are *autherr.Error. A store that fails is
// always TemporarilyUnavailable, never a bad credential.
package account
