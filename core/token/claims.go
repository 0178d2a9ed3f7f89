package token

import (
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/claim"
	"github.com/cotterpin/cotterpin/core/internal/strictjson"
)

// Claims are the claims of a token. The fields contain the registered claims
// (RFC 7519, section 4.1). The methods return any claim by its exact name, or by
// a JSON Pointer (RFC 6901), which begins with "/", and false if it is missing or
// of another JSON type.
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
func (c Claims) Lookup(name string) (strictjson.Value, bool) { return claim.Lookup(c.object, name) }

// Has reports whether a claim has the wanted value, as [identity.Claims.Has] does
// after the login.
func (c Claims) Has(name, want string) bool {
	v, _ := c.Lookup(name)
	return claim.Matches(name, v, want)
}

// String returns a claim that is a string.
func (c Claims) String(name string) (string, bool) {
	v, _ := c.Lookup(name)
	return v.String()
}

// Bool returns a claim that is true or false.
func (c Claims) Bool(name string) (value, ok bool) {
	v, _ := c.Lookup(name)
	return v.Bool()
}

// Int64 returns a claim that is an integer, in any notation: 10, 10.0 and 1e1
// are the same number (RFC 8259, section 6).
func (c Claims) Int64(name string) (int64, bool) {
	v, _ := c.Lookup(name)
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
	v, _ := c.Lookup(name)
	return v.Strings()
}

// Extra returns all claims except iss, sub, aud, exp, nbf and iat, and those that
// are null.
func (c Claims) Extra() identity.Claims {
	return identity.ClaimsOf(c.object.Filter(func(name string, value strictjson.Value) bool {
		return !claim.IsRegistered(name) && !value.IsNull()
	}))
}
