package signer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
)

// Key is a key pair that signs tokens with ES256 or RS256.
type Key struct {
	ID        string // kid
	Algorithm string // alg

	private crypto.Signer
}

// NewES256 returns a new key on P-256.
func NewES256(kid string) *Key {
	return &Key{kid, "ES256", must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))}
}

// NewRS256 returns a new RSA key of 2048 bits.
func NewRS256(kid string) *Key {
	return &Key{kid, "RS256", must(rsa.GenerateKey(rand.Reader, 2048))}
}

// Public returns the public key: *ecdsa.PublicKey or *rsa.PublicKey.
func (k *Key) Public() crypto.PublicKey { return k.private.Public() }

// JWK returns the public key as an entry of a JWK Set (RFC 7517, section 4;
// RFC 7518, section 6).
func (k *Key) JWK() map[string]any {
	jwk := map[string]any{"kid": k.ID, "alg": k.Algorithm, "use": "sig"}
	switch public := k.Public().(type) {
	case *ecdsa.PublicKey:
		point := must(public.Bytes()) // SEC 1, uncompressed: 4, x, y
		jwk["kty"], jwk["crv"] = "EC", "P-256"
		jwk["x"], jwk["y"] = encode(point[1:33]), encode(point[33:])
	case *rsa.PublicKey:
		jwk["kty"] = "RSA"
		jwk["n"], jwk["e"] = encode(public.N.Bytes()), encode(big.NewInt(int64(public.E)).Bytes())
	}
	return jwk
}

// PEM returns the public key as a PEM block: the HMAC secret of an algorithm
// confusion attack.
func (k *Key) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(k.Public()))})
}

// Sign returns the signature of a JWS signing input (RFC 7518, sections 3.3 and
// 3.4).
func (k *Key) Sign(input []byte) []byte {
	digest := sha256.Sum256(input)
	private, ok := k.private.(*ecdsa.PrivateKey)
	if !ok {
		return must(k.private.Sign(rand.Reader, digest[:], crypto.SHA256))
	}
	r, s, err := ecdsa.Sign(rand.Reader, private, digest[:])
	if err != nil {
		panic(fmt.Errorf("signer: %w", err))
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signature
}

// must panics on an error, which keys of supported types and sizes never cause.
func must[T any](value T, err error) T {
	if err != nil {
		panic(fmt.Errorf("signer: %w", err))
	}
	return value
}
