package token

import (
	"slices"
	"time"

	"github.com/cotterpin/cotterpin/core/internal/strictjson"
)

// Claims are the claims of a token. The fields hold the registered claims (RFC
// 7519, section 4.1); the methods read all claims by their exact name, and
// report false for a claim that is missing or of another kind.
type Claims struct {
	Issuer    string
	Subject   string // 1 to 255 printable ASCII characters without outer blanks
	Audience  []string
	ExpiresAt time.Time
	IssuedAt  time.Time

	object strictjson.Object
}

// Lookup returns a claim as it is written.
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

// Int64 returns a claim that is written as an integer.
func (c Claims) Int64(name string) (int64, bool) {
	v, _ := c.object.Lookup(name)
	return v.Int64()
}

// Time returns a claim that is a time: whole seconds (RFC 7519, section 2,
// NumericDate), written as an integer, after 1970 and before the year 10000.
func (c Claims) Time(name string) (time.Time, bool) { return readDate(c.object, name) }

// Strings returns a claim that is an array of strings.
func (c Claims) Strings(name string) ([]string, bool) {
	v, _ := c.object.Lookup(name)
	return v.Strings()
}

// Extra returns the claims that are not registered ones (iss, sub, aud, exp,
// nbf, iat): strings, bools, json.Number and []string, by name. Other kinds of
// value are left out.
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

var registered = []string{"iss", "sub", "aud", "exp", "nbf", "iat"}
