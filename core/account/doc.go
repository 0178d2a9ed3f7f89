// Package account turns the verified identity of a provider into a user of the
// application.
//
// An account is selected by issuer and subject ([identity.Key], compared
// byte-wise). Email addresses and phone numbers select nothing, unless
// Registrar.LinkOn lists them: LINKING.md has the rules. Nothing in the body of a
// request does.
//
// [Registrar] finds or creates the user at login, [Known] finds the user of an
// identity without a login, and [Store] is the seam to the database. Package
// accounttest has the suite that each store must pass; memstore keeps
// everything in memory.
//
// # Errors
//
// All errors except those of a [Store] are *autherr.Error. A failed store is
// always TemporarilyUnavailable, never an invalid credential.
package account
