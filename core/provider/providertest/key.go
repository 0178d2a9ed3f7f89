package providertest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
)

// Key is a key pair that signs tokens: ES256 or RS256.
type Key struct {
	ID        string // kid
	Algorithm string // alg
	private   crypto.Signer
}

// NewKey returns a new ES256 key with that id.
func NewKey(id string) *Key {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(fmt.Errorf("providertest: %w", err))
	}
	return &Key{ID: id, Algorithm: "ES256", private: private}
}

// NewRSAKey returns a new RS256 key of 2048 bits with that id.
func NewRSAKey(id string) *Key {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(fmt.Errorf("providertest: %w", err))
	}
	return &Key{ID: id, Algorithm: "RS256", private: private}
}

// JWK returns the public key as a member of a JWKS (RFC 7517, section 4).
func (k *Key) JWK() map[string]any {
	jwk := map[string]any{"kid": k.ID, "alg": k.Algorithm, "use": "sig"}
	switch public := k.private.Public().(type) {
	case *ecdsa.PublicKey:
		point, err := public.Bytes() // 4 ‖ x ‖ y
		if err != nil {
			panic(fmt.Errorf("providertest: %w", err))
		}
		jwk["kty"], jwk["crv"] = "EC", "P-256"
		jwk["x"], jwk["y"] = encode(point[1:33]), encode(point[33:])
	case *rsa.PublicKey:
		jwk["kty"] = "RSA"
		jwk["n"], jwk["e"] = encode(public.N.Bytes()), encode(big.NewInt(int64(public.E)).Bytes())
	}
	return jwk
}

// PEM returns the public key as a PEM block: what an attacker takes for the
// secret of an HMAC.
func (k *Key) PEM() []byte {
	der, err := x509.MarshalPKIXPublicKey(k.private.Public())
	if err != nil {
		panic(fmt.Errorf("providertest: %w", err))
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// sign returns the JWS signature of input (RFC 7518, sections 3.3 and 3.4).
func (k *Key) sign(input []byte) []byte {
	digest := sha256.Sum256(input)
	switch private := k.private.(type) {
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, private, digest[:])
		if err != nil {
			panic(fmt.Errorf("providertest: %w", err))
		}
		signature := make([]byte, 64)
		r.FillBytes(signature[:32])
		s.FillBytes(signature[32:])
		return signature
	default:
		signature, err := k.private.Sign(rand.Reader, digest[:], crypto.SHA256)
		if err != nil {
			panic(fmt.Errorf("providertest: %w", err))
		}
		return signature
	}
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
