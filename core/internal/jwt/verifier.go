package jwt

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/algorithm"
	"github.com/cotterpin/cotterpin/core/token"
)

// MaxClockSkew is the largest [Policy.ClockSkew].
const MaxClockSkew = 2 * time.Minute

// Policy specifies which tokens a [Verifier] accepts.
type Policy struct {
	Keys       token.KeySet // required
	Issuer     string       // required; iss, compared byte-wise
	Audience   []string     // required; the audience must be one of these
	Algorithms []string     // required; accepted alg: ES256, ES384, ES512, RS256…, PS256…, EdDSA alias Ed25519; never none, never HMAC

	// MoreIssuers contains further accepted iss, each with its keys.
	MoreIssuers map[string]token.KeySet
	// IssuerAliases lists other iss of Issuer. The claims of a valid token have
	// Issuer instead.
	IssuerAliases []string

	// Types lists the accepted typ, "" being a header without it. ASCII case is
	// ignored, and "application/" before it (RFC 7515, section 4.1.9), except with
	// PlainHeader. nil: JWT and "".
	Types []string

	// AudienceClaim is the claim that contains the audience; "": aud.
	AudienceClaim string
	// AudienceList also accepts an array of strings as audience.
	AudienceList bool
	// AuthorizedParty rejects a token whose azp is present and not one of Audience.
	AuthorizedParty bool
	// SubjectOptional accepts a token without sub.
	SubjectOptional bool
	// KeyIDRequired rejects a header without kid.
	KeyIDRequired bool
	// PlainHeader rejects header members other than alg, kid and typ, and a typ
	// that begins with "application/". Without
	// it, unknown members are ignored, except for those that would change what
	// is verified or with which key (crit, b64, zip, enc, cty, jwk, jku, x5u,
	// x5c): these are always rejected.
	PlainHeader bool
	// ClockSkew is the tolerated difference from the issuer's clock, 0 to
	// [MaxClockSkew].
	ClockSkew time.Duration

	// CheckKind rejects the claims of tokens of another kind. It runs before the
	// key is looked up. Its result must depend on the claims alone. Its error is
	// returned unchanged. nil: no further demands.
	CheckKind func(token.Claims) error
	// Check makes further demands on the claims. It runs after the signature,
	// issuer and audience have been verified, and before the lifetime, so that
	// TokenExpired always means that expiry is the only fault. Its result must
	// depend on the claims alone, because a [Cache] stores it. Its error is
	// returned unchanged. nil: no further demands.
	Check func(token.Claims) error

	Now func() time.Time // nil: time.Now
}

// validate reports everything that is missing or not allowed.
func (p *Policy) validate() error {
	var errs []error
	if p.Keys == nil || slices.Contains(slices.Collect(maps.Values(p.MoreIssuers)), nil) {
		errs = append(errs, errors.New("jwt: policy without keys"))
	}
	if _, empty := p.MoreIssuers[""]; empty || p.Issuer == "" || slices.Contains(p.IssuerAliases, "") {
		errs = append(errs, errors.New("jwt: policy without issuer, or with an empty one"))
	}
	if len(p.Audience) == 0 || slices.Contains(p.Audience, "") {
		errs = append(errs, errors.New("jwt: policy without audience, or with an empty one"))
	}
	if len(p.Algorithms) == 0 {
		errs = append(errs, errors.New("jwt: policy without algorithm"))
	}
	for _, alg := range p.Algorithms {
		if _, supported := verifiers[alg]; !supported {
			errs = append(errs, errors.New("jwt: policy with unsupported algorithm "+alg))
		}
	}
	if p.ClockSkew < 0 || p.ClockSkew > MaxClockSkew {
		errs = append(errs, errors.New("jwt: policy with a clock skew outside of 0 to "+MaxClockSkew.String()))
	}
	return errors.Join(errs...)
}

