package identity

import "strings"

// maxName is the longest issuer and subject in bytes: OpenID Connect Core 1.0,
// section 2, for the subject. What is longer cannot be stored.
const maxName = 255

// maxAuthMethod is the longest authentication method in bytes.
const maxAuthMethod = 64

// IsIssuer reports whether a text can be the issuer of a [Key]: 1 to 255
// visible ASCII characters. It need not be a URL.
func IsIssuer(text string) bool {
	return isPrintable(text, maxName) && !strings.Contains(text, " ")
}

// IsSubject reports whether a text can be the subject of a [Key]: 1 to 255
// printable ASCII characters without outer blanks. OpenID Connect Core 1.0,
// section 2, allows no other; where decoders and databases see two texts as
// one, somebody signs in as somebody else.
func IsSubject(text string) bool { return isPrintable(text, maxName) }

// IsAuthMethod reports whether a text can be kept as an [Identity]'s AuthMethod:
// 1 to 64 printable ASCII characters without outer blanks. Providers treat
// another as not given.
func IsAuthMethod(text string) bool { return isPrintable(text, maxAuthMethod) }

func isPrintable(text string, maxLength int) bool {
	notPrintable := func(r rune) bool { return r < ' ' || r > '~' }
	return text != "" && len(text) <= maxLength &&
		strings.Trim(text, " ") == text && !strings.ContainsFunc(text, notPrintable)
}
