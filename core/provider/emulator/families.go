package emulator

import (
	"crypto/rand"
	"crypto/subtle"
	"strconv"
	"strings"
	"sync"
	"time"
)

// family is one sign-in's chain of refresh tokens, of which the latest lives.
type family struct {
	identifier string
	secret     string
	expires    time.Time
}

const maxFamilies = 10_000

// families are the living refresh tokens: "NUMBER:SECRET", where the number
// stays and the secret changes at each use.
type families struct {
	mu       sync.Mutex
	last     int
	byNumber *bounded[int, family]
}

func newFamilies() *families {
	return &families{last: 27_804, byNumber: newBounded[int, family](maxFamilies)}
}

// start returns the first refresh token of a sign-in.
func (f *families) start(identifier string, now time.Time) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last++
	return f.renew(f.last, identifier, now)
}

// rotate exchanges a living refresh token for the next one. A wrong secret ends
// nothing: a guess must not sign anybody out.
func (f *families) rotate(token string, now time.Time) (identifier, next string, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	number, current, ok := f.living(token, now)
	if !ok {
		return "", "", false
	}
	return current.identifier, f.renew(number, current.identifier, now), true
}

// end makes the refresh token and its successors useless.
func (f *families) end(token string, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if number, _, ok := f.living(token, now); ok {
		f.byNumber.remove(number)
	}
}

func (f *families) living(token string, now time.Time) (int, family, bool) {
	digits, secret, _ := strings.Cut(token, ":")
	number, err := strconv.Atoi(digits)
	if err != nil {
		return 0, family{}, false
	}
	current, ok := f.byNumber.get(number)
	same := subtle.ConstantTimeCompare([]byte(current.secret), []byte(secret)) == 1
	return number, current, ok && same && now.Before(current.expires)
}

func (f *families) renew(number int, identifier string, now time.Time) string {
	secret := (rand.Text() + rand.Text())[:50]
	f.byNumber.put(number, family{identifier: identifier, secret: secret, expires: now.Add(refreshLifetime)})
	return strconv.Itoa(number) + ":" + secret
}
