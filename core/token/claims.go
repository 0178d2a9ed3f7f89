package token

import (
	"slices"
	"time"

	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/strictjson"
)

// Claims are the claims of a token. The fields contain the registered claims
// (RFC 7519, section 4.1). The methods return any claim by its exact name, and
// false if it is missing or of another JSON type.
type Claims struct {
	Issuer    string
	Subject   string // 1 to 255 printable ASCII characters without outer spaces
	Audience  []string
	ExpiresAt time.Time
	IssuedAt  time.Time

	object strictjson.Object
}

// Lookup returns the JSON of a claim as sent.
func (c Claims) Lookup(name string) (strictjson.Value, bool) { return c.object.Lookup(name) }

// String returns a claim that is a string.
func (c Claims) String(name string) (string, bool) {
	v, _ := c.object.Lookup(name)
	return v.String()
}

// Bool returns a claim that is true or false.
func (c Claims) Bool(name string) (value, ok bool) {
	v, _ := c.object.Lookup(name)
	return v.Bool()
}

// Int64 returns a claim that is an integer without fraction or exponent.
func (c Claims) Int64(name string) (int64, bool) {
	v, _ := c.object.Lookup(name)
	return v.Int64()
}

// Time returns a claim that is a time: whole seconds (RFC 7519, section 2,
// NumericDate) without fraction or exponent, after 1970 and before the year
// 10000.
func (c Claims) Time(name string) (time.Time, bool) { return parseDate(c.object, name) }

// Strings returns a claim that is an array of strings.
func (c Claims) Strings(name string) ([]string, bool) {
	v, _ := c.object.Lookup(name)
	return v.Strings()
}

var registered = []string{"iss", "sub", "aud", "exp", "nbf", "iat"}

// Extra returns all claims except iss, sub, aud, exp, nbf and iat, by name:
// strings, bools, json.Number and []string. Claims of other types are omitted.
func (c Claims) Extra() map[string]any {
	extra := map[string]any{}
	for name, v := range c.object.All() {
		if slices.Contains(registered, name) {
			continue
		}
		if value, ok := v.Any(); ok {
			extra[name] = value
		}
	}
	return extra
}

// parseClaims checks issuer, audience and subject against the policy.
func (p *Policy) parseClaims(o strictjson.Object) (Claims, error) {
	claims := Claims{Audience: audience(o), object: o}
	if claims.Issuer, _ = claims.String("iss"); claims.Issuer != p.Issuer {
		return Claims{}, invalid("wrong_issuer")
	}
	if err := p.checkAudience(claims); err != nil {
		return Claims{}, err
	}
	claims.Subject, _ = claims.String("sub")
	if !identity.IsSubject(claims.Subject) {
		return Claims{}, invalid("malformed_subject")
	}
	return claims, nil
}

// checkAudience implements OpenID Connect Core 1.0, section 3.1.3.7, steps 3
// and 4.
func (p *Policy) checkAudience(c Claims) error {
	aud, _ := c.Lookup("aud")
	if _, list := aud.Array(); list && !p.AudienceList {
		return invalid("wrong_audience")
	}
	if !slices.ContainsFunc(c.Audience, p.hasAudience) {
		return invalid("wrong_audience")
	}
	if len(c.Audience) > 1 {
		if azp, _ := c.String("azp"); !p.hasAudience(azp) {
			return invalid("wrong_authorized_party")
		}
	}
	return nil
}

func (p *Policy) hasAudience(aud string) bool { return slices.Contains(p.Audience, aud) }

// audience returns aud, a string or an array of strings; nil if it is neither.
func audience(o strictjson.Object) []string {
	aud, _ := o.Lookup("aud")
	if single, ok := aud.String(); ok {
		return []string{single}
	}
	list, _ := aud.Strings()
	return list
}
