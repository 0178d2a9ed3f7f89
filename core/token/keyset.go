package token

import "context"

// KeySet finds the public key that a token names.
//
// Key returns the key with the id kid that may verify signatures of the
// algorithm alg. An empty kid selects the only key that fits alg; if several
// fit, there is no such key. Key never returns a key whose type, curve, size,
// use or operations do not fit alg. ctx bounds only how long this caller waits.
//
// Errors, by code (package autherr): [autherr.InvalidToken] means that the keys
// are available and kid is not among them; [autherr.TemporarilyUnavailable]
// means that the keys are not available. An implementation must never return
// one for the other.
//
// Until the keys change, the same arguments give the same Key (==): a key is
// made once, not per call. A [Cache] drops what it has verified with a key that
// the set has replaced.
//
// A KeySet is safe for concurrent use. It decides about age, rotation and
// fetching of its keys; it does not check issuer, audience or lifetime of a
// token.
type KeySet interface {
	Key(ctx context.Context, kid, alg string) (Key, error)
}
