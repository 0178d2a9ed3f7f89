package oidc

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"

	"github.com/cotterpin/cotterpin/core/token"
)

// hashAgrees reports whether at_hash, if the token has it, is of that access
// token: the left half of its SHA-2 digest (OpenID Connect Core 1.0, section
// 3.1.3.6). Which digest, its length says.
func hashAgrees(id token.Claims, accessToken string) bool {
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

func halves(text []byte) [][]byte {
	short, middle, long := sha256.Sum256(text), sha512.Sum384(text), sha512.Sum512(text)
	return [][]byte{short[:16], middle[:24], long[:32]}
}
