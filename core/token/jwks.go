package token

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// maxKeys is the number of entries of a document that are parsed.
const maxKeys = 100

// The causes why an entry of a document is not used, in addition to those of
// NewKey.
var (
	errPrivate       = errors.New("key is not public")
	errNotForSigning = errors.New("key is not for signatures")
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
	entries, err := splitJWKS(document)
	if err != nil {
		return jwks{}, err
	}
	var set jwks
	if len(entries) > maxKeys {
		entries = entries[:maxKeys]
		set.skip(errTooManyKeys)
	}
	var keys []Key
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
		return jwks{}, fmt.Errorf("token: key set: no usable key: %w", errors.Join(set.skipped...))
	}
	return set, nil
}

// splitJWKS returns the entries of a document.
func splitJWKS(document []byte) ([]json.RawMessage, error) {
	var members map[string]json.RawMessage // a struct would also match "KEYS"
	if err := json.Unmarshal(document, &members); err != nil {
		return nil, fmt.Errorf("token: key set: %w", err)
	}
	var entries []json.RawMessage
	if err := json.Unmarshal(members["keys"], &entries); err != nil {
		return nil, errors.New("token: key set: keys is not an array")
	}
	return entries, nil
}

func (s *jwks) skip(cause error) {
	if !slices.Contains(s.skipped, cause) {
		s.skipped = append(s.skipped, cause)
	}
}
