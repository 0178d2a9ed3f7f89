package token

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
)

// SignES256 returns a token signed with ECDSA on P-256 and SHA-256 (RFC 7518,
// section 3.4). Header and claims are written as they are, right or wrong: it
// is for those who issue tokens, and for tests that forge them.
func SignES256(key *ecdsa.PrivateKey, header, claims map[string]any) (string, error) {
	if key == nil || key.Curve != elliptic.P256() {
		return "", errors.New("token: ES256 needs a private key on P-256")
	}
	head, err := json.Marshal(header)
	if err != nil {
		return "", fmt.Errorf("token: header: %w", err)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("token: claims: %w", err)
	}
	signed := base64url.EncodeToString(head) + "." + base64url.EncodeToString(body)
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	const half = 32
	var signature [2 * half]byte
	r.FillBytes(signature[:half])
	s.FillBytes(signature[half:])
	return signed + "." + base64url.EncodeToString(signature[:]), nil
}

// PublicJWK returns the entry of a JWK Set document (RFC 7517; RFC 7518,
// section 6.2) that publishes a key on P-256 for verifying ES256. It panics if
// the key is not on P-256.
func PublicJWK(kid string, public *ecdsa.PublicKey) map[string]any {
	const half = 32
	point, err := public.Bytes() // SEC 1, uncompressed: 4, x, y
	if err != nil || len(point) != 1+2*half {
		panic("token: not a public key on P-256")
	}
	return map[string]any{
		"kty": "EC",
		"crv": "P-256",
		"alg": "ES256",
		"use": "sig",
		"kid": kid,
		"x":   base64url.EncodeToString(point[1 : 1+half]),
		"y":   base64url.EncodeToString(point[1+half:]),
	}
}
