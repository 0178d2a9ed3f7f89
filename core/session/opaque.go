package session

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
)

// opaque is the token of an own session: a lookup, which finds it, and a
// secret, which proves it. Written as "cps_" + base64url(lookup) + "." +
// base64url(secret), without padding: always 70 characters. The prefix is for
// those who search for leaked secrets.
type opaque struct {
	lookup Lookup
	secret [32]byte
}

const opaquePrefix = "cps_"

// Strict refuses set bits behind the last byte: each token has one spelling.
var base64url = base64.RawURLEncoding.Strict()

func newOpaque() opaque {
	var t opaque
	// Read never fails: without a random source the process dies.
	_, _ = rand.Read(t.lookup[:])
	_, _ = rand.Read(t.secret[:])
	return t
}

// parseOpaque accepts exactly what text writes.
func parseOpaque(raw string) (opaque, bool) {
	var t opaque
	body, prefixed := strings.CutPrefix(raw, opaquePrefix)
	lookup, secret, dotted := strings.Cut(body, ".")
	ok := prefixed && dotted && decode(t.lookup[:], lookup) && decode(t.secret[:], secret)
	return t, ok
}

// decode fills dst with the bytes of text, if there are exactly as many. The
// length is compared first because the decoder skips line breaks.
func decode(dst []byte, text string) bool {
	if len(text) != base64url.EncodedLen(len(dst)) {
		return false
	}
	n, err := base64url.Decode(dst, []byte(text))
	return err == nil && n == len(dst)
}

func (t opaque) text() string {
	return opaquePrefix + base64url.EncodeToString(t.lookup[:]) + "." + base64url.EncodeToString(t.secret[:])
}

// hash is what is stored of the secret. A slow hash would add nothing: 256
// random bits cannot be guessed.
func (t opaque) hash() [32]byte { return sha256.Sum256(t.secret[:]) }

// opens reports, in constant time, whether the secret is the one with that hash.
func (t opaque) opens(hash [32]byte) bool {
	own := t.hash()
	return subtle.ConstantTimeCompare(own[:], hash[:]) == 1
}
