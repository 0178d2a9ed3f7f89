package jwt

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/lestrrat-go/jwx/v2/jwk"

	"github.com/cotterpin/cotterpin/core/internal/strictjson"
	"github.com/cotterpin/cotterpin/core/token"
)

// maxKeys is the number of entries of a document that are parsed.
const maxKeys = 100

// The causes why an entry of a document is not used, in addition to those of
// [token.NewKey].
var (
	errPrivate       = errors.New("key is not public")
	errNotForSigning = errors.New("key is not for signatures")
	errKeyType       = errors.New("key type is not supported")
	errKeyID         = errors.New("key id is not a string of 1 to 255 printable ASCII characters")
	errMalformedKey  = errors.New("key is malformed")
	errAmbiguousID   = errors.New("different keys have the same id")
	errTooManyKeys   = fmt.Errorf("more than %d entries", maxKeys)
)

// jwks is a parsed JWK Set document (RFC 7517, section 5).
type jwks struct {
	keys    keyring // those that can be used
	skipped []error // why others cannot, each cause once
}

// parseJWKS parses a document. It skips an entry that cannot be used, whatever
// is wrong with it, and fails only if no key remains.
func parseJWKS(document []byte) (jwks, error) {
	entries, more, err := splitJWKS(document)
	if err != nil {
		return jwks{}, err
	}
	var set jwks
	if more {
		set.skip(errTooManyKeys)
	}
	var keys []token.Key
	for _, entry := range entries {
		parsed, err := parseJWK(entry)
		if err != nil {
			set.skip(err)
		}
		keys = append(keys, parsed...)
	}
	var ambiguous bool
	if set.keys, ambiguous = newKeyring(keys); ambiguous {
		set.skip(errAmbiguousID)
	}
	if len(set.keys) == 0 {
		return jwks{}, fmt.Errorf("jwt: key set: no usable key: %w", errors.Join(set.skipped...))
	}
	return set, nil
}

// splitJWKS returns the first entries of a document, and whether there are more.
// It does not split the rest: callers wait for the keys.
func splitJWKS(document []byte) (entries []json.RawMessage, more bool, err error) {
	var members map[string]json.RawMessage // a struct would also match "KEYS"
	if err := json.Unmarshal(document, &members); err != nil {
		return nil, false, fmt.Errorf("jwt: key set: %w", err)
	}
	array := json.NewDecoder(bytes.NewReader(members["keys"]))
	if start, err := array.Token(); err != nil || start != json.Delim('[') {
		return nil, false, errors.New("jwt: key set: keys is not an array")
	}
	for len(entries) < maxKeys && array.More() {
		var entry json.RawMessage
		if err := array.Decode(&entry); err != nil {
			return nil, false, fmt.Errorf("jwt: key set: %w", err)
		}
		entries = append(entries, entry)
	}
	return entries, array.More(), nil
}

func (s *jwks) skip(cause error) {
	if !slices.Contains(s.skipped, cause) {
		s.skipped = append(s.skipped, cause)
	}
}

