package ownjwt

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"github.com/cotterpin/cotterpin/core/internal/base64url"
	"github.com/cotterpin/cotterpin/core/session"
)

// serverKey is a stored key whose secret could be opened.
type serverKey struct {
	session.Key

	secret []byte // HMAC key of purpose [session.KeyRefreshes]

	// Of purpose [session.KeySigns]:
	private *ecdsa.PrivateKey
	public  json.RawMessage // JWK
	header  string          // encoded header of tokens
}

// newKey returns a key to store and its secret, which is not yet sealed.
func newKey(purpose session.KeyPurpose) (k session.Key, secret []byte, err error) {
	var id [16]byte
	_, _ = rand.Read(id[:]) // it does not return errors: it crashes the process instead
	k = session.Key{ID: base64url.Encode(id[:]), Purpose: purpose}
	if purpose == session.KeyRefreshes {
		secret = make([]byte, sha256.Size)
		_, _ = rand.Read(secret)
		return k, secret, nil
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return session.Key{}, nil, fmt.Errorf("generating a server key: %w", err)
	}
	if secret, err = private.Bytes(); err != nil {
		return session.Key{}, nil, fmt.Errorf("generating a server key: %w", err)
	}
	k.Public, err = newJWK(k.ID, &private.PublicKey)
	return k, secret, err
}

// openKey opens a stored key. The public half is that of the private key: the
// stored one is not encrypted, and could be another.
func openKey(k session.Key, s sealer) (serverKey, error) {
	secret, err := s.open(k)
	if err != nil {
		return serverKey{}, err
	}
	if k.Purpose != session.KeySigns {
		return serverKey{Key: k, secret: secret}, nil
	}
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), secret)
	if err != nil {
		return serverKey{}, fmt.Errorf("server key %q is not a private key: %w", k.ID, err)
	}
	public, err := newJWK(k.ID, &private.PublicKey)
	if err != nil {
		return serverKey{}, fmt.Errorf("server key %q: %w", k.ID, err)
	}
	header, err := encodeJSON(map[string]string{"alg": es256, "kid": k.ID, "typ": TokenType})
	return serverKey{Key: k, private: private, public: public, header: base64url.Encode(header)}, err
}

// TokenType is the typ of own tokens (RFC 9068, section 2.1).
const TokenType = "at+jwt"

// sign returns a token (RFC 7515, section 3.1) with the claims.
func (k serverKey) sign(claims []byte) (string, error) {
	const half = 32
	input := k.header + "." + base64url.Encode(claims)
	digest := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, k.private, digest[:])
	if err != nil {
		return "", fmt.Errorf("signing a token: %w", err)
	}
	signature := make([]byte, 2*half)
	r.FillBytes(signature[:half])
	s.FillBytes(signature[half:])
	return input + "." + base64url.Encode(signature), nil
}
