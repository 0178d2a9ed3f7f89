package identity

import "strings"

const (
	// maxKeyPart is the maximum length of issuer and subject in bytes: OpenID
	// Connect Core 1.0, section 2, and the width of the columns.
	maxKeyPart = 255

	maxAuthMethod = 64 // bytes
)

// IsIssuer reports whether s can be the issuer of a [Key]: 1 to 255 visible
// ASCII characters. It need not be a URL.
func IsIssuer(s string) bool {
	return isPrintable(s, maxKeyPart) && !strings.Contains(s, " ")
}

// IsSubject reports whether s can be the subject of a [Key]: 1 to 255 printable
// ASCII characters without outer spaces. OpenID Connect Core 1.0, section 2,
// allows only ASCII; if a decoder or a database equated two other strings, a
// user could sign in as another one.
func IsSubject(s string) bool { return isPrintable(s, maxKeyPart) }

// IsAuthMethod reports whether s can be stored as the AuthMethod of an
// [Identity]: 1 to 64 printable ASCII characters without outer spaces. A
// provider omits any other.
func IsAuthMethod(s string) bool { return isPrintable(s, maxAuthMethod) }

func isPrintable(s string, maxLength int) bool {
	notPrintable := func(r rune) bool { return r < ' ' || r > '~' }
	return s != "" && len(s) <= maxLength &&
		strings.Trim(s, " ") == s && !strings.ContainsFunc(s, notPrintable)
}