// normalized returns a copy with defaults that shares no memory with p.
func (p *Policy) normalized() Policy {
	n := *p
	n.Audience = slices.Clone(p.Audience)
	n.MoreIssuers = maps.Clone(p.MoreIssuers)
	n.IssuerAliases = slices.Clone(p.IssuerAliases)
	n.Algorithms = nil
	for _, alg := range p.Algorithms {
		n.Algorithms = append(n.Algorithms, algorithm.Canonical(alg))
	}
	n.Types = slices.Clone(p.Types)
	if n.Types == nil {
		n.Types = []string{"JWT", ""}
	}
	if n.Now == nil {
		n.Now = time.Now
	}
	return n
}

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
// audience, [Policy.CheckKind], subject, signature, [Policy.Check] and lifetime,
// in this order. exp
// and iat are required; nbf is checked if it is present. A token is accepted
// until the second exp + ClockSkew has passed. Claims with a fraction of a second
// are rounded so that the lifetime does not grow: exp and iat down, nbf up.
//
// Errors by code: InvalidToken for every fault of the token; TokenExpired if
// expiry is the only fault, and then the claims are returned too;
// TemporarilyUnavailable if the keys cannot be fetched.
func (v *Verifier) Verify(ctx context.Context, raw string) (token.Claims, error) {
	p := &v.policy
	t, err := p.parse(raw)
	if err != nil {
		return token.Claims{}, err
	}
	if _, err := p.authenticate(ctx, t, p.authenticateWith); err != nil {
		return token.Claims{}, err
	}
	err = p.checkLifetime(t.lifetime)
	if err != nil && autherr.CodeOf(err) != autherr.TokenExpired {
		return token.Claims{}, err
	}
	return t.claims, err
}

// query selects the key that a token must be signed with.
func query(h header, l lifetime) token.KeyQuery {
	return token.KeyQuery{ID: h.keyID, Algorithm: h.algorithm, IssuedAt: l.issued}
}

// authenticate applies with to the token's key and, if the signature is bad, to
// the key that has replaced it at the issuer, if any. It returns the key with
// which the token is valid.
func (p *Policy) authenticate(ctx context.Context, t unverified, with func(unverified, token.Key) error) (token.Key, error) {
	q := query(t.header, t.lifetime)
	key, err := t.header.keys.Key(ctx, q)
	if err != nil {
		return token.Key{}, err
	}
	err = with(t, key)
	if !errors.Is(err, errBadSignature) {
		return key, err
	}
	q.Rejected = key
	replacement, unavailable := t.header.keys.Key(ctx, q)
	if unavailable != nil || replacement == key {
		return token.Key{}, err
	}
	return replacement, with(t, replacement)
}

// authenticateWith verifies the signature, then applies [Policy.Check].
func (p *Policy) authenticateWith(t unverified, key token.Key) error {
	if err := verifySignature(t, key); err != nil {
		return err
	}
	if p.Check == nil {
		return nil
	}
	return p.Check(t.claims)
}

var errBadSignature = autherr.New(autherr.InvalidToken, "bad_signature")

func verifySignature(t unverified, key token.Key) error {
	if key.Algorithm != t.header.algorithm {
		return invalid("wrong_algorithm")
	}
	if !verify(key, []byte(t.signed), t.signature) {
		return errBadSignature
	}
	return nil
}

// verifiers contains the implementation of each supported algorithm, under each
// of its names: the library's, or our own where that accepts too much.
var verifiers = newVerifiers()

func newVerifiers() map[string]jws.Verifier {
	all := map[string]jws.Verifier{}
	for _, alg := range token.Algorithms() {
		verifier, err := jws.NewVerifier(jwa.SignatureAlgorithm(algorithm.Canonical(alg)))
		if err != nil {
			panic(fmt.Sprintf("jwt: algorithm %s: %v", alg, err))
		}
		all[alg] = verifier
	}
	all["PS256"] = pssVerifier(crypto.SHA256)
	all["PS384"] = pssVerifier(crypto.SHA384)
	all["PS512"] = pssVerifier(crypto.SHA512)
	return all
}

// verify reports whether the signature over signed was made with the key.
func verify(key token.Key, signed, signature []byte) bool {
	verifier, public := verifiers[key.Algorithm], key.Public()
	return verifier != nil && public != nil && verifier.Verify(signed, signature, public) == nil
}

func (p *Policy) checkLifetime(l lifetime) error { return l.check(p.Now(), p.ClockSkew) }

func invalid(reason string) error { return autherr.New(autherr.InvalidToken, reason) }
