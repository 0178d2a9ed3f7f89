package token

import (
	"slices"
	"strings"

	"github.com/cotterpin/cotterpin/core/internal/strictjson"
)

// header is the part of a token's header that selects the key.
type header struct {
	algorithm string
	keyID     string // "" if the header has none
}

var (
	plainHeader = []string{"alg", "kid", "typ"}

	// dangerousHeader lists the members that would change what is verified or
	// with which key (RFC 7515, section 4.1; RFC 7516; RFC 7797). The verifier
	// implements none of them, and ignoring one would accept a token that its
	// issuer meant differently.
	dangerousHeader = []string{"crit", "b64", "zip", "enc", "cty", "jwk", "jku", "x5u", "x5c"}
)

// parseHeader checks a header against the policy.
func (p *Policy) parseHeader(o strictjson.Object) (header, error) {
	if err := p.checkMembers(o); err != nil {
		return header{}, err
	}
	alg, _ := o.Lookup("alg")
	algorithm, _ := alg.String()
	if !slices.Contains(p.Algorithms, algorithm) {
		return header{}, invalid("wrong_algorithm")
	}
	if err := p.checkType(o); err != nil {
		return header{}, err
	}
	keyID, err := p.parseKeyID(o)
	if err != nil {
		return header{}, err
	}
	return header{algorithm: algorithm, keyID: keyID}, nil
}

func (p *Policy) checkMembers(o strictjson.Object) error {
	for name := range o.All() {
		if slices.Contains(dangerousHeader, name) || p.PlainHeader && !slices.Contains(plainHeader, name) {
			return invalid("forbidden_header")
		}
	}
	return nil
}

func (p *Policy) checkType(o strictjson.Object) error {
	typ, present := o.Lookup("typ")
	if !present {
		return nil
	}
	name, ok := typ.String()
	if !ok || !slices.ContainsFunc(p.Types, func(t string) bool { return equalFoldASCII(t, name) }) {
		return invalid("wrong_header_type")
	}
	return nil
}

func (p *Policy) parseKeyID(o strictjson.Object) (string, error) {
	kid, present := o.Lookup("kid")
	if !present {
		if p.KeyIDRequired {
			return "", invalid("missing_key_id")
		}
		return "", nil
	}
	id, ok := kid.String()
	if !ok || !isShortASCII(id) {
		return "", invalid("malformed_key_id")
	}
	return id, nil
}

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

// equalFoldASCII ignores ASCII letter case only. strings.EqualFold alone would
// equate the Kelvin sign, which is three bytes long, with k.
func equalFoldASCII(a, b string) bool {
	return len(a) == len(b) && strings.EqualFold(a, b)
}
