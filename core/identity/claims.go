package identity

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cotterpin/cotterpin/core/internal/claim"
	"github.com/cotterpin/cotterpin/core/internal/strictjson"
)

// Claims are signed claims. Those of a provider's token are all except the
// registered ones; those of an own session are the kept ones. They are immutable,
// so that requests may share them. The zero value is empty.
//
// Their names are plain, such as "https://app.example/roles", or JSON Pointers
// (RFC 6901), which begin with "/": "/realm_access/roles", "/emails/0". Names of
// both forms select the same claims in a token and in an own session that keeps
// them, or that keeps what they are in.
type Claims struct {
	object strictjson.Object
	kept   bool // names of object that begin with "/" are JSON Pointers
}

// NewClaims returns claims with copies of values, which may be anything that
// encoding/json encodes. Other values are omitted.
func NewClaims(values map[string]any) Claims {
	var object strictjson.Object
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if text, err := json.Marshal(values[name]); err == nil && string(text) != "null" {
			object = object.With(name, strictjson.Value(text))
		}
	}
	return ClaimsOf(object)
}

// ClaimsOf returns the members of an object as claims. It is for package token.
func ClaimsOf(object strictjson.Object) Claims { return Claims{object: object} }

// Get returns a claim, or nil: a string, a bool, a [json.Number], a []string,
// a []any for any other list, or a map[string]any. It is a copy.
func (c Claims) Get(name string) any { return decoded(c.lookup(name)) }

// Has reports whether a claim has the wanted value: the claim is that string, a
// bool or number that is written so in the token, or a list with such an element.
// If scope or scp is a string, it is a list of words separated by spaces. It is
// the rule of required_claims and of guards.
func (c Claims) Has(name, want string) bool { return claim.Matches(name, c.lookup(name), want) }

// Map returns a copy of all claims, nil if there are none.
func (c Claims) Map() map[string]any {
	if c.object.Len() == 0 {
		return nil
	}
	values := make(map[string]any, c.object.Len())
	for name, value := range c.object.All() {
		values[name] = decoded(value)
	}
	return values
}

// With returns c with the claim of that plain name replaced or added. value is
// anything that encoding/json encodes; otherwise c is unchanged.
func (c Claims) With(name string, value any) Claims {
	if text, err := json.Marshal(value); err == nil {
		c.object = c.object.With(name, strictjson.Value(text))
	}
	return c
}

// Keep returns the claims with these names, as an own session keeps them: those
// that are there, in that order, as long as they fit into limit bytes of JSON.
// Those that do not fit are left out.
func (c Claims) Keep(names []string, limit int) (kept Claims, leftOut []string) {
	kept.kept = true
	size := len("{}")
	for _, name := range names {
		value := c.lookup(name)
		if value == "" || value.IsNull() {
			continue
		}
		value = compact(value)
		added := len(quote(name)) + len(":,") + len(value)
		if kept.object.Len() == 0 {
			added -= len(",")
		}
		if size+added > limit {
			leftOut = append(leftOut, name)
			continue
		}
		size += added
		kept.object = kept.object.With(name, value)
	}
	return kept, leftOut
}

// MarshalJSON returns the claims as a JSON object, null if there are none.
func (c Claims) MarshalJSON() ([]byte, error) {
	if c.object.Len() == 0 {
		return []byte("null"), nil
	}
	var text bytes.Buffer
	separator := byte('{')
	for name, value := range c.object.All() {
		text.WriteByte(separator)
		text.Write(quote(name))
		text.WriteByte(':')
		text.WriteString(string(value))
		separator = ','
	}
	text.WriteByte('}')
	return text.Bytes(), nil
}

// UnmarshalJSON reads the claims that an own session kept, as MarshalJSON wrote
// them.
func (c *Claims) UnmarshalJSON(text []byte) error {
	*c = Claims{}
	if string(text) == "null" {
		return nil
	}
	object, err := strictjson.Parse(text)
	if err != nil {
		return fmt.Errorf("identity: claims: %w", err)
	}
	*c = Claims{object: object, kept: true}
	return nil
}

// lookup returns the JSON of a claim, "" if there is none.
func (c Claims) lookup(name string) strictjson.Value {
	if !c.kept {
		value, _ := claim.Lookup(c.object, name)
		return value
	}
	if value, ok := c.object.Lookup(name); ok {
		return value
	}
	for kept, value := range c.object.All() {
		if pointer, ok := claim.Inside(kept, name); ok {
			if value, ok := claim.Within(value, pointer); ok {
				return value
			}
		}
	}
	return ""
}

// decoded returns a JSON value as Get does.
func decoded(value strictjson.Value) any {
	if text, ok := value.String(); ok {
		return text
	}
	if list, ok := value.Strings(); ok {
		return append([]string{}, list...)
	}
	decoder := json.NewDecoder(strings.NewReader(string(value)))
	decoder.UseNumber()
	var other any
	_ = decoder.Decode(&other) // strictjson has accepted it, or there is none
	return other
}

// isTime reports whether a claim is that time in whole seconds.
func (c Claims) isTime(name string, at time.Time) bool {
	seconds, ok := c.lookup(name).Int64()
	return ok && seconds == at.Unix()
}

// compact returns the value without white space between its parts.
func compact(value strictjson.Value) strictjson.Value {
	var text bytes.Buffer
	_ = json.Compact(&text, []byte(value)) // strictjson has accepted it
	return strictjson.Value(text.String())
}

// quote returns the JSON of a name.
func quote(name string) []byte {
	text, _ := json.Marshal(name) //nolint:errchkjson // a string has no error
	return text
}
