// Package digest identifies tokens in caches, and lines of an import, so that these
// are not stored.
package digest

import "crypto/sha256"

// Digest identifies a token. It is the SHA-256 of the whole string, signature
// included: tokens that differ in any byte have different digests.
type Digest [sha256.Size]byte

// Of returns the digest of raw, which need not be a token.
func Of(raw string) Digest {
	var buffer [1 << 10]byte // on the stack, enough for usual tokens
	return sha256.Sum256(append(buffer[:0], raw...))
}
