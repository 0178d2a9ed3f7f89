package ownjwt

import (
	"crypto/ecdsa"
	"encoding/json"
	"fmt"

	"github.com/cotterpin/cotterpin/core/internal/base64url"
)

// es256 is the only algorithm of own tokens (RFC 7518, section 3.4).
const es256 = "ES256"

// jwk is the public half of a signing key (RFC 7517, section 4; RFC 7518, section
// 6.2.1).
type jwk struct {
	KeyType   string `json:"kty"`
	Curve     string `json:"crv"`
	X         string `json:"x"`
	Y         string `json:"y"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
	ID        string `json:"kid"`
}

func newJWK(id string, public *ecdsa.PublicKey) (json.RawMessage, error) {
	const coordinate = 32
	point, err := public.Bytes() // SEC 1, uncompressed: 4, x, y
	if err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	return encodeJSON(jwk{
		KeyType:   "EC",
		Curve:     "P-256",
		X:         base64url.Encode(point[1 : 1+coordinate]),
		Y:         base64url.Encode(point[1+coordinate:]),
		Use:       "sig",
		Algorithm: es256,
		ID:        id,
	})
}

// newJWKS returns a JWK Set document (RFC 7517, section 5).
func newJWKS(keys []json.RawMessage) ([]byte, error) {
	return encodeJSON(map[string][]json.RawMessage{"keys": keys})
}
