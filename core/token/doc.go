// Package token is the vocabulary of verified tokens: the claims that a driver of
// package provider maps, and the public keys that signatures are verified with.
//
// The package verifies nothing. The kit verifies each token before a driver
// receives its claims.
package token
