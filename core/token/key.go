package token

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/cotterpin/cotterpin/core/internal/algorithm"
)

// KeySet finds the public key that a token names.
//
// Key returns the key that the query selects by ID and Algorithm. Without ID it
// is the only key that fits the algorithm; if several fit, there is no such key.
// Key never returns a key whose type, curve, size, use or operations do not fit
// the algorithm. ctx bounds only how long this caller waits. A set whose keys
// never change needs none of the other fields of the query.
//
// Errors, by code (package autherr): [autherr.InvalidToken] means that the keys
// are available and the selected one is not among them;
// [autherr.TemporarilyUnavailable] means that the keys are not available, or too
// old to decide. An implementation must never return one for the other.
//
// Until the keys change, the same ID and Algorithm give the same Key (==): a key
// is made once, not per call. The kit's cache drops what it has verified with a
// key that the set has replaced.
//
// A KeySet is safe for concurrent use. It decides about age, rotation and
// fetching of its keys; it does not check issuer, audience or lifetime of a
// token.
type KeySet interface {
	Key(ctx context.Context, q KeyQuery) (Key, error)
}

// KeyQuery specifies the key that a token is signed with. Nothing in it is
// verified.
type KeyQuery struct {
	ID        string // kid; "" if the token has none
	Algorithm string // alg; EdDSA for Ed25519 too

	// IssuedAt is the token's iat. Keys that are older do not prove that the
	// issuer has no key with that ID.
	IssuedAt time.Time

	// Rejected is the key that the set has returned for this query, if the
	// signature is not valid under it: the issuer may have replaced the key under
	// the same ID. Returning Rejected again is always correct.
	Rejected Key
}

// Key is a public key that may verify signatures of one algorithm. The zero
// value verifies nothing. Keys are equal (==) if one is a copy of the other;
// keys made separately from the same public key differ.
type Key struct {
	ID        string // kid; "" if the issuer specified none
	Algorithm string // alg; EdDSA if the issuer specified Ed25519
	public    *publicKey
}

// publicKey is a public key that fits the algorithm. Its pointer makes [Key]
// comparable: an [ed25519.PublicKey] is a slice.
type publicKey struct {
	raw       rawKey
	algorithm string
}

// rawKey is implemented by the standard library's public keys.
type rawKey interface {
	Equal(other crypto.PublicKey) bool
}

// The causes why a key is not used.
var (
	errAlgorithm = errors.New("unknown algorithm")
	errKeyType   = errors.New("key type does not fit the algorithm")
	errCurve     = errors.New("curve does not fit the algorithm")
	errPoint     = errors.New("point is not on the curve")
	errModulus   = errors.New("RSA modulus is not an odd number of 2048 to 8192 bits")
	errROCA      = errors.New("RSA key can be factored (CVE-2017-15361)")
	errExponent  = errors.New("RSA exponent is not an odd number of 2 to 31 bits")
	errKeyID     = errors.New("key id is not 1 to 255 printable ASCII characters")
)

// NewKey returns a key that may verify signatures of alg: an
// [*ecdsa.PublicKey] on the curve of the algorithm, an [*rsa.PublicKey] of 2048
// to 8192 bits that is not known to be factorable, or an [ed25519.PublicKey]. kid may be "". Of EdDSA and Ed25519,
// which are the same algorithm, the key has the former. The error is the same
// value for each key with the same fault.
func NewKey(kid, alg string, public crypto.PublicKey) (Key, error) {
	if kid != "" && !IsKeyID(kid) {
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
	alg = algorithm.Canonical(alg)
	return Key{ID: kid, Algorithm: alg, public: &publicKey{raw, alg}}, nil
}

// Public returns the public key. It is nil for the zero Key, and for a copy with
// another Algorithm, which the key was not checked for.
func (k Key) Public() crypto.PublicKey {
	if k.public == nil || k.public.algorithm != k.Algorithm {
		return nil
	}
	return k.public.raw
}

// HasSamePublic reports whether both have the same public key, regardless of id
// and algorithm.
func (k Key) HasSamePublic(other Key) bool {
	if k.public == nil || other.public == nil {
		return k.public == other.public
	}
	return k.public.raw.Equal(other.public.raw)
}

// IsKeyID reports whether kid is 1 to 255 printable ASCII characters.
func IsKeyID(kid string) bool {
	const maxLength = 255
	if kid == "" || len(kid) > maxLength {
		return false
	}
	for _, c := range []byte(kid) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// Algorithms returns the supported signature algorithms (RFC 7518, section 3.1;
// RFC 8037; RFC 9864), sorted. None has a shared secret.
func Algorithms() []string { return slices.Sorted(maps.Keys(algorithms)) }

// algorithms contains the check that the keys of an algorithm must pass.
// Algorithms with a shared secret must not be added.
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

	"EdDSA":   checkEd25519,
	"Ed25519": checkEd25519,
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
	if isFactorable(key.N) {
		return errROCA
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
