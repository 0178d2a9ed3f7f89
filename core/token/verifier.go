package token

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/strictjson"
)

// MaxClockSkew is the most that [Policy.ClockSkew] may be.
const MaxClockSkew = 2 * time.Minute

// Policy says which tokens a [Verifier] accepts.
type Policy struct {
	Keys       KeySet
	Issuer     string   // iss, byte-exact
	Audience   []string // aud must be one of these; at least one
	Algorithms []string // allowed alg: ES256, ES384, ES512, RS256…, PS256…, EdDSA; never none, never HMAC
	Types      []string // allowed typ, ASCII case ignored; a token without typ is always allowed; nil: JWT

	// AudienceList also takes an array of strings in aud. With more than one
	// element, azp must then be present and equal to one of Audience.
	AudienceList bool
	// KeyIDRequired refuses a header without kid.
	KeyIDRequired bool
	// PlainHeader refuses header members other than alg, kid and typ. Without
	// it others are ignored, but those that would change what is verified or
	// with which key (crit, b64, zip, enc, cty, jwk, jku, x5u, x5c) are refused.
	PlainHeader bool
	// ClockSkew is how far the issuer's clock may be off. At most MaxClockSkew.
	ClockSkew time.Duration

	// Check is called after the signature, issuer and audience were right and
	// before the lifetime is looked at, so that "expired" is only ever said of
	// a token that is right in every other way. It decides by the claims alone:
	// a [Cache] asks once and remembers. Its error is returned as it is. nil:
	// nothing more is demanded.
	Check func(Claims) error

	Now func() time.Time // nil: time.Now
}

// Verifier checks signed tokens (JWS compact, RFC 7515; JWT, RFC 7519). It is
// used by many goroutines at once.
type Verifier struct{ policy Policy }

// NewVerifier returns a verifier. An error means that the policy is incomplete
// or allows what must never be allowed.
func NewVerifier(p Policy) (*Verifier, error) {
	if err := p.validate(); err != nil {
		return nil, err
	}
	p.Audience = slices.Clone(p.Audience)
	p.Algorithms = slices.Clone(p.Algorithms)
	p.Types = slices.Clone(p.Types)
	if p.Types == nil {
		p.Types = []string{"JWT"}
	}
	if p.Now == nil {
		p.Now = time.Now
	}
	return &Verifier{policy: p}, nil
}

func (p *Policy) validate() error {
	var errs []error
	if p.Keys == nil {
		errs = append(errs, errors.New("token: a policy needs keys"))
	}
	if p.Issuer == "" {
		errs = append(errs, errors.New("token: a policy needs an issuer"))
	}
	if len(p.Audience) == 0 || slices.Contains(p.Audience, "") {
		errs = append(errs, errors.New("token: a policy needs an audience, and none that is empty"))
	}
	if len(p.Algorithms) == 0 {
		errs = append(errs, errors.New("token: a policy needs an algorithm"))
	}
	for _, alg := range p.Algorithms {
		if _, known := algorithms[alg]; !known {
			errs = append(errs, errors.New("token: a policy allows an algorithm that is not allowed: "+alg))
		}
	}
	if p.ClockSkew < 0 || p.ClockSkew > MaxClockSkew {
		errs = append(errs, errors.New("token: the clock skew of a policy is between 0 and "+MaxClockSkew.String()))
	}
	return errors.Join(errs...)
}

// Verify returns the claims of a token that is right in every way: form,
// issuer, audience, subject, signature, what Policy.Check demands, and lifetime.
// exp and iat are required; nbf is regarded if it is present. A token is taken
// until the second exp + ClockSkew has passed.
//
// Errors by code: InvalidToken for every fault of the token; TokenExpired if
// everything is right but exp, and then the claims are returned beside the
// error; TemporarilyUnavailable if the keys could not be looked at.
func (v *Verifier) Verify(ctx context.Context, raw string) (Claims, error) {
	p := &v.policy
	s, err := p.read(raw)
	if err != nil {
		return Claims{}, err
	}
	key, err := p.key(ctx, s.header)
	if err != nil {
		return Claims{}, err
	}
	if err := p.believe(s, key); err != nil {
		return Claims{}, err
	}
	err = p.inTime(s.life)
	if err != nil && autherr.CodeOf(err) != autherr.TokenExpired {
		return Claims{}, err
	}
	return s.claims, err
}

