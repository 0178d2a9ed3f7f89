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
	maxSignIns   = 1_000           // that wait for a code, and as many that wait for the exchange
)

// signIn is somebody on the way to an application: first with a one-time code
// to type, then with an authorization code to exchange.
type signIn struct {
	application
	identifier  string
	challengeID int64
	code        string // the one-time code
	attempts    int
	expires     time.Time
}

// signIns are the sign-ins under way.
type signIns struct {
	mu       sync.Mutex
	last     int64
	waiting  *bounded[string, signIn] // for the one-time code, by handle
	accepted *bounded[string, signIn] // by authorization code
}

func newSignIns() *signIns {
	return &signIns{
		last:     1_000,
		waiting:  newBounded[string, signIn](maxSignIns),
		accepted: newBounded[string, signIn](maxSignIns),
	}
}

// begin starts a sign-in with a new one-time code.
func (s *signIns) begin(a application, identifier string, now time.Time) (handle string, begun signIn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	begun = signIn{
		application: a,
		identifier:  identifier,
		challengeID: s.last,
		code:        oneTimeCode(),
		expires:     now.Add(codeLifetime),
	}
	handle = rand.Text()
	s.waiting.put(handle, begun)
	return handle, begun
}

// find returns a sign-in that waits for its one-time code; ok is false if there
// is none or its time is over.
func (s *signIns) find(handle string, now time.Time) (waiting signIn, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	waiting, ok = s.waiting.get(handle)
	return waiting, ok && now.Before(waiting.expires)
}

// verdict is what becomes of a typed one-time code.
type verdict int

const (
	codeUnknown verdict = iota // no such sign-in, or its time is over
	codeWrong                  // another attempt is left
	codeRefused                // it was the last attempt
	codeRight
)

// attempt compares a typed code. After a right one, authorization is the code
// to exchange.
func (s *signIns) attempt(handle, code string, now time.Time) (v verdict, tried signIn, authorization string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tried, ok := s.waiting.get(handle)
	if !ok || !now.Before(tried.expires) {
		return codeUnknown, tried, ""
	}
	if subtle.ConstantTimeCompare([]byte(code), []byte(tried.code)) == 1 {
		s.waiting.remove(handle)
		return codeRight, tried, s.accept(tried, now)
	}
	tried.attempts++
	if tried.attempts == maxAttempts {
		s.waiting.remove(handle)
		return codeRefused, tried, ""
	}
	s.waiting.put(handle, tried)
	return codeWrong, tried, ""
}

func (s *signIns) accept(done signIn, now time.Time) string {
	done.expires = now.Add(codeLifetime)
	authorization := rand.Text()
	s.accepted.put(authorization, done)
	return authorization
}

// take returns the sign-in of an authorization code, which is used up by it.
func (s *signIns) take(authorization string, now time.Time) (signIn, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	done, ok := s.accepted.get(authorization)
	s.accepted.remove(authorization)
	return done, ok && now.Before(done.expires)
}

// provedBy reports whether the verifier belongs to the challenge. Its alphabet
// is free: one of Cotter's own clients sends padded base64.
func (s signIn) provedBy(verifier string) bool {
	digest := sha256.Sum256([]byte(verifier))
	challenge := base64.RawURLEncoding.EncodeToString(digest[:])
	return subtle.ConstantTimeCompare([]byte(challenge), []byte(s.challenge)) == 1
}

// comesFrom reports whether redirectURL has the origin the code was sent to.
func (s signIn) comesFrom(redirectURL string) bool {
	u, err := parseWebURL(redirectURL)
	return err == nil && originOf(u) == originOf(s.redirect)
}

// done is where somebody goes who has signed in.
func (s signIn) done(authorization string) string {
	return s.returning(url.Values{
		"code":         {authorization},
		"challenge_id": {strconv.FormatInt(s.challengeID, 10)},
	})
}

func (s signIn) channel() string {
	if s.kind == kindPhone {
		return "SMS"
	}
	return "EMAIL"
}

// oneTimeCode returns six digits.
func oneTimeCode() string {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		panic("emulator: " + err.Error()) // crypto/rand does not fail
	}
	return fmt.Sprintf("%06d", n)
}
