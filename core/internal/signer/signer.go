// Package signer issues tokens for the emulator and for tests: valid ones, and
// ones with a chosen defect. It uses the standard library alone, so that a test
// never verifies a token with the code that signed it.
package signer

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
)

// Sign returns the signature of a JWS signing input, "header.claims" in
// base64url.
type Sign func(input []byte) []byte

// Compact returns the compact serialization (RFC 7515, section 3.1) of a header
// and claims, which are not checked.
func Compact(header, claims []byte, sign Sign) string {
	input := encode(header) + "." + encode(claims)
	return input + "." + encode(sign([]byte(input)))
}

// None returns the empty signature of "alg": "none" (RFC 7519, section 6).
func None([]byte) []byte { return nil }

// HS256 signs with HMAC-SHA-256 (RFC 7518, section 3.2).
func HS256(secret []byte) Sign {
	return func(input []byte) []byte {
		mac := hmac.New(sha256.New, secret)
		mac.Write(input)
		return mac.Sum(nil)
	}
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
