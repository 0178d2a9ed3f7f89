package token

import (
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/strictjson"
)

// lifetime contains the claims iat, nbf and exp.
type lifetime struct {
	issued    time.Time
	notBefore time.Time // zero if the token has no nbf
	expires   time.Time
}

func parseLifetime(o strictjson.Object) (lifetime, error) {
	var l lifetime
	var ok bool
	if l.expires, ok = parseDate(o, "exp"); !ok {
		return lifetime{}, invalid("malformed_exp")
	}
	if l.issued, ok = parseDate(o, "iat"); !ok {
		return lifetime{}, invalid("malformed_iat")
	}
	if _, present := o.Lookup("nbf"); present {
		if l.notBefore, ok = parseDate(o, "nbf"); !ok {
			return lifetime{}, invalid("malformed_nbf")
		}
	}
	return l, nil
}

// parseDate implements [Claims.Time].
func parseDate(o strictjson.Object, name string) (time.Time, bool) {
	const year10000 = 253_402_300_800
	v, _ := o.Lookup(name)
	seconds, ok := v.Int64()
	if !ok || seconds <= 0 || seconds >= year10000 {
		return time.Time{}, false
	}
	return time.Unix(seconds, 0), true
}

// check compares whole seconds, which is the resolution of the claims. It checks
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
