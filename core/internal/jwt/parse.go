package jwt

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/algorithm"
	"github.com/cotterpin/cotterpin/core/internal/strictjson"
	"github.com/cotterpin/cotterpin/core/token"
)

// maxSize is the maximum length of a token in bytes. Package verify limits those
// of requests further.
const maxSize = 32 << 10

// base64url is the only accepted encoding of a segment (RFC 7515, section 2):
// unpadded and canonical.
var base64url = base64.RawURLEncoding.Strict()

// unverified is a token whose signature and lifetime have not been checked yet.
type unverified struct {
	header    header
	claims    token.Claims
	members   int // upper bound on the members and elements in claims
	lifetime  lifetime
	signed    string // what the signature covers
	signature []byte
}

// parse parses a token and checks everything that needs neither a key nor the
// time.
func (p *Policy) parse(raw string) (unverified, error) {
	c, err := parseCompact(raw)
	if err != nil {
		return unverified{}, err
	}
	t := unverified{claims: c.claims, members: c.members, signed: c.signed, signature: c.signature}
	if t.header, err = p.parseHeader(c.header); err != nil {
		return unverified{}, err
	}
	if err := p.checkClaims(c.claims); err != nil {
		return unverified{}, err
	}
	t.claims.Issuer, t.header.keys = p.issuer(c.claims)
	if t.lifetime, err = parseLifetime(c.claims); err != nil {
		return unverified{}, err
	}
	return t, nil
}

// Peeked is an unverified token, so that its verifier can be selected; nothing
// else may depend on it.
type Peeked struct {
	Claims token.Claims
	header strictjson.Object
}

// Peek returns an unverified token. ok is false if raw is not a token.
func Peek(raw string) (p Peeked, ok bool) {
	c, err := parseCompact(raw)
	if err != nil {
		return Peeked{}, false
	}
	return Peeked{c.claims, c.header}, true
}

// CheckAddress returns nil if a token is of the verifier's issuer, audience and
// kind.
func (v *Verifier) CheckAddress(p Peeked) error {
	if err := v.policy.checkAddress(p.Claims); err != nil {
		return err
	}
	return v.policy.checkType(p.header)
}

// compact is a token in the compact serialization (RFC 7515, section 7.1).
type compact struct {
	header    strictjson.Object
	claims    token.Claims
	members   int
	signed    string // header and payload as sent
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
	if c.header, err = decodeHeader(header); err != nil {
		return compact{}, err
	}
	if c.claims, c.members, err = decodeClaims(payload); err != nil {
		return compact{}, err
	}
	// A fourth segment fails here: the alphabet has no dot.
	if c.signature, err = decodeSegment(nil, signature); err != nil {
		return compact{}, err
	}
	c.signed = raw[:len(header)+len(".")+len(payload)]
	return c, nil
}

