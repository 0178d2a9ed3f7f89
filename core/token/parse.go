package token

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/strictjson"
)

// MaxSize is how long a token may be, in bytes.
const MaxSize = 8 << 10

// base64url is the only encoding of a segment (RFC 7515, section 2): no padding
// and no bits that mean nothing.
var base64url = base64.RawURLEncoding.Strict()

// compact is a token in the compact serialization (RFC 7515, section 7.1).
type compact struct {
	header    strictjson.Object
	claims    strictjson.Object
	signed    string // header and payload as sent, what the signature is over
	signature []byte
}

// parse reads a token. What it accepts, encoded again, gives the same bytes.
func parse(raw string) (compact, error) {
	if len(raw) > MaxSize {
		return compact{}, invalid("too_large")
	}
	// The decoder of the standard library passes over line breaks.
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
	// A fourth segment fails here: a dot is not in the alphabet.
	if c.signature, err = decode(nil, signature); err != nil {
		return compact{}, err
	}
	c.signed = raw[:len(header)+len(".")+len(payload)]
	return c, nil
}

// decode appends what a segment says.
func decode(to []byte, segment string) ([]byte, error) {
	if segment == "" {
		return nil, invalid("malformed")
	}
	decoded, err := base64url.AppendDecode(to, []byte(segment))
	if err != nil {
		return nil, invalid("malformed")
	}
	return decoded, nil
}

func decodeObject(segment string) (strictjson.Object, error) {
	var usual [1 << 10]byte // room enough for all but long tokens
	text, err := decode(usual[:0], segment)
	if err != nil {
		return strictjson.Object{}, err
	}
	object, err := strictjson.Parse(text)
	if err != nil {
		return strictjson.Object{}, autherr.Wrap(autherr.InvalidToken, "malformed", err)
	}
	return object, nil
}

// header is what a token's header may say.
type header struct {
	algorithm string
	keyID     string // "" if there is none
}

var (
	plainHeader = []string{"alg", "kid", "typ"}

	// dangerousHeader are the members that would change what is verified or
	// with which key (RFC 7515, section 4.1; RFC 7516; RFC 7797). Nothing of
	// ours would look at them, and a token that bears one expects to be
	// treated otherwise than it is.
	dangerousHeader = []string{"crit", "b64", "zip", "enc", "cty", "jwk", "jku", "x5u", "x5c"}
)

// readHeader checks a header against the policy.
func (p *Policy) readHeader(o strictjson.Object) (header, error) {
	for name := range o.All() {
		if slices.Contains(dangerousHeader, name) || p.PlainHeader && !slices.Contains(plainHeader, name) {
			return header{}, invalid("forbidden_header")
		}
	}
	alg, _ := o.Lookup("alg")
	algorithm, _ := alg.String()
	if !slices.Contains(p.Algorithms, algorithm) {
		return header{}, invalid("wrong_algorithm")
	}
	if typ, present := o.Lookup("typ"); present {
		name, ok := typ.String()
		if !ok || !slices.ContainsFunc(p.Types, func(t string) bool { return equalASCII(t, name) }) {
			return header{}, invalid("wrong_header_type")
		}
	}
	kid, present := o.Lookup("kid")
	if !present {
		if p.KeyIDRequired {
			return header{}, invalid("missing_key_id")
		}
		return header{algorithm: algorithm}, nil
	}
	id, ok := kid.String()
	if !ok || !isShortASCII(id) {
		return header{}, invalid("malformed_key_id")
	}
	return header{algorithm: algorithm, keyID: id}, nil
}

func invalid(reason string) error { return autherr.New(autherr.InvalidToken, reason) }

// isShortASCII reports whether s is 1 to 255 printable ASCII characters.
func isShortASCII(s string) bool {
	const maxLength = 255
	if s == "" || len(s) > maxLength {
		return false
	}
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// equalASCII compares without ASCII letter case. strings.EqualFold would also
// take the Kelvin sign for a k.
func equalASCII(a, b string) bool {
	return len(a) == len(b) && strings.EqualFold(a, b)
}
