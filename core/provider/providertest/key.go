package providertest

import "github.com/cotterpin/cotterpin/core/internal/signer"

// Key is a key pair that signs tokens with ES256 or RS256. Its fields are ID, the
// kid, and Algorithm, the alg; JWK returns the public key as an entry of a JWK
// Set, PEM as a PEM block.
type Key struct{ *signer.Key }

// NewKey returns a new ES256 key with that kid.
func NewKey(id string) *Key { return &Key{signer.NewES256(id)} }

// NewRSAKey returns a new RS256 key of 2048 bits with that kid.
func NewRSAKey(id string) *Key { return &Key{signer.NewRS256(id)} }
