// Package strictjson reads JSON (RFC 8259) the way untrusted input must be
// read: one object, no member twice anywhere, valid UTF-8 and no lone
// surrogate, no more than a given depth, nothing before or after. Member names
// are compared to the letter.
//
// It exists because encoding/json takes the last of two equal members, matches
// names whatever their letter case, and replaces invalid text, so that two
// readers of the same bytes can disagree about who is meant.
package strictjson

// MaxDepth is the depth of nesting that cotterpin accepts anywhere: the outer
// object is depth 1.
const MaxDepth = 32
