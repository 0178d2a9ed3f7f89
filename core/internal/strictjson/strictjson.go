// Package strictjson parses untrusted JSON (RFC 8259): one object, no duplicate
// member at any level, valid UTF-8 without lone surrogates, bounded nesting,
// nothing before or after the object. Member names are compared exactly.
//
// encoding/json keeps the last of two duplicate members, ignores letter case in
// names, and replaces invalid UTF-8, so that two parsers of the same bytes can
// disagree about the user. The package is kept by hand until encoding/json/v2 is
// stable without GOEXPERIMENT.
//
// A [Value] is converted by a method for each JSON type, which reports whether
// the value has that type; there is no decoding into Go structs. The package
// does not limit the size of the input.
package strictjson

import "fmt"

// MaxDepth is the maximum nesting. The outer object has depth 1.
const MaxDepth = 32

// SyntaxError describes why the input was rejected. It contains nothing of the
// input.
type SyntaxError struct {
	Offset  int    // in bytes, from 0
	Problem string // such as "duplicate member"
}

// Error returns the problem and where it is.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("strictjson: %s at byte %d", e.Problem, e.Offset)
}