// statement is what a token says, not yet believed.
type statement struct {
	header    header
	claims    Claims
	life      lifetime
	signed    string // what the signature is over
	signature []byte
}

// read reads a token, and checks what needs neither a key nor the time.
func (p *Policy) read(raw string) (statement, error) {
	token, err := parse(raw)
	if err != nil {
		return statement{}, err
	}
	s := statement{signed: token.signed, signature: token.signature}
	if s.header, err = p.readHeader(token.header); err != nil {
		return statement{}, err
	}
	if s.claims, s.life, err = p.readClaims(token.claims); err != nil {
		return statement{}, err
	}
	return s, nil
}

// key returns the key that a token must be signed with.
func (p *Policy) key(ctx context.Context, h header) (Key, error) {
	return p.Keys.Key(ctx, h.keyID, h.algorithm)
}

// believe checks that the statement is signed with the key, and what the policy
// demands beyond that.
func (p *Policy) believe(s statement, key Key) error {
	if key.Algorithm != s.header.algorithm {
		return invalid("wrong_algorithm")
	}
	if !key.verified([]byte(s.signed), s.signature) {
		return invalid("bad_signature")
	}
	if p.Check != nil {
		return p.Check(s.claims)
	}
	return nil
}

func (p *Policy) inTime(l lifetime) error { return l.check(p.Now(), p.ClockSkew) }

// readClaims checks the claims that need neither a key nor the time.
func (p *Policy) readClaims(o strictjson.Object) (Claims, lifetime, error) {
	claims := Claims{object: o}
	if claims.Issuer, _ = claims.String("iss"); claims.Issuer != p.Issuer {
		return Claims{}, lifetime{}, invalid("wrong_issuer")
	}
	claims.Audience = audience(o)
	if err := p.checkAudience(claims); err != nil {
		return Claims{}, lifetime{}, err
	}
	claims.Subject, _ = claims.String("sub")
	if !identity.IsSubject(claims.Subject) {
		return Claims{}, lifetime{}, invalid("malformed_subject")
	}
	life, err := readLifetime(o)
	if err != nil {
		return Claims{}, lifetime{}, err
	}
	claims.ExpiresAt, claims.IssuedAt = life.expires, life.issued
	return claims, life, nil
}

// checkAudience is OpenID Connect Core 1.0, section 3.1.3.7, steps 3 and 4.
func (p *Policy) checkAudience(c Claims) error {
	aud, _ := c.Lookup("aud")
	if _, list := aud.Array(); list && !p.AudienceList {
		return invalid("wrong_audience")
	}
	if !slices.ContainsFunc(c.Audience, p.isAudience) {
		return invalid("wrong_audience")
	}
	if len(c.Audience) > 1 {
		if azp, _ := c.String("azp"); !p.isAudience(azp) {
			return invalid("wrong_authorized_party")
		}
	}
	return nil
}

func (p *Policy) isAudience(aud string) bool { return slices.Contains(p.Audience, aud) }

// audience returns the claim aud, a string or an array of strings; nil if it
// is neither.
func audience(o strictjson.Object) []string {
	aud, _ := o.Lookup("aud")
	if one, ok := aud.String(); ok {
		return []string{one}
	}
	list, _ := aud.Strings()
	return list
}

// Peek returns what an unverified token says about who issued it and for whom.
// ok is false if the text is not a token. Nothing may be decided on it but
// which verifier to ask.
func Peek(raw string) (issuer string, aud []string, ok bool) {
	token, err := parse(raw)
	if err != nil {
		return "", nil, false
	}
	iss, _ := token.claims.Lookup("iss")
	issuer, _ = iss.String()
	return issuer, audience(token.claims), true
}
