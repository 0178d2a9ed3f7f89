// Package strictjson reads JSON (RFC 8259) the way untrusted input must be
// read: one object, no member twice anywhere, valid UTF-8 and no lone
// surrogate, no more than a given depth, nothing before or after. Member names
// are compared to the letter.
//
// It exists because encoding/json takes the last of two equal members, matches
// names whatever their letter case, and replaces invalid text, so that two
// readers of the same bytes can disagree about who is meant.
//
// It reads what is there and knows nothing of Go types: whoever asks says what
// kind of value is expected, and learns whether it is one. The size of a text
// is not limited here; the reader of the text limits it.
package strictjson

import "fmt"

// MaxDepth is the depth of nesting that cotterpin accepts anywhere: the outer
// object is depth 1.
const MaxDepth = 32

// SyntaxError says why a text was refused. It holds nothing of the text.
type SyntaxError struct {
	Offset  int    // in bytes, from 0
	Problem string // such as "duplicate member"
}

// Error returns the problem and where it is.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("strictjson: %s at byte %d", e.Problem, e.Offset)
}
