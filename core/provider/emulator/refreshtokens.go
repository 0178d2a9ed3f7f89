package emulator

import (
	"crypto/rand"
	"crypto/subtle"
	"strconv"
	"strings"
	"sync"
	"time"
)

const maxFamilies = 10_000

// refreshTokens holds the active refresh tokens. A token is "NUMBER:SECRET"; the
// number names the family of a sign-in and stays, the secret changes with each
// use.
type refreshTokens struct {
	mu         sync.Mutex
	lastNumber int
	families   *boundedMap[int, family]
}

// family is the active refresh token of a sign-in.
type family struct {
	identifier string
	secret     string
	expires    time.Time
}

func newRefreshTokens() *refreshTokens {
	return &refreshTokens{lastNumber: 27_804, families: newBoundedMap[int, family](maxFamilies)}
}

// issue returns the first refresh token of a sign-in.
func (t *refreshTokens) issue(identifier string, now time.Time) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lastNumber++
	return t.replace(t.lastNumber, identifier, now)
}

// rotate exchanges an active refresh token for the next one. A wrong secret
// revokes nothing, so that guessing a number signs no user out.
func (t *refreshTokens) rotate(token string, now time.Time) (identifier, next string, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	number, current, ok := t.lookup(token, now)
	if !ok {
		return "", "", false
	}
	return current.identifier, t.replace(number, current.identifier, now), true
}

// revoke revokes the refresh token and with it its family.
func (t *refreshTokens) revoke(token string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if number, _, ok := t.lookup(token, now); ok {
		t.families.remove(number)
	}
}

func (t *refreshTokens) lookup(token string, now time.Time) (int, family, bool) {
	digits, secret, _ := strings.Cut(token, ":")
	number, err := strconv.Atoi(digits)
	if err != nil {
		return 0, family{}, false
	}
	current, ok := t.families.get(number)
	same := subtle.ConstantTimeCompare([]byte(current.secret), []byte(secret)) == 1
	return number, current, ok && same && now.Before(current.expires)
}

func (t *refreshTokens) replace(number int, identifier string, now time.Time) string {
	secret := (rand.Text() + rand.Text())[:50]
	t.families.put(number, family{identifier: identifier, secret: secret, expires: now.Add(refreshLifetime)})
	return strconv.Itoa(number) + ":" + secret
}
