// Package algorithm maps the second names of signature algorithms.
package algorithm

// Canonical returns the name under which keys and policies have an algorithm:
// EdDSA (RFC 8037) for Ed25519 (RFC 9864, section 2.2), which is the same
// algorithm with a key on that curve, the only supported one. Any other name is
// returned unchanged.
func Canonical(name string) string {
	if name == "Ed25519" {
		return "EdDSA"
	}
	return name
}
