package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/lestrrat-go/jwx/v2/jwk"

	"github.com/cotterpin/cotterpin/core/internal/strictjson"
)

// maxKeys is how many entries of a document are looked at.
const maxKeys = 100

// The reasons why an entry of a document is not used, beside those of NewKey.
var (
	errPrivate       = errors.New("key is not public")
	errNotForSigning = errors.New("key is not for signatures")
	errMalformedKey  = errors.New("key is malformed")
	errContested     = errors.New("different keys have one id")
	errTooManyKeys   = fmt.Errorf("more than %d entries", maxKeys)
)

// jwks is what a JWK Set document (RFC 7517, section 5) is good for.
type jwks struct {
	keys    keyring
	skipped []error // each cause once
}

// parseJWKS reads a document entry by entry: what is not usable is skipped and
// hides nothing else. A document without any usable key is an error.
func parseJWKS(document []byte) (jwks, error) {
	var members map[string]json.RawMessage // a struct would take "KEYS" for "keys"
	if err := json.Unmarshal(document, &members); err != nil {
		return jwks{}, fmt.Errorf("token: key set: %w", err)
	}
	var entries []json.RawMessage
	if err := json.Unmarshal(members["keys"], &entries); err != nil {
		return jwks{}, errors.New("token: key set: no array of keys")
	}

	var set jwks
	if len(entries) > maxKeys {
		entries = entries[:maxKeys]
		set.skip(errTooManyKeys)
	}
	var keys []Key
	for _, entry := range entries {
		found, err := parseJWK(entry)
		if err != nil {
			set.skip(err)
		}
		keys = append(keys, found...)
	}
	ring, contested := newKeyring(keys)
	if contested {
		set.skip(errContested)
	}
	if len(ring) == 0 {
		return jwks{}, fmt.Errorf("token: key set: no usable key: %w", errors.Join(set.skipped...))
	}
	set.keys = ring
	return set, nil
}

func (s *jwks) skip(cause error) {
	if !slices.Contains(s.skipped, cause) {
		s.skipped = append(s.skipped, cause)
	}
}

// parseJWK reads one entry (RFC 7517, section 4). The result is one key for
// each algorithm that the entry may be used with.
func parseJWK(entry []byte) ([]Key, error) {
	object, err := strictjson.Parse(entry)
	if err != nil {
		return nil, errMalformedKey
	}
	if err := checkPurpose(object); err != nil {
		return nil, err
	}
	var kid string
	if v, present := object.Lookup("kid"); present {
		var ok bool
		if kid, ok = v.String(); !ok || !isShortASCII(kid) {
			return nil, errKeyID
		}
	}
	public, err := parsePublicKey(object)
	if err != nil {
		return nil, err
	}
	algs := algorithmsOf(public)
	if v, present := object.Lookup("alg"); present {
		alg, _ := v.String()
		algs = []string{alg}
	}
	var keys []Key
	for _, alg := range algs {
		key, err := newKey(kid, alg, public)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// checkPurpose refuses a key that is not published for verifying signatures:
// RFC 7517, sections 4.2 and 4.3.
func checkPurpose(o strictjson.Object) error {
	kty, _ := o.Lookup("kty")
	if name, _ := kty.String(); name == "oct" {
		return errPrivate
	}
	if _, private := o.Lookup("d"); private {
		return errPrivate
	}
	if v, present := o.Lookup("use"); present {
		if use, _ := v.String(); use != "sig" {
			return errNotForSigning
		}
	}
	if v, present := o.Lookup("key_ops"); present {
		if ops, _ := v.Strings(); !slices.Contains(ops, "verify") {
			return errNotForSigning
		}
	}
	return nil
}

// fields are the members that make up a public key, by kty (RFC 7518, section
// 6; RFC 8037, section 2).
var fields = map[string][]string{
	"EC":  {"crv", "x", "y"},
	"RSA": {"n", "e"},
	"OKP": {"crv", "x"},
}

// parsePublicKey hands the library the members that make up the key and
// nothing else, so that it can stumble over nothing else.
func parsePublicKey(o strictjson.Object) (crypto.PublicKey, error) {
	v, _ := o.Lookup("kty")
	kty, _ := v.String()
	names, known := fields[kty]
	if !known {
		return nil, errKeyType
	}
	members := map[string]string{"kty": kty}
	for _, name := range names {
		v, _ := o.Lookup(name)
		text, ok := v.String()
		if !ok {
			return nil, errMalformedKey
		}
		members[name] = text
	}
	public, err := decodePublicKey(members)
	if err != nil || !fullLength(public, members) {
		return nil, errMalformedKey
	}
	return public, nil
}

func decodePublicKey(members map[string]string) (crypto.PublicKey, error) {
	text, err := json.Marshal(members)
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	key, err := jwk.ParseKey(text)
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	var public crypto.PublicKey
	if err := key.Raw(&public); err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	return public, nil
}

// fullLength reports whether the numbers of a key have the length they should
// have, at which the library does not look: both coordinates fill the curve
// (RFC 7518, section 6.2.1.2), and the exponent fits into 32 bits, which it
// would silently be cut to.
func fullLength(public crypto.PublicKey, members map[string]string) bool {
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		length := base64url.EncodedLen((key.Curve.Params().BitSize + 7) / 8)
		return len(members["x"]) == length && len(members["y"]) == length
	case *rsa.PublicKey:
		return len(members["e"]) <= base64url.EncodedLen(32/8)
	case ed25519.PublicKey:
		return len(key) == ed25519.PublicKeySize
	default:
		return true
	}
}
