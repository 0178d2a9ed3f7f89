package token

import (
	"encoding/base64"
	"strings"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/strictjson"
)

// maxSize is the maximum length of a token in bytes.
const maxSize = 8 << 10

// base64url is the only accepted encoding of a segment (RFC 7515, section 2):
// unpadded and canonical.
var base64url = base64.RawURLEncoding.Strict()

// compact is a token in the compact serialization (RFC 7515, section 7.1).
type compact struct {
	header    strictjson.Object
	claims    strictjson.Object
	signed    string // header and payload as sent: what the signature covers
	signature []byte
}

// parseCompact decodes a token. Encoding the result again gives the same bytes.
func parseCompact(raw string) (compact, error) {
	if len(raw) > maxSize {
		return compact{}, invalid("too_large")
	}
	// The decoder of the standard library ignores line breaks.
	if strings.ContainsAny(raw, "\r\n") {
		return compact{}, invalid("malformed")
	}
	header, rest, _ := strings.Cut(raw, ".")
	payload, signature, _ := strings.Cut(rest, ".")

	var c compact
	var err error
	if c.header, err = decodeObject(header); err != nil {
		return compact{}, err
	}
	if c.claims, err = decodeObject(payload); err != nil {
		return compact{}, err
	}
	// A fourth segment fails here: the alphabet has no dot.
	if c.signature, err = decodeSegment(nil, signature); err != nil {
		return compact{}, err
	}
	c.signed = raw[:len(header)+len(".")+len(payload)]
	return c, nil
}

func decodeObject(segment string) (strictjson.Object, error) {
	var buffer [1 << 10]byte // on the stack, enough for usual tokens
	decoded, err := decodeSegment(buffer[:0], segment)
	if err != nil {
		return strictjson.Object{}, err
	}
	object, err := strictjson.Parse(decoded)
	if err != nil {
		return strictjson.Object{}, autherr.Wrap(autherr.InvalidToken, "malformed", err)
	}
	return object, nil
}

// decodeSegment appends the decoded segment to buffer.
func decodeSegment(buffer []byte, segment string) ([]byte, error) {
	if segment == "" {
		return nil, invalid("malformed")
	}
	decoded, err := base64url.AppendDecode(buffer, []byte(segment))
	if err != nil {
		return nil, invalid("malformed")
	}
	return decoded, nil
}

// Peek returns iss and aud of an unverified token, so that its verifier can be
// selected; nothing else may depend on them. ok is false if raw is not a token.
func Peek(raw string) (issuer string, aud []string, ok bool) {
	c, err := parseCompact(raw)
	if err != nil {
		return "", nil, false
	}
	iss, _ := c.claims.Lookup("iss")
	issuer, _ = iss.String()
	return issuer, audience(c.claims), true
}
