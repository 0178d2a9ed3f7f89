package emulator

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"math/big"
	"net/url"
	"strconv"
	"sync"
	"time"
)

const (
	codeLifetime = 5 * time.Minute // of one-time codes and of authorization codes
	maxAttempts  = 5               // at a one-time code
	maxSignIns   = 1_000           // begun, and as many completed
)

// signIn is a sign-in: pending until the user enters the one-time code, then
// completed until the application exchanges the authorization code. It remains
// among the begun ones, so that its page can offer to start again.
type signIn struct {
	authorizeRequest

	identifier  string
	challengeID int64
	code        string // the one-time code
	attempts    int
	over        bool // the one-time code was used, or maxAttempts were wrong
	expires     time.Time
}

// isPending reports whether the one-time code is accepted at that time.
func (s signIn) isPending(now time.Time) bool { return !s.over && now.Before(s.expires) }

// signIns holds the sign-ins in progress.
type signIns struct {
	mu              sync.Mutex
	lastChallengeID int64
	begun           *boundedMap[string, signIn] // by handle
	completed       *boundedMap[string, signIn] // by authorization code
}

func newSignIns() *signIns {
	return &signIns{
		lastChallengeID: 1_000,
		begun:           newBoundedMap[string, signIn](maxSignIns),
		completed:       newBoundedMap[string, signIn](maxSignIns),
	}
}

// begin starts a sign-in with a new one-time code.
func (s *signIns) begin(r authorizeRequest, identifier string, now time.Time) (handle string, begun signIn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastChallengeID++
	begun = signIn{
		authorizeRequest: r,
		identifier:       identifier,
		challengeID:      s.lastChallengeID,
		code:             newOneTimeCode(),
		expires:          now.Add(codeLifetime),
	}
	handle = rand.Text()
	s.begun.put(handle, begun)
	return handle, begun
}

// find returns a sign-in; ok is false if it is no longer pending. It is the zero
// value if there is none.
func (s *signIns) find(handle string, now time.Time) (pending signIn, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	pending, ok = s.begun.get(handle)
	return pending, ok && pending.isPending(now)
}

// attemptResult is the result of entering a one-time code.
type attemptResult int

const (
	attemptUnknown   attemptResult = iota // no such sign-in, or it is no longer pending
	attemptWrong                          // another attempt is left
	attemptExhausted                      // it was the last attempt
	attemptAccepted
)

// attempt compares an entered code. After attemptAccepted, authorizationCode is
// the code to exchange.
func (s *signIns) attempt(handle, code string, now time.Time) (result attemptResult, attempted signIn, authorizationCode string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	attempted, ok := s.begun.get(handle)
	if !ok || !attempted.isPending(now) {
		return attemptUnknown, attempted, ""
	}
	accepted := subtle.ConstantTimeCompare([]byte(code), []byte(attempted.code)) == 1
	if !accepted {
		attempted.attempts++
	}
	attempted.over = accepted || attempted.attempts == maxAttempts
	s.begun.put(handle, attempted)
	switch {
	case accepted:
		return attemptAccepted, attempted, s.complete(attempted, now)
	case attempted.over:
		return attemptExhausted, attempted, ""
	default:
		return attemptWrong, attempted, ""
	}
}

func (s *signIns) complete(completed signIn, now time.Time) (authorizationCode string) {
	completed.expires = now.Add(codeLifetime)
	authorizationCode = rand.Text()
	s.completed.put(authorizationCode, completed)
	return authorizationCode
}

// redeem returns the sign-in of an authorization code and uses the code up.
func (s *signIns) redeem(authorizationCode string, now time.Time) (signIn, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	completed, ok := s.completed.get(authorizationCode)
	s.completed.remove(authorizationCode)
	return completed, ok && now.Before(completed.expires)
}

// matchesVerifier reports whether the code challenge belongs to the verifier. The
// verifier may have any alphabet: one of Cotter's own clients sends padded base64.
func (s signIn) matchesVerifier(verifier string) bool {
	digest := sha256.Sum256([]byte(verifier))
	challenge := base64.RawURLEncoding.EncodeToString(digest[:])
	return subtle.ConstantTimeCompare([]byte(challenge), []byte(s.codeChallenge)) == 1
}

// matchesOrigin reports whether redirectURL has the origin that received the code.
func (s signIn) matchesOrigin(redirectURL string) bool {
	u, err := parseWebURL(redirectURL)
	return err == nil && originOf(u) == originOf(s.redirect)
}

// successURL returns the application's URL for a completed sign-in.
func (s signIn) successURL(authorizationCode string) string {
	return s.redirectWith(url.Values{
		"code":         {authorizationCode},
		"challenge_id": {strconv.FormatInt(s.challengeID, 10)},
	})
}

func (s signIn) channel() string {
	if s.identifierType == typePhone {
		return "SMS"
	}
	return "EMAIL"
}

// newOneTimeCode returns six digits.
func newOneTimeCode() string {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		panic("emulator: " + err.Error()) // crypto/rand does not fail
	}
	return fmt.Sprintf("%06d", n)
}
