// Package providertest holds what is needed to test a provider, and whatever
// stands on one: [Issuer], which signs real tokens and publishes real keys on a
// loopback address, and [Run], the suite that each provider of signed tokens
// must pass.
//
// It signs with the standard library alone, so that the code under test never
// checks its own work.
package providertest
