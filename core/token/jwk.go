package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/lestrrat-go/jwx/v2/jwk"

	"github.com/cotterpin/cotterpin/core/internal/strictjson"
)

// parseJWK parses one entry of a document (RFC 7517, section 4). It returns one
// key for each algorithm that the entry may be used with.
func parseJWK(entry []byte) ([]Key, error) {
	object, err := strictjson.Parse(entry)
	if err != nil {
		return nil, errMalformedKey
	}
	if err := checkPurpose(object); err != nil {
		return nil, err
	}
	kid, err := parseJWKID(object)
	if err != nil {
		return nil, err
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

// checkPurpose rejects a key that is not published for verifying signatures:
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

func parseJWKID(o strictjson.Object) (string, error) {
	v, present := o.Lookup("kid")
	if !present {
		return "", nil
	}
	kid, ok := v.String()
	if !ok || !isShortASCII(kid) {
		return "", errKeyID
	}
	return kid, nil
}

// publicMembers are the members that make up a public key, by kty (RFC 7518, section
// 6; RFC 8037, section 2).
var publicMembers = map[string][]string{
	"EC":  {"crv", "x", "y"},
	"RSA": {"n", "e"},
	"OKP": {"crv", "x"},
}

// parsePublicKey passes the library only the members that make up the key.
func parsePublicKey(o strictjson.Object) (crypto.PublicKey, error) {
	v, _ := o.Lookup("kty")
	kty, _ := v.String()
	names, supported := publicMembers[kty]
	if !supported {
		return nil, errKeyType
	}
	members := map[string]string{"kty": kty}
	for _, name := range names {
		v, _ := o.Lookup(name)
		value, ok := v.String()
		if !ok {
			return nil, errMalformedKey
		}
		members[name] = value
	}
	public, err := decodePublicKey(members)
	if err != nil || !hasFullLength(public, members) {
		return nil, errMalformedKey
	}
	return public, nil
}

func decodePublicKey(members map[string]string) (crypto.PublicKey, error) {
	entry, err := json.Marshal(members)
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	key, err := jwk.ParseKey(entry)
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	var public crypto.PublicKey
	if err := key.Raw(&public); err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	return public, nil
}

// hasFullLength makes the checks that the library omits: both coordinates have
// the length of the curve (RFC 7518, section 6.2.1.2), and the exponent fits
// into 32 bits, to which the library would truncate it.
func hasFullLength(public crypto.PublicKey, members map[string]string) bool {
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