func decodeHeader(segment string) (strictjson.Object, error) {
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

func decodeClaims(segment string) (claims token.Claims, members int, err error) {
	var buffer [1 << 10]byte // on the stack, enough for usual tokens
	decoded, err := decodeSegment(buffer[:0], segment)
	if err != nil {
		return token.Claims{}, 0, err
	}
	claims, err = token.ParseClaims(decoded)
	return claims, 1 + bytes.Count(decoded, []byte{','}), err
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

// header is what selects the key of a token.
type header struct {
	keys      token.KeySet // of the issuer
	algorithm string       // canonical
	keyID     string       // "" if the header has none
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
	name, _ := alg.String()
	name = algorithm.Canonical(name)
	if !slices.Contains(p.Algorithms, name) {
		return header{}, mismatch("wrong_algorithm", p.Algorithms, alg)
	}
	if err := p.checkType(o); err != nil {
		return header{}, err
	}
	keyID, err := p.parseKeyID(o)
	if err != nil {
		return header{}, err
	}
	return header{algorithm: name, keyID: keyID}, nil
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
	name, isString := typ.String()
	if present && (!isString || name == "") {
		return invalid("wrong_header_type")
	}
	if !p.PlainHeader {
		name = withoutMediaPrefix(name)
	}
	if !slices.ContainsFunc(p.Types, func(t string) bool { return equalFoldASCII(t, name) }) {
		return mismatch("wrong_header_type", slices.DeleteFunc(slices.Clone(p.Types), isEmpty), typ)
	}
	return nil
}

// withoutMediaPrefix removes the "application/" that a typ may omit.
func withoutMediaPrefix(typ string) string {
	const prefix = "application/"
	if len(typ) > len(prefix) && equalFoldASCII(typ[:len(prefix)], prefix) {
		return typ[len(prefix):]
	}
	return typ
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
	if !ok || !token.IsKeyID(id) {
		return "", invalid("malformed_key_id")
	}
	return id, nil
}

// equalFoldASCII ignores ASCII letter case only. strings.EqualFold alone would
// equate the Kelvin sign, which is three bytes long, with k.
func equalFoldASCII(a, b string) bool {
	return len(a) == len(b) && strings.EqualFold(a, b)
}

// checkClaims checks the address and the subject against the policy.
func (p *Policy) checkClaims(c token.Claims) error {
	if err := p.checkAddress(c); err != nil {
		return err
	}
	if _, present := c.Lookup("sub"); !present && p.SubjectOptional {
		return nil
	}
	if !identity.IsSubject(c.Subject) {
		return invalid("malformed_subject")
	}
	return nil
}

// checkAddress checks issuer, audience and kind against the policy.
func (p *Policy) checkAddress(c token.Claims) error {
	if issuer, _ := p.issuer(c); issuer == "" {
		iss, _ := c.Lookup("iss")
		accepted := slices.Concat([]string{p.Issuer}, p.IssuerAliases, slices.Sorted(maps.Keys(p.MoreIssuers)))
		return mismatch("wrong_issuer", accepted, iss)
	}
	if err := p.checkAudience(c); err != nil {
		return err
	}
	if p.CheckKind == nil {
		return nil
	}
	return p.CheckKind(c)
}

// issuer returns the issuer of a token with its keys, "" if it is not accepted.
func (p *Policy) issuer(c token.Claims) (string, token.KeySet) {
	if c.Issuer == p.Issuer || slices.Contains(p.IssuerAliases, c.Issuer) {
		return p.Issuer, p.Keys
	}
	if keys, accepted := p.MoreIssuers[c.Issuer]; accepted {
		return c.Issuer, keys
	}
	return "", nil
}

// checkAudience implements OpenID Connect Core 1.0, section 3.1.3.7, steps 3
// to 5.
func (p *Policy) checkAudience(c token.Claims) error {
	if found := p.audienceOf(c); !slices.ContainsFunc(found, p.hasAudience) {
		aud, _ := c.Lookup(p.audienceClaim())
		return mismatch("wrong_audience", p.Audience, aud)
	}
	if azp, present := c.Lookup("azp"); present && p.AuthorizedParty {
		if party, _ := azp.String(); !p.hasAudience(party) {
			return mismatch("wrong_authorized_party", p.Audience, azp)
		}
	}
	return nil
}

func isEmpty(s string) bool { return s == "" }

// mismatch returns the error of a value that is none of the expected ones.
func mismatch(reason string, expected []string, found strictjson.Value) error {
	return autherr.New(autherr.InvalidToken, reason).WithValues(strings.Join(expected, " "), legible(found))
}

// legible returns a string or strings without their JSON syntax, and any other
// value as sent.
func legible(v strictjson.Value) string {
	if s, ok := v.String(); ok {
		return s
	}
	if list, ok := v.Strings(); ok {
		return strings.Join(list, " ")
	}
	return string(v)
}

// audienceOf returns the audience of a token, nil if it is not of an accepted
// form.
func (p *Policy) audienceOf(c token.Claims) []string {
	name := p.audienceClaim()
	if single, ok := c.String(name); ok {
		return []string{single}
	}
	if list, ok := c.Strings(name); ok && p.AudienceList {
		return list
	}
	return nil
}

func (p *Policy) audienceClaim() string { return cmp.Or(p.AudienceClaim, "aud") }

func (p *Policy) hasAudience(aud string) bool { return slices.Contains(p.Audience, aud) }

// lifetime contains the claims iat, nbf and exp in whole seconds. A fraction
// shortens the lifetime: exp is rounded down, nbf up. iat is rounded down, so
// that a token is never younger than its issuer specified.
type lifetime struct {
	issued    time.Time
	notBefore time.Time // zero if the token has no nbf
	expires   time.Time
}

func parseLifetime(c token.Claims) (lifetime, error) {
	l := lifetime{issued: c.IssuedAt, expires: c.ExpiresAt}
	if l.expires.IsZero() {
		return lifetime{}, invalid("malformed_exp")
	}
	if l.issued.IsZero() {
		return lifetime{}, invalid("malformed_iat")
	}
	if nbf, present := c.Lookup("nbf"); present {
		var ok bool
		if l.notBefore, ok = c.Time("nbf"); !ok {
			return lifetime{}, invalid("malformed_nbf")
		}
		if _, exact, _ := nbf.Floor(); !exact {
			l.notBefore = l.notBefore.Add(time.Second)
		}
	}
	return l, nil
}

// check compares whole seconds. It checks
// expiry last, so that TokenExpired means that there is no other fault.
func (l lifetime) check(now time.Time, skew time.Duration) error {
	now = time.Unix(now.Unix(), 0)
	switch {
	case l.issued.After(now.Add(skew)):
		return invalid("issued_in_future")
	case l.notBefore.After(now.Add(skew)):
		return invalid("not_yet_valid")
	case now.After(l.expires.Add(skew)):
		return autherr.New(autherr.TokenExpired, "expired")
	}
	return nil
}
