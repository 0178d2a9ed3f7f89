package token

import "context"

// KeySet finds the public key that a token names.
//
// Key returns the key with that id that may verify signatures of that
// algorithm. An empty kid asks for the only key that fits alg; where several
// fit there is no answer. Key never returns a key whose type, curve, size, use
// or operations do not fit alg.
//
// Errors, by code (package autherr): [autherr.InvalidToken] means that the key
// set was looked at and has no such key; [autherr.TemporarilyUnavailable] means
// that it could not be looked at. The two must never be confused. ctx bounds
// only how long this caller waits.
//
// The same question has the same Key (==) for an answer until the keys change:
// a key is made once, not for each question. A [Cache] forgets what it found
// under a key that the key set has replaced.
//
// A KeySet is used by many goroutines at once. What fetched keys do over time
// (age, rotation, refetch) is the key set's own business; it need not look at
// issuer, audience or lifetime of a token.
type KeySet interface {
	Key(ctx context.Context, kid, alg string) (Key, error)
}
