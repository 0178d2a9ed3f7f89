package identity

import "strings"

// IsSubject reports whether a text can be the subject of a [Key]: 1 to 255
// printable ASCII characters without outer blanks. OpenID Connect Core 1.0,
// section 2, allows no other; where decoders and databases see two texts as
// one, somebody signs in as somebody else.
func IsSubject(text string) bool {
	const maxLength = 255
	notPrintable := func(r rune) bool { return r < ' ' || r > '~' }
	return text != "" && len(text) <= maxLength &&
		strings.Trim(text, " ") == text && !strings.ContainsFunc(text, notPrintable)
}
