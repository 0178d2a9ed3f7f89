package identity

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Claims are signed claims by name: strings, bools, [json.Number] and []string.
// They cannot be changed, so that many requests may share them. The zero value
// has none.
type Claims struct{ values map[string]any }

// NewClaims returns claims with those values. Other kinds of value are left out.
func NewClaims(values map[string]any) Claims {
	var c Claims
	for name, value := range values {
		if value = ownCopy(value); value == nil {
			continue
		}
		if c.values == nil {
			c.values = make(map[string]any, len(values))
		}
		c.values[name] = value
	}
	return c
}

// Get returns a claim, nil if there is none of that name. A list is the
// caller's own.
func (c Claims) Get(name string) any { return ownCopy(c.values[name]) }

// Map returns all claims in a map of the caller's own, nil if there are none.
func (c Claims) Map() map[string]any {
	values := maps.Clone(c.values)
	for name, value := range values {
		values[name] = ownCopy(value)
	}
	return values
}

// MarshalJSON returns the claims as a JSON object, null if there are none.
func (c Claims) MarshalJSON() ([]byte, error) {
	text, err := json.Marshal(c.values)
	if err != nil {
		return nil, fmt.Errorf("identity: claims: %w", err)
	}
	return text, nil
}

// ownCopy returns a value that shares no memory which could be written to, nil
// for a kind of value that claims do not have.
func ownCopy(value any) any {
	switch v := value.(type) {
	case string, bool, json.Number:
		return v
	case []string:
		return slices.Clone(v)
	default:
		return nil
	}
}
