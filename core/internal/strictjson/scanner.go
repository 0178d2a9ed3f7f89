package strictjson

import (
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// scanner scans its input once, from left to right.
type scanner struct {
	text  string
	pos   int
	depth int

	// members is a stack: those of the objects being scanned, the innermost
	// last. At the end, those of the outer object remain.
	members []member
}

func (s *scanner) document() error {
	if offset := firstInvalid(s.text); offset >= 0 {
		return &SyntaxError{Offset: offset, Problem: "invalid UTF-8"}
	}
	s.space()
	if s.peek() != '{' {
		return s.fail("not an object")
	}
	if err := s.object(); err != nil {
		return err
	}
	s.space()
	if s.pos < len(s.text) {
		return s.fail("data after the object")
	}
	return nil
}

func (s *scanner) value() (Value, error) {
	start := s.pos
	var err error
	switch c := s.peek(); {
	case c == '{':
		outer := len(s.members)
		err = s.object()
		s.members = s.members[:outer]
	case c == '[':
		err = s.array(nil)
	case c == '"':
		_, err = s.string()
	case c == '-' || isDigit(c):
		err = s.number()
	default:
		err = s.literal()
	}
	return Value(s.text[start:s.pos]), err
}

// object scans an object and leaves its members on the stack.
func (s *scanner) object() error {
	if err := s.open(); err != nil {
		return err
	}
	if s.close('}') {
		return nil
	}
	first := len(s.members)
	var names nameSet
	for {
		if err := s.member(first, &names); err != nil {
			return err
		}
		s.space()
		if s.close('}') {
			return nil
		}
		if err := s.comma(); err != nil {
			return err
		}
	}
}

// member scans a member of the object whose members begin at first.
func (s *scanner) member(first int, names *nameSet) error {
	start := s.pos
	name, err := s.string()
	if err != nil {
		return err
	}
	if !names.add(s.members[first:], name) {
		return &SyntaxError{Offset: start, Problem: "duplicate member"}
	}
	s.space()
	if !s.accept(':') {
		return s.fail("no colon after a member's name")
	}
	s.space()
	at := len(s.members)
	s.members = append(s.members, member{name: name})
	value, err := s.value() // may append, and so move the slice
	if err != nil {
		return err
	}
	s.members[at].value = value
	return nil
}

// array scans an array. each, if not nil, is called with its elements.
func (s *scanner) array(each func(Value)) error {
	if err := s.open(); err != nil {
		return err
	}
	if s.close(']') {
		return nil
	}
	for {
		v, err := s.value()
		if err != nil {
			return err
		}
		if each != nil {
			each(v)
		}
		s.space()
		if s.close(']') {
			return nil
		}
		if err := s.comma(); err != nil {
			return err
		}
	}
}

// open skips the bracket that begins an object or an array.
func (s *scanner) open() error {
	if s.depth == MaxDepth {
		return s.fail("nested too deep")
	}
	s.depth++
	s.pos++
	s.space()
	return nil
}

// close skips the bracket that ends an object or an array, if it is next.
func (s *scanner) close(bracket byte) bool {
	if !s.accept(bracket) {
		return false
	}
	s.depth--
	return true
}

func (s *scanner) comma() error {
	if !s.accept(',') {
		return s.fail("neither comma nor end after a value")
	}
	s.space()
	return nil
}

// string scans and decodes a string. Without an escape in it, the result shares
// the memory of the input.
func (s *scanner) string() (string, error) {
	if !s.accept('"') {
		return "", s.fail("not a string")
	}
	start := s.pos
	var decoded []byte // everything before start, once there was an escape
	for s.pos < len(s.text) {
		switch c := s.text[s.pos]; {
		case c == '"':
			plain := s.text[start:s.pos]
			s.pos++
			if decoded == nil {
				return plain, nil
			}
			return string(append(decoded, plain...)), nil
		case c < ' ':
			return "", s.fail("control character in a string")
		case c == '\\':
			decoded = append(decoded, s.text[start:s.pos]...)
			r, err := s.escape()
			if err != nil {
				return "", err
			}
			decoded = utf8.AppendRune(decoded, r)
			start = s.pos
		default:
			s.pos++
		}
	}
	return "", s.fail("unfinished string")
}

const (
	escapes = `"\/bfnrt`
	escaped = "\"\\/\b\f\n\r\t"
)

// escape scans an escape sequence, or two that form a surrogate pair.
func (s *scanner) escape() (rune, error) {
	start := s.pos
	s.pos++
	if i := strings.IndexByte(escapes, s.peek()); i >= 0 {
		s.pos++
		return rune(escaped[i]), nil
	}
	r, ok := s.unit()
	if !ok {
		return 0, &SyntaxError{Offset: start, Problem: "unknown escape"}
	}
	if !utf16.IsSurrogate(r) {
		return r, nil
	}
	if s.accept('\\') {
		if low, ok := s.unit(); ok {
			r = utf16.DecodeRune(r, low)
		}
	}
	if r == utf8.RuneError || utf16.IsSurrogate(r) {
		return 0, &SyntaxError{Offset: start, Problem: "lone surrogate"}
	}
	return r, nil
}

// unit scans the rest of an escape of a UTF-16 code unit: u and four digits.
func (s *scanner) unit() (rune, bool) {
	const length = 5
	if s.peek() != 'u' || len(s.text)-s.pos < length {
		return 0, false
	}
	var r rune
	for _, c := range []byte(s.text[s.pos+1 : s.pos+length]) {
		switch {
		case isDigit(c):
			r = r<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	s.pos += length
	return r, true
}

// number scans a number: RFC 8259, section 6.
func (s *scanner) number() error {
	s.accept('-')
	if !s.accept('0') && !s.digits() {
		return s.fail("number without digits")
	}
	if s.accept('.') && !s.digits() {
		return s.fail("fraction without digits")
	}
	if s.accept('e') || s.accept('E') {
		if !s.accept('+') {
			s.accept('-')
		}
		if !s.digits() {
			return s.fail("exponent without digits")
		}
	}
	return nil
}

func (s *scanner) digits() bool {
	start := s.pos
	for isDigit(s.peek()) {
		s.pos++
	}
	return s.pos > start
}

func (s *scanner) literal() error {
	for _, word := range []string{"true", "false", "null"} {
		if strings.HasPrefix(s.text[s.pos:], word) {
			s.pos += len(word)
			return nil
		}
	}
	return s.fail("not a value")
}

// space skips white space.
func (s *scanner) space() {
	for s.pos < len(s.text) {
		switch s.text[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// peek returns the next byte, or 0, which is never valid, at the end.
func (s *scanner) peek() byte {
	if s.pos < len(s.text) {
		return s.text[s.pos]
	}
	return 0
}

// accept skips the byte c if it is the next one.
func (s *scanner) accept(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.pos++
	return true
}

func (s *scanner) fail(problem string) error {
	return &SyntaxError{Offset: s.pos, Problem: problem}
}

// nameSet finds duplicate members: by comparison while there are few, with a
// map once there are many.
type nameSet struct {
	many map[string]struct{}
}

const fewMembers = 16

// add reports whether none of the earlier members has the name.
func (n *nameSet) add(earlier []member, name string) bool {
	if len(earlier) < fewMembers {
		return !slices.ContainsFunc(earlier, func(m member) bool { return m.name == name })
	}
	if n.many == nil {
		n.many = make(map[string]struct{}, 2*fewMembers)
		for _, m := range earlier {
			n.many[m.name] = struct{}{}
		}
	}
	before := len(n.many)
	n.many[name] = struct{}{}
	return len(n.many) > before
}

// firstInvalid returns the offset of the first byte that is not UTF-8, or -1.
func firstInvalid(text string) int {
	if utf8.ValidString(text) {
		return -1
	}
	for i, r := range text {
		if r == utf8.RuneError && !strings.HasPrefix(text[i:], string(utf8.RuneError)) {
			return i
		}
	}
	return -1
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
