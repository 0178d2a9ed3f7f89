package oidc

import (
	"errors"
	"strings"

	"github.com/cotterpin/cotterpin/core/internal/claim"
	"github.com/cotterpin/cotterpin/core/token"
)

// pointer is a JSON Pointer (RFC 6901) to a claim.
type pointer string

var errPointer = errors.New(`must be a JSON Pointer to a claim, such as "/email" or "/profile/email"`)

func parsePointer(s string) (pointer, error) {
	if !strings.HasPrefix(s, "/") || claim.Problem(s) != "" {
		return "", errPointer
	}
	return pointer(s), nil
}

// stringIn returns the string at the pointer, "" if there is none.
func (p pointer) stringIn(c token.Claims) string {
	s, _ := c.String(string(p))
	return s
}

// isTrue reports whether the value at the pointer is the boolean true. The string
// "true" is not: some issuers let users choose strings.
func (p pointer) isTrue(c token.Claims) bool {
	isTrue, _ := c.Bool(string(p))
	return isTrue
}
