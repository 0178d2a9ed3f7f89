package emulator

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/web"
)

type user struct {
	id         string
	identifier string
	created    time.Time
	updated    time.Time
}

// maxUsers bounds the stored users. An evicted user loses the dates only, since
// the id is derived.
const maxUsers = 10_000

type users struct {
	mu           sync.Mutex
	namespace    uuid.UUID
	byIdentifier *boundedMap[string, user]
}

// newUsers returns an empty store, which derives a user's id from the API key and
// the identifier (UUID version 5; RFC 9562, section 5.5).
func newUsers(apiKeyID string) *users {
	return &users{
		namespace:    uuid.NewSHA1(uuid.NameSpaceURL, []byte("urn:cotterpin:emulator:"+apiKeyID)),
		byIdentifier: newBoundedMap[string, user](maxUsers),
	}
}

// signedIn returns the user, updated or created.
func (u *users) signedIn(identifier string, now time.Time) user {
	u.mu.Lock()
	defer u.mu.Unlock()
	current, ok := u.byIdentifier.get(identifier)
	if !ok {
		current = u.newUser(identifier, now)
	}
	current.updated = now
	u.byIdentifier.put(identifier, current)
	return current
}

// create returns a new user; ok is false if the user exists.
func (u *users) create(identifier string, now time.Time) (created user, ok bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, exists := u.byIdentifier.get(identifier); exists {
		return user{}, false
	}
	created = u.newUser(identifier, now)
	u.byIdentifier.put(identifier, created)
	return created, true
}

// find returns a user; an unknown one has the zero UUID, as at Cotter.
func (u *users) find(identifier string) user {
	u.mu.Lock()
	defer u.mu.Unlock()
	if found, ok := u.byIdentifier.get(identifier); ok {
		return found
	}
	return user{id: uuid.Nil.String()}
}

func (u *users) newUser(identifier string, now time.Time) user {
	return user{
		id:         uuid.NewSHA1(u.namespace, []byte(identifier)).String(),
		identifier: identifier,
		created:    now,
		updated:    now,
	}
}

// maxIdentifier is the maximum length in bytes: that of an email address (RFC
// 5321, section 4.5.3.1.3, without the angle brackets).
const maxIdentifier = 254

const identifierRule = "an identifier is 1 to 254 bytes of printable UTF-8 without leading or trailing spaces"

// validIdentifier accepts an email address, a phone number and any other name.
func validIdentifier(text string) bool {
	return text != "" && len(text) <= maxIdentifier && utf8.ValidString(text) &&
		strings.TrimSpace(text) == text && !strings.ContainsFunc(text, func(c rune) bool { return !unicode.IsPrint(c) })
}

// userObject is a user in Cotter's user API and login payload.
type userObject struct {
	ID            string   `json:"ID"`
	ClientUserID  string   `json:"client_user_id"`
	CreatedAt     string   `json:"created_at"`
	UpdatedAt     string   `json:"updated_at"`
	DeletedAt     string   `json:"deleted_at"`
	Issuer        string   `json:"issuer"`
	Identifier    string   `json:"identifier"`
	Identifiers   []string `json:"identifiers"` // deprecated at Cotter: always null
	Enrolled      []string `json:"enrolled"`
	DefaultMethod *string  `json:"default_method"`
}

const microseconds = "2006-01-02T15:04:05.000000Z07:00"

func (e *Emulator) userObject(u user) userObject {
	return userObject{
		ID:           u.id,
		ClientUserID: u.id,
		CreatedAt:    u.created.UTC().Format(microseconds),
		UpdatedAt:    u.updated.UTC().Format(microseconds),
		DeletedAt:    time.Time{}.Format(time.RFC3339),
		Issuer:       e.options.APIKeyID,
		Identifier:   u.identifier,
		Enrolled:     []string{},
	}
}

func (e *Emulator) getUser(_ context.Context, r web.Request) (web.Response, error) {
	query, err := url.ParseQuery(r.Query)
	if err != nil {
		return web.Response{}, badRequest("the query is malformed")
	}
	return web.JSON(http.StatusOK, e.userObject(e.users.find(query.Get("identifier")))), nil
}

// createUser creates a user. It returns no tokens, whatever the query requests,
// because the caller has not signed in as that user.
func (e *Emulator) createUser(_ context.Context, r web.Request) (web.Response, error) {
	body, err := readObject(r)
	if err != nil {
		return web.Response{}, err
	}
	identifier := stringIn(body, "identifier")
	if !validIdentifier(identifier) {
		return web.Response{}, badRequest(identifierRule)
	}
	created, ok := e.users.create(identifier, e.clock.now())
	if !ok {
		return web.Response{}, badRequest("User already exists")
	}
	return web.JSON(http.StatusOK, e.userObject(created)), nil
}

// listUsers rejects every request: the emulator has no API_SECRET_KEY.
func (e *Emulator) listUsers(context.Context, web.Request) (web.Response, error) {
	return web.Response{}, newAPIError(http.StatusUnauthorized, "API_SECRET_KEY is unknown to this emulator")
}
