package token

import (
	"context"
	"slices"
)

// keyring is a fixed collection of keys. No two different public keys in it
// have one id.
type keyring []Key

// newKeyring leaves out the keys of each id that several different public keys
// claim: nobody can say which of them is meant.
func newKeyring(keys []Key) (ring keyring, contested bool) {
	for i, key := range keys {
		rivals := func(other Key) bool {
			return key.ID != "" && other.ID == key.ID && !other.public.equal(key.public)
		}
		same := func(other Key) bool {
			return other.ID == key.ID && other.Algorithm == key.Algorithm && other.public.equal(key.public)
		}
		switch {
		case slices.ContainsFunc(keys, rivals):
			contested = true
		case !slices.ContainsFunc(keys[:i], same):
			ring = append(ring, key)
		}
	}
	return ring, contested
}

// find returns the key with that id that fits alg; for an empty kid the only
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

// knows reports whether there is a key with that id, whatever its algorithm.
func (r keyring) knows(kid string) bool {
	return slices.ContainsFunc(r, func(k Key) bool { return k.ID == kid })
}

// Key makes the fixed collection a [KeySet].
func (r keyring) Key(_ context.Context, kid, alg string) (Key, error) {
	key, ok := r.find(kid, alg)
	if !ok {
		return Key{}, invalid("unknown_key")
	}
	return key, nil
}

// Static returns a key set that never changes. Different keys with one id are
// left out, all of them.
func Static(keys ...Key) KeySet {
	ring, _ := newKeyring(slices.DeleteFunc(slices.Clone(keys), func(k Key) bool { return k.public == nil }))
	return ring
}

// StaticJWKS returns a key set that never changes, of a JWK Set document (RFC
// 7517, section 5), read as [RemoteKeySet] reads it. A document without any
// usable key is an error, which names the causes.
func StaticJWKS(document []byte) (KeySet, error) {
	set, err := parseJWKS(document)
	if err != nil {
		return nil, err
	}
	return set.keys, nil
}
