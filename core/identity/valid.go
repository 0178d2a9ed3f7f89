package identity

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxKeyPart is the maximum length of issuer and subject in bytes: OpenID
	// Connect Core 1.0, section 2, and the width of the columns.
	maxKeyPart = 255

	maxAuthMethod = 64 // bytes

	maxExternalID = 255 // bytes, the width of the column
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

// maxEmail is the maximum length of an email address in bytes: RFC 5321, section
// 4.5.3.1.3, less the angle brackets (RFC 3696, erratum 1690).
const maxEmail = 254

// IsEmail reports whether s can be stored as an email address: exactly one "@"
// with at least one character on each side, at most 254 bytes of printable ASCII
// without space, comma or double quote. It rejects quoted local parts and
// internationalized addresses (RFC 6531), which programs parse differently. It
// normalizes nothing and does not check that the address exists.
func IsEmail(s string) bool {
	local, domain, found := strings.Cut(s, "@")
	if !found || local == "" || domain == "" || len(s) > maxEmail {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || c == ',' || c == '"' {
			return false
		}
	}
	return !strings.Contains(domain, "@")
}

// IsPhone reports whether s is a phone number in the international form of
// E.164: "+", a digit that is not zero, and 1 to 14 more ASCII digits.
func IsPhone(s string) bool {
	if len(s) < 3 || len(s) > 16 || s[0] != '+' || s[1] == '0' {
		return false
	}
	for i := 1; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// IsExternalID reports whether s can be the ExternalID of a [User]: 1 to 255 bytes
// of valid UTF-8 without control characters. It is compared byte-wise.
func IsExternalID(s string) bool {
	return s != "" && len(s) <= maxExternalID && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// FoldEmail maps A to Z to lower case and nothing else, for comparing email
// addresses: Unicode case folding would make different addresses equal.
func FoldEmail(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + ('a' - 'A')
		}
		return r
	}, s)
}
