// Package providertest tests provider types. [Run] is the suite that each type of
// signed tokens must pass; [Open] opens a block for a type's own tests; [Issuer]
// signs real tokens and publishes real keys on a loopback address.
//
// It signs with the standard library alone, so that the code under test never
// checks its own work.
package providertest
