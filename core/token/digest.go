package token

import "crypto/sha256"

// Digest stands for a token. It is the SHA-256 of the whole text: what differs
// from the token in anything, be it in the signature alone, is another one.
type Digest [sha256.Size]byte

// DigestOf returns the digest of a text, which need not be a token.
func DigestOf(raw string) Digest {
	var usual [1 << 10]byte // on the stack, and room enough for all but long tokens
	return sha256.Sum256(append(usual[:0], raw...))
}
