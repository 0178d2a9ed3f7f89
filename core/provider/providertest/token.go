package providertest

import (
	"encoding/json"
	"fmt"

	"github.com/cotterpin/cotterpin/core/internal/signer"
)

// Token is a token (JWS compact, RFC 7515) before it is signed.
type Token struct {
	Header map[string]any
	Claims map[string]any

	// RawHeader and RawClaims, if not empty, replace Header and Claims by a string
	// that no JSON encoder writes, such as one with a duplicate member.
	RawHeader, RawClaims string

	// Signature returns the signature of "header.claims" in base64url.
	Signature func(input []byte) []byte
}

// String returns the signed token.
func (t Token) String() string {
	return signer.Compact(part(t.RawHeader, t.Header), part(t.RawClaims, t.Claims), t.Signature)
}

func part(raw string, members map[string]any) []byte {
	if raw != "" {
		return []byte(raw)
	}
	text, err := json.Marshal(members)
	if err != nil {
		panic(fmt.Errorf("providertest: %w", err))
	}
	return text
}

// Edit changes a token before it is signed.
type Edit func(*Token)

// Claim sets a claim; nil removes it.
func Claim(name string, value any) Edit {
	return func(t *Token) { set(t.Claims, name, value) }
}

// Header sets a member of the header; nil removes it.
func Header(name string, value any) Edit {
	return func(t *Token) { set(t.Header, name, value) }
}

func set(members map[string]any, name string, value any) {
	if value == nil {
		delete(members, name)
		return
	}
	members[name] = value
}

// RawHeader replaces the header by a string.
func RawHeader(text string) Edit { return func(t *Token) { t.RawHeader = text } }

// RawClaims replaces the claims by a string.
func RawClaims(text string) Edit { return func(t *Token) { t.RawClaims = text } }

// SignedBy signs with a key and sets kid and alg to the key's.
func SignedBy(k *Key) Edit {
	return func(t *Token) {
		t.Header["kid"], t.Header["alg"] = k.ID, k.Algorithm
		t.Signature = k.Sign
	}
}

// ForgedBy signs with a key and leaves the header unchanged.
func ForgedBy(k *Key) Edit {
	return func(t *Token) { t.Signature = k.Sign }
}

// Unsigned sets `"alg": "none"` and leaves the signature empty (RFC 7519, section
// 6).
func Unsigned() Edit {
	return func(t *Token) {
		t.Header["alg"] = "none"
		t.Signature = signer.None
	}
}

// MAC sets `"alg": "HS256"` and signs with that secret.
func MAC(secret []byte) Edit {
	return func(t *Token) {
		t.Header["alg"] = "HS256"
		t.Signature = signer.HS256(secret)
	}
}
