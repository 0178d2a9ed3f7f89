// Package claim locates claims and compares them with wanted values. It is the
// one rule for the required claims of a provider, the claims that an own session
// keeps, guards, and Claims.Get of identity.
//
// The name of a claim is plain, or a JSON Pointer (RFC 6901), which begins with
// "/". A dot has no meaning: "realm_access.roles" is a plain name.
package claim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/cotterpin/cotterpin/core/internal/strictjson"
)

// Problem returns why no token can have a claim of that name, "" if one can.
func Problem(name string) string {
	pointer, isPointer := strings.CutPrefix(name, "/")
	switch {
	case name == "":
		return "is empty"
	case !utf8.ValidString(name):
		return "is not valid UTF-8"
	case !isPointer:
		return ""
	case strings.Count(name, "/") > strictjson.MaxDepth:
		return fmt.Sprintf("is a JSON Pointer of more than %d levels, which no token has", strictjson.MaxDepth)
	}
	for escaped := range strings.SplitSeq(pointer, "/") {
		if _, ok := unescape(escaped); !ok {
			return `is not a JSON Pointer: after "~" there must be 0, for "~", or 1, for "/"`
		}
	}
	return ""
}

// WantProblem returns why no token can have a claim of that name with the wanted
// value, "" if one can.
func WantProblem(name, want string) string {
	if problem := Problem(name); problem != "" {
		return problem
	}
	if IsScope(name) && (want == "" || strings.Contains(want, " ")) {
		return "is compared word by word, and the wanted value is not one word"
	}
	return registeredProblem(name)
}

// registeredProblem returns why a pointer into a registered claim locates nothing:
// aud is a string or a list of strings, the others are strings or numbers.
func registeredProblem(name string) string {
	top, levels := Top(name), strings.Count(name, "/")
	if !strings.HasPrefix(name, "/") || !IsRegistered(top) || levels == 1 {
		return ""
	}
	if _, index := cutToken(name); top == "aud" && levels == 2 && isIndex(index[1:]) {
		return ""
	}
	return fmt.Sprintf("points into the claim %q, which contains nothing", top)
}

// IsRegistered reports whether the name is that of a claim that is not among the
// claims of an identity, because the kit verifies it.
func IsRegistered(name string) bool {
	switch name {
	case "iss", "sub", "aud", "exp", "nbf", "iat":
		return true
	}
	return false
}

// IsOfOwnToken reports whether a session in format "jwt" has a claim of that name
// in its access tokens, besides the registered ones and the kept ones.
func IsOfOwnToken(name string) bool {
	switch name {
	case "external_id", "sid", "jti", "auth_time", "amr", "client_id", "cotterpin":
		return true
	}
	return false
}

// Top returns the name of the top-level claim in which the claim is.
func Top(name string) string {
	if !strings.HasPrefix(name, "/") {
		return name
	}
	first, _ := cutToken(name)
	top, _ := unescape(first)
	return top
}

// Lookup returns the claim of that name among claims; false if there is none.
func Lookup(claims strictjson.Object, name string) (strictjson.Value, bool) {
	if !strings.HasPrefix(name, "/") {
		return claims.Lookup(name)
	}
	first, rest := cutToken(name)
	top, ok := unescape(first)
	if !ok {
		return "", false
	}
	value, ok := claims.Lookup(top)
	if !ok {
		return "", false
	}
	return Within(value, rest)
}

// Within returns the value that the pointer locates in value, which is value
// itself for "".
func Within(value strictjson.Value, pointer string) (strictjson.Value, bool) {
	for pointer != "" {
		var escaped string
		escaped, pointer = cutToken(pointer)
		name, ok := unescape(escaped)
		if !ok {
			return "", false
		}
		if value, ok = child(value, name); !ok {
			return "", false
		}
	}
	return value, true
}

// cutToken splits a pointer after its first reference token.
func cutToken(pointer string) (token, rest string) {
	if end := strings.IndexByte(pointer[1:], '/'); end >= 0 {
		return pointer[1 : 1+end], pointer[1+end:]
	}
	return pointer[1:], ""
}

// child returns the member of an object or the element of an array.
func child(value strictjson.Value, name string) (strictjson.Value, bool) {
	if object, ok := value.Object(); ok {
		return object.Lookup(name)
	}
	elements, ok := value.Array()
	if !ok || !isIndex(name) {
		return "", false
	}
	index, err := strconv.Atoi(name)
	if err != nil || index >= len(elements) {
		return "", false
	}
	return elements[index], true
}

// isIndex reports whether a reference token is an index of an array: digits
// without a leading zero.
func isIndex(token string) bool {
	return token == "0" || token != "" && token[0] != '0' && strings.Trim(token, "0123456789") == ""
}

// Inside returns the pointer to the claim inner within the claim outer, "" if
// they are the same; false if inner is elsewhere.
func Inside(outer, inner string) (pointer string, ok bool) {
	pointer, ok = strings.CutPrefix(toPointer(inner), toPointer(outer))
	return pointer, ok && (pointer == "" || pointer[0] == '/')
}

// Matches reports whether the value of the claim of that name is what is wanted:
// that string, a bool or number that is written so in the token, or a list with
// such an element. A string in scope or scp is a list of words (RFC 6749, section
// 3.3).
func Matches(name string, value strictjson.Value, want string) bool {
	if elements, ok := value.Array(); ok {
		return slices.ContainsFunc(elements, func(e strictjson.Value) bool { return equal(e, want) })
	}
	if words, ok := value.String(); ok && IsScope(name) {
		return want != "" && slices.Contains(strings.Split(words, " "), want)
	}
	return equal(value, want)
}

// IsScope reports whether the claim of that name contains scopes.
func IsScope(name string) bool {
	name = strings.TrimPrefix(name, "/")
	return name == "scope" || name == "scp"
}

func equal(value strictjson.Value, want string) bool {
	if s, ok := value.String(); ok {
		return s == want
	}
	_, isBool := value.Bool()
	_, isNumber := value.Number()
	return (isBool || isNumber) && string(value) == want
}

// The escapes of RFC 6901, section 4.
var (
	escape        = strings.NewReplacer("~", "~0", "/", "~1")
	reverseEscape = strings.NewReplacer("~1", "/", "~0", "~")
)

func toPointer(name string) string {
	if strings.HasPrefix(name, "/") {
		return name
	}
	return "/" + escape.Replace(name)
}

// unescape returns the name that a reference token represents; false if the token
// is malformed.
func unescape(token string) (string, bool) {
	escapes := strings.Count(token, "~")
	if escapes == 0 {
		return token, true
	}
	if escapes != strings.Count(token, "~0")+strings.Count(token, "~1") {
		return "", false
	}
	return reverseEscape.Replace(token), true
}
