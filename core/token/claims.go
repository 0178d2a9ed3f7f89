package token

import (
	"slices"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/strictjson"
)

// Claims are the claims of a token. The fields contain the registered claims
// (RFC 7519, section 4.1). The methods return any claim by its exact name, and
// false if it is missing or of another JSON type.
type Claims struct {
	Issuer    string
	Subject   string // 1 to 255 printable ASCII characters without outer spaces
	Audience  []string
	ExpiresAt time.Time
	IssuedAt  time.Time

	object strictjson.Object
}

// ParseClaims parses the decoded payload of a token: a JSON object without
// duplicate members. It verifies nothing; the field of a claim that is missing or
// malformed is zero. It is for tests of a driver. The error has code
// InvalidToken.
func ParseClaims(payload []byte) (Claims, error) {
	object, err := strictjson.Parse(payload)
	if err != nil {
		return Claims{}, autherr.Wrap(autherr.InvalidToken, "malformed", err)
	}
	c := Claims{object: object}
	c.Issuer, _ = c.String("iss")
	c.Subject, _ = c.String("sub")
	c.Audience = c.audience()
	c.ExpiresAt, _ = c.Time("exp")
	c.IssuedAt, _ = c.Time("iat")
	return c, nil
}

// audience returns aud, a string or an array of strings; nil if it is neither.
func (c Claims) audience() []string {
	if single, ok := c.String("aud"); ok {
		return []string{single}
	}
	list, _ := c.Strings("aud")
	return list
}

// Lookup returns the JSON of a claim as sent.
func (c Claims) Lookup(name string) (strictjson.Value, bool) { return c.object.Lookup(name) }

// String returns a claim that is a string.
func (c Claims) String(name string) (string, bool) {
	v, _ := c.object.Lookup(name)
	return v.String()
}

// Bool returns a claim that is true or false.
func (c Claims) Bool(name string) (value, ok bool) {
	v, _ := c.object.Lookup(name)
	return v.Bool()
}

// Int64 returns a claim that is an integer, in any notation: 10, 10.0 and 1e1
// are the same number (RFC 8259, section 6).
func (c Claims) Int64(name string) (int64, bool) {
	v, _ := c.object.Lookup(name)
	return v.Int64()
}

// Time returns a claim that is a time: a number of seconds in any notation (RFC
// 7519, section 2, NumericDate), after 1970 and before the year 10000. A fraction
// of a second is dropped.
func (c Claims) Time(name string) (time.Time, bool) {
	const year10000 = 253_402_300_800
	v, _ := c.object.Lookup(name)
	seconds, _, ok := v.Floor()
	if !ok || seconds <= 0 || seconds >= year10000 {
		return time.Time{}, false
	}
	return time.Unix(seconds, 0), true
}

// Strings returns a claim that is an array of strings.
func (c Claims) Strings(name string) ([]string, bool) {
	v, _ := c.object.Lookup(name)
	return v.Strings()
}

var registered = []string{"iss", "sub", "aud", "exp", "nbf", "iat"}

// Extra returns all claims except iss, sub, aud, exp, nbf and iat, by name:
// strings, bools, json.Number and []string. Claims of other types are omitted.
func (c Claims) Extra() map[string]any {
	extra := map[string]any{}
	for name, v := range c.object.All() {
		if slices.Contains(registered, name) {
			continue
		}
		if value, ok := v.Any(); ok {
			extra[name] = value
		}
	}
	return extra
}
