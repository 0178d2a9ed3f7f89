package providertest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
)

// Token is a token (JWS compact, RFC 7515) before it is signed.
type Token struct {
	Header map[string]any
	Claims map[string]any

	// RawHeader and RawClaims, if not empty, are signed in place of Header and
	// Claims: texts that no JSON encoder writes, such as a member twice.
	RawHeader, RawClaims string

	// Signature returns the signature over "header.claims".
	Signature func(input []byte) []byte
}

// String returns the signed token.
func (t Token) String() string {
	input := encode(part(t.RawHeader, t.Header)) + "." + encode(part(t.RawClaims, t.Claims))
	return input + "." + encode(t.Signature([]byte(input)))
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

// RawHeader signs that text as the header.
func RawHeader(text string) Edit { return func(t *Token) { t.RawHeader = text } }

// RawClaims signs that text as the claims.
func RawClaims(text string) Edit { return func(t *Token) { t.RawClaims = text } }

// SignedBy signs with a key and says so: kid and alg are the key's.
func SignedBy(k *Key) Edit {
	return func(t *Token) {
		t.Header["kid"], t.Header["alg"] = k.ID, k.Algorithm
		t.Signature = k.sign
	}
}

// ForgedBy signs with a key and leaves the header as it was.
func ForgedBy(k *Key) Edit {
	return func(t *Token) { t.Signature = k.sign }
}

// Unsigned says `"alg": "none"` and has no signature (RFC 7519, section 6).
func Unsigned() Edit {
	return func(t *Token) {
		t.Header["alg"] = "none"
		t.Signature = func([]byte) []byte { return nil }
	}
}

// MAC says `"alg": "HS256"` and is authenticated with that secret.
func MAC(secret []byte) Edit {
	return func(t *Token) {
		t.Header["alg"] = "HS256"
		t.Signature = func(input []byte) []byte {
			mac := hmac.New(sha256.New, secret)
			mac.Write(input)
			return mac.Sum(nil)
		}
	}
}
