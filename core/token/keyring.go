package token

import (
	"context"
	"slices"
)

// keyring is a fixed set of keys. No two different public keys in it have the
// same id.
type keyring []Key

// newKeyring omits duplicates, and all keys of an id that several different
// public keys share: it would be ambiguous.
func newKeyring(keys []Key) (ring keyring, ambiguous bool) {
	for i, key := range keys {
		conflicts := func(other Key) bool {
			return key.ID != "" && other.ID == key.ID && !other.public.equal(key.public)
		}
		duplicates := func(other Key) bool {
			return other.ID == key.ID && other.Algorithm == key.Algorithm && other.public.equal(key.public)
		}
		switch {
		case slices.ContainsFunc(keys, conflicts):
			ambiguous = true
		case !slices.ContainsFunc(keys[:i], duplicates):
			ring = append(ring, key)
		}
	}
	return ring, ambiguous
}

// find returns the key with the id kid that fits alg; for an empty kid, the only
// key that fits alg.
func (r keyring) find(kid, alg string) (Key, bool) {
	var found Key
	for _, key := range r {
		if key.Algorithm != alg || kid != "" && key.ID != kid {
			continue
		}
		if found.public != nil {
			return Key{}, false
		}
		found = key
	}
	return found, found.public != nil
}

// has reports whether any key has the id kid, regardless of its algorithm.
func (r keyring) has(kid string) bool {
	return slices.ContainsFunc(r, func(k Key) bool { return k.ID == kid })
}

// Key implements [KeySet].
func (r keyring) Key(_ context.Context, kid, alg string) (Key, error) {
	key, ok := r.find(kid, alg)
	if !ok {
		return Key{}, invalid("unknown_key")
	}
	return key, nil
}

// Static returns a key set that never changes. If different keys have the same
// id, all of them are omitted.
func Static(keys ...Key) KeySet {
	ring, _ := newKeyring(slices.DeleteFunc(slices.Clone(keys), func(k Key) bool { return k.public == nil }))
	return ring
}

// StaticJWKS returns a key set that never changes, from a JWK Set document (RFC
// 7517, section 5), parsed as by [RemoteKeySet]. It returns an error that lists
// the causes if the document has no usable key.
func StaticJWKS(document []byte) (KeySet, error) {
	set, err := parseJWKS(document)
	if err != nil {
		return nil, err
	}
	return set.keys, nil
}
