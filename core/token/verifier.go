package token

import (
	"context"

	"github.com/cotterpin/cotterpin/core/autherr"
)

// Verifier verifies signed tokens (JWS compact, RFC 7515; JWT, RFC 7519). It is
// safe for concurrent use.
type Verifier struct{ policy Policy }

// NewVerifier returns a verifier that applies a copy of p. It returns an error
// if p is incomplete or accepts what must never be accepted.
func NewVerifier(p Policy) (*Verifier, error) {
	if err := p.validate(); err != nil {
		return nil, err
	}
	return &Verifier{policy: p.normalized()}, nil
}

// Verify returns the claims of a valid token. It checks form, header, issuer,
// audience, subject, signature, [Policy.Check] and lifetime, in this order. exp
// and iat are required; nbf is checked if it is present. A token is accepted
// until the second exp + ClockSkew has passed.
//
// Errors by code: InvalidToken for every fault of the token; TokenExpired if
// expiry is the only fault, and then the claims are returned too;
// TemporarilyUnavailable if the keys cannot be fetched.
func (v *Verifier) Verify(ctx context.Context, raw string) (Claims, error) {
	p := &v.policy
	t, err := p.parse(raw)
	if err != nil {
		return Claims{}, err
	}
	key, err := p.key(ctx, t.header)
	if err != nil {
		return Claims{}, err
	}
	if err := p.authenticate(t, key); err != nil {
		return Claims{}, err
	}
	err = p.checkLifetime(t.lifetime)
	if err != nil && autherr.CodeOf(err) != autherr.TokenExpired {
		return Claims{}, err
	}
	return t.claims, err
}

// unverified is a token whose signature and lifetime have not been checked yet.
type unverified struct {
	header    header
	claims    Claims
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
	t := unverified{signed: c.signed, signature: c.signature}
	if t.header, err = p.parseHeader(c.header); err != nil {
		return unverified{}, err
	}
	if t.claims, err = p.parseClaims(c.claims); err != nil {
		return unverified{}, err
	}
	if t.lifetime, err = parseLifetime(c.claims); err != nil {
		return unverified{}, err
	}
	t.claims.ExpiresAt, t.claims.IssuedAt = t.lifetime.expires, t.lifetime.issued
	return t, nil
}

// key returns the key that the token must be signed with.
func (p *Policy) key(ctx context.Context, h header) (Key, error) {
	return p.Keys.Key(ctx, h.keyID, h.algorithm)
}

// authenticate verifies the signature, then applies [Policy.Check].
func (p *Policy) authenticate(t unverified, key Key) error {
	if err := verifySignature(t, key); err != nil {
		return err
	}
	if p.Check == nil {
		return nil
	}
	return p.Check(t.claims)
}

func verifySignature(t unverified, key Key) error {
	if key.Algorithm != t.header.algorithm {
		return invalid("wrong_algorithm")
	}
	if !key.verify([]byte(t.signed), t.signature) {
		return invalid("bad_signature")
	}
	return nil
}

func (p *Policy) checkLifetime(l lifetime) error { return l.check(p.Now(), p.ClockSkew) }

func invalid(reason string) error { return autherr.New(autherr.InvalidToken, reason) }