// parseJWK parses one entry of a document (RFC 7517, section 4). It returns one
// key for each algorithm that the entry may be used with.
func parseJWK(entry []byte) ([]token.Key, error) {
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
	if v, present := lookup(object, "alg"); present {
		alg, _ := v.String()
		algs = []string{alg}
	}
	var keys []token.Key
	for _, alg := range algs {
		key, err := token.NewKey(kid, alg, public)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// lookup returns a member of an entry. A member that is null is missing: some
// issuers publish all members that they know, used or not.
func lookup(o strictjson.Object, name string) (strictjson.Value, bool) {
	v, present := o.Lookup(name)
	return v, present && !v.IsNull()
}

// checkPurpose rejects a key that is not published for verifying signatures:
// RFC 7517, sections 4.2 and 4.3.
func checkPurpose(o strictjson.Object) error {
	kty, _ := o.Lookup("kty")
	if name, _ := kty.String(); name == "oct" {
		return errPrivate
	}
	if _, private := lookup(o, "d"); private {
		return errPrivate
	}
	if v, present := lookup(o, "use"); present {
		if use, _ := v.String(); use != "sig" {
			return errNotForSigning
		}
	}
	if v, present := lookup(o, "key_ops"); present {
		if ops, _ := v.Strings(); !slices.Contains(ops, "verify") {
			return errNotForSigning
		}
	}
	return nil
}

func parseJWKID(o strictjson.Object) (string, error) {
	v, present := lookup(o, "kid")
	if !present {
		return "", nil
	}
	kid, ok := v.String()
	if !ok || !token.IsKeyID(kid) {
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
		return nil, fmt.Errorf("jwt: %w", err)
	}
	key, err := jwk.ParseKey(entry)
	if err != nil {
		return nil, fmt.Errorf("jwt: %w", err)
	}
	var public crypto.PublicKey
	if err := key.Raw(&public); err != nil {
		return nil, fmt.Errorf("jwt: %w", err)
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

// keyring is a fixed set of keys. No two different public keys in it have the
// same id.
type keyring []token.Key

// newKeyring omits duplicates, and all keys of an id that several different
// public keys share: it would be ambiguous.
func newKeyring(keys []token.Key) (ring keyring, ambiguous bool) {
	for i, key := range keys {
		conflicts := func(other token.Key) bool {
			return key.ID != "" && other.ID == key.ID && !other.HasSamePublic(key)
		}
		switch {
		case slices.ContainsFunc(keys, conflicts):
			ambiguous = true
		case !slices.ContainsFunc(keys[:i], duplicates(key)):
			ring = append(ring, key)
		}
	}
	return ring, ambiguous
}

// duplicates reports whether a key is another copy of key.
func duplicates(key token.Key) func(token.Key) bool {
	return func(other token.Key) bool {
		return other.ID == key.ID && other.Algorithm == key.Algorithm && other.HasSamePublic(key)
	}
}

// keep returns r with the keys of old that it has too, so that these stay equal.
func (r keyring) keep(old keyring) keyring {
	for i, key := range r {
		if j := slices.IndexFunc(old, duplicates(key)); j >= 0 {
			r[i] = old[j]
		}
	}
	return r
}

// find returns the key with the id kid that fits alg; for an empty kid, the only
// key that fits alg.
func (r keyring) find(kid, alg string) (token.Key, bool) {
	var found token.Key
	for _, key := range r {
		if key.Algorithm != alg || kid != "" && key.ID != kid {
			continue
		}
		if found.Public() != nil {
			return token.Key{}, false
		}
		found = key
	}
	return found, found.Public() != nil
}

// has reports whether any key has the id kid, regardless of its algorithm.
func (r keyring) has(kid string) bool {
	return slices.ContainsFunc(r, func(k token.Key) bool { return k.ID == kid })
}

// Key implements [token.KeySet].
func (r keyring) Key(_ context.Context, q token.KeyQuery) (token.Key, error) {
	key, ok := r.find(q.ID, q.Algorithm)
	if !ok {
		return token.Key{}, invalid("unknown_key")
	}
	return key, nil
}

// Static returns a key set that never changes. If different keys have the same
// id, all of them are omitted.
func Static(keys ...token.Key) token.KeySet {
	ring, _ := newKeyring(slices.DeleteFunc(slices.Clone(keys), func(k token.Key) bool { return k.Public() == nil }))
	return ring
}

// StaticJWKS returns a key set that never changes, from a JWK Set document (RFC
// 7517, section 5), parsed as by [RemoteKeySet]. It returns an error that lists
// the causes if the document has no usable key.
func StaticJWKS(document []byte) (token.KeySet, error) {
	set, err := parseJWKS(document)
	if err != nil {
		return nil, err
	}
	return set.keys, nil
}
