package session

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"strings"

	"github.com/cotterpin/cotterpin/core/internal/base64url"
)

// opaque is the token of an own session: the lookup, which is its key, and the
// secret, which proves it. Its string is "cps_" + base64url(lookup) + "." +
// base64url(secret), without padding: always 70 characters. The prefix lets
// secret scanners find leaked tokens.
type opaque struct {
	lookup Lookup
	secret [32]byte
}

const opaquePrefix = "cps_"

func newOpaque() opaque {
	var t opaque
	// Read does not return errors: it crashes the process instead.
	_, _ = rand.Read(t.lookup[:])
	_, _ = rand.Read(t.secret[:])
	return t
}

// parseOpaque accepts exactly what String returns.
func parseOpaque(raw string) (opaque, bool) {
	var t opaque
	body, prefixed := strings.CutPrefix(raw, opaquePrefix)
	lookup, secret, dotted := strings.Cut(body, ".")
	ok := prefixed && dotted && base64url.Decode(t.lookup[:], lookup) && base64url.Decode(t.secret[:], secret)
	return t, ok
}

func (t opaque) String() string {
	return opaquePrefix + base64url.Encode(t.lookup[:]) + "." + base64url.Encode(t.secret[:])
}

// hash is what is stored of the secret. A slow hash would add nothing: 256
// random bits cannot be guessed.
func (t opaque) hash() [32]byte { return sha256.Sum256(t.secret[:]) }

// matches reports, in constant time, whether the secret has that hash.
func (t opaque) matches(hash [32]byte) bool {
	own := t.hash()
	return subtle.ConstantTimeCompare(own[:], hash[:]) == 1
}
