package oidc

import (
	"errors"
	"strings"

	"github.com/cotterpin/cotterpin/core/internal/strictjson"
	"github.com/cotterpin/cotterpin/core/token"
)

// pointer is a JSON Pointer (RFC 6901) to a claim: the names of nested members.
// Elements of arrays cannot be pointed at.
type pointer []string

var errPointer = errors.New(`must be a JSON Pointer to a claim, such as "/email" or "/profile/email"`)

// unescape undoes the escapes of RFC 6901, section 4.
var unescape = strings.NewReplacer("~1", "/", "~0", "~")

func parsePointer(text string) (pointer, error) {
	path, found := strings.CutPrefix(text, "/")
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

// lookup returns what the pointer points at, the zero Value if that is nothing.
func (p pointer) lookup(c token.Claims) strictjson.Value {
	value, _ := c.Lookup(p[0])
	for _, name := range p[1:] {
		object, _ := value.Object()
		value, _ = object.Lookup(name)
	}
	return value
}

// text returns the string that the pointer points at, "" if there is none.
func (p pointer) text(c token.Claims) string {
	text, _ := p.lookup(c).String()
	return text
}

// isTrue reports whether the pointer points at a boolean true. A text "true" is
// none: some issuers let people choose texts.
func (p pointer) isTrue(c token.Claims) bool {
	isTrue, _ := p.lookup(c).Bool()
	return isTrue
}
