package identity

import "strings"

// maxEmail is the longest e-mail address in bytes. RFC 5321, section 4.5.3.1.3,
// less the angle brackets (RFC 3696, erratum 1690).
const maxEmail = 254

// IsEmail reports whether a text can be kept as an e-mail address: one "@" with
// something on both sides, at most 254 bytes of printable ASCII without blank,
// comma or double quote. Quoted local parts and internationalised addresses are not
// taken (RFC 6531): too many programs read them differently. Nothing is
// normalised, and the address need not exist.
func IsEmail(text string) bool {
	local, domain, found := strings.Cut(text, "@")
	if !found || local == "" || domain == "" || len(text) > maxEmail {
		return false
	}
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c > '~' || c == ',' || c == '"' {
			return false
		}
	}
	return !strings.Contains(domain, "@")
}

// IsPhone reports whether a text is a phone number in the international form of
// E.164: "+", a digit that is not zero, and 1 to 14 further ASCII digits.
func IsPhone(text string) bool {
	if len(text) < 3 || len(text) > 16 || text[0] != '+' || text[1] == '0' {
		return false
	}
	for i := 1; i < len(text); i++ {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return true
}
