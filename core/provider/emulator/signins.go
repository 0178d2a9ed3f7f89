package emulator

import (
	"cmp"
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
	clientJSON  string // what the form's additional fields contain, for a link that opens the application
	linkOpens   bool   // the magic link opens the application, instead of approving the sign-in where it began
	challengeID int64
	code        string // the one-time code
	attempts    int
	approved    bool // by its magic link
	over        bool // it is completed, or maxAttempts codes were wrong
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
func (s *signIns) begin(begun signIn, now time.Time) (handle string, _ signIn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastChallengeID++
	begun.challengeID = s.lastChallengeID
	begun.code = newOneTimeCode()
	begun.expires = now.Add(codeLifetime)
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

// attempt compares an entered code. After attemptAccepted, the sign-in is over and
// the caller completes it.
func (s *signIns) attempt(handle, code string, now time.Time) (attemptResult, signIn) {
	return s.enter(handle, code, now, func(accepted *signIn) { accepted.over = true })
}

// approve is attempt with the code in a magic link: the sign-in remains pending
// until the page that began it takes the approval.
func (s *signIns) approve(handle, code string, now time.Time) attemptResult {
	result, _ := s.enter(handle, code, now, func(accepted *signIn) { accepted.approved = true })
	return result
}

// enter compares a code, and applies accept to the sign-in if it is right.
func (s *signIns) enter(handle, code string, now time.Time, accept func(*signIn)) (attemptResult, signIn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	attempted, ok := s.begun.get(handle)
	if !ok || !attempted.isPending(now) {
		return attemptUnknown, attempted
	}
	result := attemptAccepted
	if subtle.ConstantTimeCompare([]byte(code), []byte(attempted.code)) == 1 {
		accept(&attempted)
	} else {
		result = countWrong(&attempted)
	}
	s.begun.put(handle, attempted)
	return result, attempted
}

// countWrong counts a wrong code.
func countWrong(attempted *signIn) attemptResult {
	attempted.attempts++
	if attempted.over = attempted.attempts == maxAttempts; attempted.over {
		return attemptExhausted
	}
	return attemptWrong
}

// takeApproval returns attemptAccepted for a sign-in that its magic link has
// approved, which is then over and the caller completes it, and attemptWrong for
// one that is not approved yet.
func (s *signIns) takeApproval(handle string, now time.Time) (attemptResult, signIn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	pending, ok := s.begun.get(handle)
	switch {
	case !ok || !pending.isPending(now):
		return attemptUnknown, pending
	case !pending.approved:
		return attemptWrong, pending
	}
	pending.over = true
	s.begun.put(handle, pending)
	return attemptAccepted, pending
}

// complete returns the authorization code of a sign-in, which the application
// exchanges.
func (s *signIns) complete(completed signIn, now time.Time) (authorizationCode string) {
	s.mu.Lock()
	defer s.mu.Unlock()
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

// matchesOrigin reports whether redirectURL has the origin that received the code:
// that of the redirect or, for the form of the browser SDK, of the page around it.
func (s signIn) matchesOrigin(redirectURL string) bool {
	u, err := parseWebURL(redirectURL)
	return err == nil && (originOf(u) == originOf(s.redirect) || originOf(u) == s.embedder)
}

// belongsTo reports whether the form of the browser SDK in a page of that origin may
// complete the sign-in: it began there, or its magic link opens that page.
func (s signIn) belongsTo(embedder string) bool {
	return s.embedder == embedder || s.linkOpens && originOf(s.redirect) == embedder
}

// linkURL returns the application's URL that the magic link opens, with what the SDK
// passes to its form there.
func (s signIn) linkURL(handle, code string) string {
	return s.redirectWith(url.Values{
		"auth_method":  {methodMagicLink},
		"challenge":    {handle + "." + code},
		"challenge_id": {strconv.FormatInt(s.challengeID, 10)},
		"id_type":      {s.identifierType},
		"id":           {s.identifier},
		"client_json":  {cmp.Or(s.clientJSON, "{}")},
	})
}

// successURL returns the application's URL for a completed sign-in.
func (s signIn) successURL(authorizationCode string) string {
	return s.redirectWith(url.Values{
		"code":         {authorizationCode},
		"challenge_id": {strconv.FormatInt(s.challengeID, 10)},
		"state":        {s.state},
	})
}

// message returns the message with the one-time code and a link.
func (s signIn) message(link string, now time.Time) message {
	channel := "EMAIL"
	if s.identifierType == typePhone {
		channel = "SMS"
	}
	return message{To: s.identifier, Channel: channel, Code: s.code, Link: link, SentAt: now.UTC().Format(milliseconds)}
}

// newOneTimeCode returns six digits.
func newOneTimeCode() string {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		panic("emulator: " + err.Error()) // crypto/rand does not fail
	}
	return fmt.Sprintf("%06d", n)
}
