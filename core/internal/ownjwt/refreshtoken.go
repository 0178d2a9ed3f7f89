package ownjwt

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"strings"

	"github.com/cotterpin/cotterpin/core/internal/base64url"
	"github.com/cotterpin/cotterpin/core/session"
)

// refreshToken is the token that is exchanged for a new access token. Its string is
// "cpr_" + base64url(lookup) + "." + base64url(generation, secret, tag), without
// padding: always 97 characters. The prefix lets secret scanners find leaked
// tokens.
//
// Only its hash is stored, and that of its predecessor. The tag proves that the kit
// issued the token, also long after: a guessed secret is not the reuse of a token.
type refreshToken struct {
	lookup     session.Lookup
	generation uint32
	secret     [32]byte
	tag        [16]byte
}

const refreshPrefix = "cpr_"

// IsRefreshToken reports whether a token has the form of an own refresh token. It
// verifies nothing.
func IsRefreshToken(token string) bool { return strings.HasPrefix(token, refreshPrefix) }

// newRefreshToken returns the first token of a lookup. A secret that begins a
// lookup is random.
func newRefreshToken(key []byte, generation int) refreshToken {
	var t refreshToken
	// Read does not return errors: it crashes the process instead.
	_, _ = rand.Read(t.lookup[:])
	_, _ = rand.Read(t.secret[:])
	t.generation = uint32(generation) //nolint:gosec // a session is not refreshed four billion times
	t.tag = t.tagWith(key)
	return t
}

// successor returns the token that t is exchanged for. It is always the same, so
// that a repeated exchange returns it too, and cannot be computed without both t
// and the key.
func (t refreshToken) successor(key []byte, sessionID string) refreshToken {
	next := refreshToken{lookup: t.lookup, generation: t.generation + 1}
	// The parts before the id have a fixed length.
	copy(next.secret[:], mac(key, "successor", t.counter(), []byte(t.String()), []byte(sessionID)))
	next.tag = next.tagWith(key)
	return next
}

func (t refreshToken) tagWith(key []byte) (tag [16]byte) {
	copy(tag[:], mac(key, "tag", t.lookup[:], t.counter(), t.secret[:]))
	return tag
}

// isIssued reports whether t was tagged with one of the keys.
func (t refreshToken) isIssued(keys [][]byte) bool {
	issued := false
	for _, key := range keys {
		tag := t.tagWith(key)
		issued = hmac.Equal(tag[:], t.tag[:]) || issued
	}
	return issued
}

// hash is what is stored of the token. The hash of an opaque token is that of 32
// bytes: neither can be presented as the other. A slow hash would add nothing: 256
// random bits cannot be guessed.
func (t refreshToken) hash() [32]byte { return sha256.Sum256([]byte(t.String())) }

func (t refreshToken) String() string {
	body := make([]byte, 0, bodySize)
	body = append(body, t.counter()...)
	body = append(body, t.secret[:]...)
	body = append(body, t.tag[:]...)
	return refreshPrefix + base64url.Encode(t.lookup[:]) + "." + base64url.Encode(body)
}

func (t refreshToken) counter() []byte { return binary.BigEndian.AppendUint32(nil, t.generation) }

// The sizes of the parts of a token.
const (
	generationSize = 4
	bodySize       = generationSize + 32 + 16
)

// parseRefreshToken accepts exactly what String returns.
func parseRefreshToken(raw string) (refreshToken, bool) {
	var t refreshToken
	var body [bodySize]byte
	rest, prefixed := strings.CutPrefix(raw, refreshPrefix)
	lookup, encoded, dotted := strings.Cut(rest, ".")
	if !prefixed || !dotted || !base64url.Decode(t.lookup[:], lookup) || !base64url.Decode(body[:], encoded) {
		return refreshToken{}, false
	}
	t.generation = binary.BigEndian.Uint32(body[:generationSize])
	secret, tag := body[generationSize:][:len(t.secret)], body[generationSize+len(t.secret):]
	copy(t.secret[:], secret)
	copy(t.tag[:], tag)
	return t, true
}

// mac returns the HMAC-SHA-256 of the parts, for one purpose.
func mac(key []byte, purpose string, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(purpose + "\x00"))
	for _, part := range parts {
		h.Write(part)
	}
	return h.Sum(nil)
}
