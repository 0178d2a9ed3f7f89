package verify

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"

	"github.com/cotterpin/cotterpin/core/token"
)

// matchesHash reports whether at_hash, if the ID token has it, is the left half
// of the access token's SHA-2 digest (OpenID Connect Core 1.0, section 3.1.3.6).
// SHA-256, SHA-384 and SHA-512 are accepted.
func matchesHash(id token.Claims, accessToken string) bool {
	if _, present := id.Lookup("at_hash"); !present {
		return true
	}
	hash, _ := id.String("at_hash")
	for _, half := range halves([]byte(accessToken)) {
		if hash == base64.RawURLEncoding.EncodeToString(half) {
			return true
		}
	}
	return false
}

func halves(accessToken []byte) [][]byte {
	short, middle, long := sha256.Sum256(accessToken), sha512.Sum384(accessToken), sha512.Sum512(accessToken)
	return [][]byte{short[:16], middle[:24], long[:32]}
}
