package oidc

import (
	"errors"
	"strings"

	"github.com/cotterpin/cotterpin/core/internal/strictjson"
	"github.com/cotterpin/cotterpin/core/token"
)

// pointer is a JSON Pointer (RFC 6901) to a claim: the names of nested members.
// It cannot locate elements of arrays.
type pointer []string

var errPointer = errors.New(`must be a JSON Pointer to a claim, such as "/email" or "/profile/email"`)

// unescape reverses the escapes of RFC 6901, section 4.
var unescape = strings.NewReplacer("~1", "/", "~0", "~")

func parsePointer(s string) (pointer, error) {
	path, found := strings.CutPrefix(s, "/")
	if !found {
		return nil, errPointer
	}
	names := strings.Split(path, "/")
	for i, name := range names {
		if strings.Count(name, "~") != strings.Count(name, "~0")+strings.Count(name, "~1") {
			return nil, errPointer
		}
		names[i] = unescape.Replace(name)
	}
	return names, nil
}

// lookup returns the value at the pointer, the zero Value if there is none.
func (p pointer) lookup(c token.Claims) strictjson.Value {
	value, _ := c.Lookup(p[0])
	for _, name := range p[1:] {
		object, _ := value.Object()
		value, _ = object.Lookup(name)
	}
	return value
}

// stringIn returns the string at the pointer, "" if there is none.
func (p pointer) stringIn(c token.Claims) string {
	s, _ := p.lookup(c).String()
	return s
}

// isTrue reports whether the value at the pointer is the boolean true. The string
// "true" is not: some issuers let users choose strings.
func (p pointer) isTrue(c token.Claims) bool {
	isTrue, _ := p.lookup(c).Bool()
	return isTrue
}
