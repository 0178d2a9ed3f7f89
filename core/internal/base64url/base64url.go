// Package base64url encodes the parts of tokens: base64url without padding (RFC
// 4648, section 5), with one encoding of each value.
package base64url

import "encoding/base64"

// Strict rejects set bits behind the last byte.
var encoding = base64.RawURLEncoding.Strict()

// Encode returns the encoding of b.
func Encode(b []byte) string { return encoding.EncodeToString(b) }

// Decode fills dst from its encoding, which must have exactly as many bytes. The
// length is compared first because the decoder skips line breaks.
func Decode(dst []byte, encoded string) bool {
	if len(encoded) != encoding.EncodedLen(len(dst)) {
		return false
	}
	n, err := encoding.Decode(dst, []byte(encoded))
	return err == nil && n == len(dst)
}
