package ownjwt

import (
	"crypto/subtle"
	"time"

	"github.com/cotterpin/cotterpin/core/session"
)

// decision is what a presented refresh token is to its session.
type decision int

const (
	// tokenForged: the kit did not issue it. It revokes nothing, so that guesses
	// end no session.
	tokenForged decision = iota
	// tokenCurrent: it is exchanged for its successor.
	tokenCurrent
	// tokenRepeated: it was exchanged within the grace, and its successor was not: the
	// same successor is returned.
	tokenRepeated
	// tokenReused: it was exchanged before: the session is revoked, because the token or
	// its successor is in other hands.
	tokenReused
)

// decide returns what a token is to a session, active or not, of its lookup. now
// and the times of the session are of several clocks: an exchange may be later
// than now.
func decide(t refreshToken, s session.Session, keys [][]byte, grace time.Duration, now time.Time) decision {
	hash := t.hash()
	isCurrent, isPrevious := equal(hash, s.SecretHash), equal(hash, s.PreviousHash)
	switch {
	case isCurrent:
		return tokenCurrent
	case isPrevious && now.Sub(s.RefreshedAt) < grace:
		return tokenRepeated
	case isPrevious, t.isIssued(keys):
		return tokenReused
	default:
		return tokenForged
	}
}

// successorOf returns the successor that t has been exchanged for. The keys may
// have changed since; it returns false if the one that it was derived with was
// revoked.
func successorOf(t refreshToken, s session.Session, keys [][]byte) (refreshToken, bool) {
	for _, key := range keys {
		if next := t.successor(key, s.ID); equal(next.hash(), s.SecretHash) {
			return next, true
		}
	}
	return refreshToken{}, false
}

func equal(a, b [32]byte) bool { return subtle.ConstantTimeCompare(a[:], b[:]) == 1 }
