package token

import (
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/strictjson"
)

// lifetime is when a token is good, by its own word.
type lifetime struct {
	issued    time.Time
	notBefore time.Time // zero if the token does not say
	expires   time.Time
}

func readLifetime(o strictjson.Object) (lifetime, error) {
	var life lifetime
	var ok bool
	if life.expires, ok = readDate(o, "exp"); !ok {
		return lifetime{}, invalid("malformed_exp")
	}
	if life.issued, ok = readDate(o, "iat"); !ok {
		return lifetime{}, invalid("malformed_iat")
	}
	if _, present := o.Lookup("nbf"); present {
		if life.notBefore, ok = readDate(o, "nbf"); !ok {
			return lifetime{}, invalid("malformed_nbf")
		}
	}
	return life, nil
}

// readDate is [Claims.Time].
func readDate(o strictjson.Object, name string) (time.Time, bool) {
	const year10000 = 253_402_300_800
	v, _ := o.Lookup(name)
	seconds, ok := v.Int64()
	if !ok || seconds <= 0 || seconds >= year10000 {
		return time.Time{}, false
	}
	return time.Unix(seconds, 0), true
}

// check compares whole seconds, as the claims have them. It looks at the end
// last: an expired token is one that was right before.
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
