package token

import (
	"context"
	"time"

	"github.com/cotterpin/cotterpin/core/strictjson"
)

// Key is a public key that may verify signatures of one algorithm.
type Key struct {
	ID        string
	Algorithm string
	public    any
}

// Policy says which tokens a [Verifier] accepts.
type Policy struct {
	Keys       KeySet
	Issuer     string   // iss, byte-exact
	Audience   []string // aud must be one of these; at least one
	Algorithms []string // allowed alg: ES256, ES384, RS256, RS384, RS512, PS256, EdDSA…; never none, never HMAC
	Types      []string // allowed typ, ASCII case ignored; a token without typ is always allowed

	// AudienceList also takes an array of strings in aud. With more than one
	// element, azp must then be present and equal to one of Audience.
	AudienceList bool
	// KeyIDRequired refuses a header without kid.
	KeyIDRequired bool
	// PlainHeader refuses header members other than alg, kid and typ.
	PlainHeader bool
	// ClockSkew is how far the issuer's clock may be off. At most 2 minutes.
	ClockSkew time.Duration

	// Check is called after the signature, issuer and audience were right and
	// before the lifetime is looked at, so that "expired" is only ever said of
	// a token that is right in every other way. nil: nothing more is demanded.
	Check func(Claims) error

	Now func() time.Time // nil: time.Now
}

// Verifier checks signed tokens (JWS compact, RFC 7515; JWT, RFC 7519).
type Verifier struct{ policy Policy }

// NewVerifier returns a verifier. An error means that the policy is incomplete
// or allows what must never be allowed.
func NewVerifier(p Policy) (*Verifier, error) { panic("to be written") }

// Verify returns the claims of a token that is right in every way.
//
// Errors by code: InvalidToken for every fault of the token; TokenExpired if
// everything is right but exp, and then the claims are returned beside the
// error; TemporarilyUnavailable if the keys could not be looked at.
func (v *Verifier) Verify(ctx context.Context, raw string) (Claims, error) { panic("to be written") }

// Claims are the claims of a token.
type Claims struct {
	Issuer    string
	Subject   string
	Audience  []string
	ExpiresAt time.Time
	IssuedAt  time.Time

	object strictjson.Object
}

// Peek returns what an unverified token says about who issued it and for whom.
// ok is false if the text is not a token. Nothing may be decided on it but
// which verifier to ask.
func Peek(raw string) (issuer string, audience []string, ok bool) { panic("to be written") }
