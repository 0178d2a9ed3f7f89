package token

import (
	"errors"
	"slices"
	"time"
)

// MaxClockSkew is the largest [Policy.ClockSkew].
const MaxClockSkew = 2 * time.Minute

// Policy specifies which tokens a [Verifier] accepts.
type Policy struct {
	Keys       KeySet   // required
	Issuer     string   // required; iss, compared byte-wise
	Audience   []string // required; aud must be one of these
	Algorithms []string // required; accepted alg: ES256, ES384, ES512, RS256…, PS256…, EdDSA; never none, never HMAC
	Types      []string // accepted typ, ASCII case ignored; a token without typ is always accepted; nil: JWT

	// AudienceList also accepts an array of strings in aud. If it has more than
	// one element, azp must be present and equal to one of Audience.
	AudienceList bool
	// KeyIDRequired rejects a header without kid.
	KeyIDRequired bool
	// PlainHeader rejects header members other than alg, kid and typ. Without
	// it, unknown members are ignored, except for those that would change what
	// is verified or with which key (crit, b64, zip, enc, cty, jwk, jku, x5u,
	// x5c): these are always rejected.
	PlainHeader bool
	// ClockSkew is the tolerated difference from the issuer's clock, 0 to
	// [MaxClockSkew].
	ClockSkew time.Duration

	// Check makes further demands on the claims. It runs after the signature,
	// issuer and audience have been verified, and before the lifetime, so that
	// TokenExpired always means that expiry is the only fault. Its result must
	// depend on the claims alone, because a [Cache] stores it. Its error is
	// returned unchanged. nil: no further demands.
	Check func(Claims) error

	Now func() time.Time // nil: time.Now
}

// validate reports everything that is missing or not allowed.
func (p *Policy) validate() error {
	var errs []error
	if p.Keys == nil {
		errs = append(errs, errors.New("token: policy without keys"))
	}
	if p.Issuer == "" {
		errs = append(errs, errors.New("token: policy without issuer"))
	}
	if len(p.Audience) == 0 || slices.Contains(p.Audience, "") {
		errs = append(errs, errors.New("token: policy without audience, or with an empty one"))
	}
	if len(p.Algorithms) == 0 {
		errs = append(errs, errors.New("token: policy without algorithm"))
	}
	for _, alg := range p.Algorithms {
		if _, supported := algorithms[alg]; !supported {
			errs = append(errs, errors.New("token: policy with unsupported algorithm "+alg))
		}
	}
	if p.ClockSkew < 0 || p.ClockSkew > MaxClockSkew {
		errs = append(errs, errors.New("token: policy with a clock skew outside of 0 to "+MaxClockSkew.String()))
	}
	return errors.Join(errs...)
}

// normalized returns a copy with defaults that shares no memory with p.
func (p *Policy) normalized() Policy {
	n := *p
	n.Audience = slices.Clone(p.Audience)
	n.Algorithms = slices.Clone(p.Algorithms)
	n.Types = slices.Clone(p.Types)
	if n.Types == nil {
		n.Types = []string{"JWT"}
	}
	if n.Now == nil {
		n.Now = time.Now
	}
	return n
}
