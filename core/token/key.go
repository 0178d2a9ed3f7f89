package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"math"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// Key is a public key that may verify signatures of one algorithm. The zero
// value verifies nothing. Keys are equal (==) if one is a copy of the other;
// keys made separately from the same public key differ.
type Key struct {
	ID        string // kid; "" if the issuer specified none
	Algorithm string // alg
	public    *publicKey
}

// publicKey is a public key, prepared once for verifying signatures of one
// algorithm.
type publicKey struct {
	raw      rawKey
	verifier jws.Verifier
}

// rawKey is implemented by the standard library's public keys.
type rawKey interface {
	Equal(other crypto.PublicKey) bool
}

func (p *publicKey) equal(other *publicKey) bool { return p.raw.Equal(other.raw) }

// The causes why a key is not used.
var (
	errAlgorithm = errors.New("unknown algorithm")
	errKeyType   = errors.New("key type does not fit the algorithm")
	errCurve     = errors.New("curve does not fit the algorithm")
	errPoint     = errors.New("point is not on the curve")
	errModulus   = errors.New("RSA modulus is not an odd number of 2048 to 8192 bits")
	errExponent  = errors.New("RSA exponent is not an odd number of 2 to 31 bits")
	errKeyID     = errors.New("key id is not 1 to 255 printable ASCII characters")
)

// algorithms are the supported signature algorithms (RFC 7518, section 3.1; RFC
// 8037), each with the check that its keys must pass. Algorithms with a shared
// secret must not be added.
var algorithms = map[string]func(rawKey) error{
	"ES256": onCurve(elliptic.P256()),
	"ES384": onCurve(elliptic.P384()),
	"ES512": onCurve(elliptic.P521()),
	"RS256": checkRSA,
	"RS384": checkRSA,
	"RS512": checkRSA,
	"PS256": checkRSA,
	"PS384": checkRSA,
	"PS512": checkRSA,
	"EdDSA": checkEd25519,
}

// algorithmsOf returns the algorithms that a public key may be used with if its
// issuer specifies none.
func algorithmsOf(public crypto.PublicKey) []string {
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P256():
			return []string{"ES256"}
		case elliptic.P384():
			return []string{"ES384"}
		case elliptic.P521():
			return []string{"ES512"}
		}
	case *rsa.PublicKey:
		return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
	case ed25519.PublicKey:
		return []string{"EdDSA"}
	}
	return nil
}

// NewKey returns a key that may verify signatures of alg: an
// [*ecdsa.PublicKey] on the curve of the algorithm, an [*rsa.PublicKey] of 2048
// to 8192 bits, or an [ed25519.PublicKey]. kid may be "".
func NewKey(kid, alg string, public crypto.PublicKey) (Key, error) {
	key, err := newKey(kid, alg, public)
	if err != nil {
		return Key{}, fmt.Errorf("token: %w", err)
	}
	return key, nil
}

func newKey(kid, alg string, public crypto.PublicKey) (Key, error) {
	if kid != "" && !isShortASCII(kid) {
		return Key{}, errKeyID
	}
	check, supported := algorithms[alg]
	if !supported {
		return Key{}, errAlgorithm
	}
	raw, ok := public.(rawKey)
	if !ok {
		return Key{}, errKeyType
	}
	if err := check(raw); err != nil {
		return Key{}, err
	}
	verifier, err := jws.NewVerifier(jwa.SignatureAlgorithm(alg))
	if err != nil {
		return Key{}, errAlgorithm
	}
	return Key{ID: kid, Algorithm: alg, public: &publicKey{raw, verifier}}, nil
}

// verify reports whether the signature over signed was made with the key.
func (k Key) verify(signed, signature []byte) bool {
	return k.public != nil && k.public.verifier.Verify(signed, signature, k.public.raw) == nil
}

func onCurve(curve elliptic.Curve) func(rawKey) error {
	return func(public rawKey) error {
		key, ok := public.(*ecdsa.PublicKey)
		if !ok || key == nil {
			return errKeyType
		}
		if key.Curve != curve {
			return errCurve
		}
		if _, err := key.ECDH(); err != nil {
			return errPoint
		}
		return nil
	}
}

func checkRSA(public rawKey) error {
	const minBits, maxBits = 2048, 8192
	key, ok := public.(*rsa.PublicKey)
	if !ok || key == nil || key.N == nil {
		return errKeyType
	}
	if bits := key.N.BitLen(); bits < minBits || bits > maxBits || key.N.Bit(0) == 0 {
		return errModulus
	}
	if key.E < 3 || key.E > math.MaxInt32 || key.E%2 == 0 {
		return errExponent
	}
	return nil
}

func checkEd25519(public rawKey) error {
	key, ok := public.(ed25519.PublicKey)
	if !ok || len(key) != ed25519.PublicKeySize {
		return errKeyType
	}
	return nil
}
