package identity

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Claims are signed claims by name: strings, bools, [json.Number] and []string.
// They are immutable, so that requests may share them. The zero value is empty.
type Claims struct{ values map[string]any }

// NewClaims returns claims with copies of values. Values of other types are
// omitted.
func NewClaims(values map[string]any) Claims {
	var c Claims
	for name, value := range values {
		if value = cloned(value); value == nil {
			continue
		}
		if c.values == nil {
			c.values = make(map[string]any, len(values))
		}
		c.values[name] = value
	}
	return c
}

// Get returns a claim, or nil. A list is a copy.
func (c Claims) Get(name string) any { return cloned(c.values[name]) }

// Map returns a copy of all claims, nil if there are none.
func (c Claims) Map() map[string]any {
	values := maps.Clone(c.values)
	for name, value := range values {
		values[name] = cloned(value)
	}
	return values
}

// MarshalJSON returns the claims as a JSON object, null if there are none.
func (c Claims) MarshalJSON() ([]byte, error) {
	object, err := json.Marshal(c.values)
	if err != nil {
		return nil, fmt.Errorf("identity: claims: %w", err)
	}
	return object, nil
}

// cloned returns a copy of value, nil if its type is not one of a claim.
func cloned(value any) any {
	switch v := value.(type) {
	case string, bool, json.Number:
		return v
	case []string:
		return slices.Clone(v)
	default:
		return nil
	}
}
