// Package accounttest is the suite that every account.Store must pass, together
// with the database.Database that it belongs to.
package accounttest

import (
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
)

// Run checks the users of a database, and how it records their logins. open is
// called once per case, by parallel cases, and returns a new empty
// database each time, which it closes in t.Cleanup.
//
// Where the database passes a transaction to hooks, the table of users must be
// called auth_users.
func Run(t *testing.T, open func(t *testing.T) database.Database) {
	t.Helper()
	accounts := func(t *testing.T) account.Store {
		t.Helper()
		return open(t).Accounts()
	}
	t.Run("Register", func(t *testing.T) { testRegister(t, accounts) })
	t.Run("Within", func(t *testing.T) { testWithin(t, accounts) })
	t.Run("Keys", func(t *testing.T) { testKeys(t, accounts) })
	t.Run("Users", func(t *testing.T) { testUsers(t, accounts) })
	t.Run("SignIn", func(t *testing.T) { testSignIn(t, open) })
	t.Run("WithinSignIn", func(t *testing.T) { testWithinSignIn(t, open) })
	t.Run("Transact", func(t *testing.T) { testTransact(t, open) })
	t.Run("Reads", func(t *testing.T) { testReads(t, open) })
	t.Run("Locks", func(t *testing.T) { testLocks(t, open) })
	t.Run("List", func(t *testing.T) { testList(t, open) })
	t.Run("Canceled", func(t *testing.T) { testCanceled(t, accounts) })
	t.Run("Race", func(t *testing.T) { testRace(t, accounts) })
	t.Run("Marks", func(t *testing.T) { testMarks(t, accounts) })
	t.Run("Registrar", func(t *testing.T) { testRegistrar(t, accounts) })
	t.Run("Link", func(t *testing.T) { testLink(t, open) })
	t.Run("FirstLogin", func(t *testing.T) { testFirstLogin(t, open) })
}

const (
	racers = 32
	rounds = 20
)

// start has odd milliseconds, and a time zone other than UTC.
var start = time.UnixMilli(1_800_000_000_123).In(time.FixedZone("", 9*60*60))

// newUser returns a user with every column set.
func newUser(key identity.Key) identity.User {
	return identity.User{
		ID:            uuid.Must(uuid.NewV7()),
		IdentityID:    uuid.Must(uuid.NewV7()),
		Key:           key,
		Provider:      "cotter",
		Identifier:    "ada@example.com",
		Email:         "ada@example.com",
		EmailVerified: true,
		Phone:         "+12025550100",
		PhoneVerified: true,
		CreatedAt:     start,
		LastLoginAt:   start.Add(time.Millisecond),
	}
}

func key(subject string) identity.Key {
	return identity.Key{Issuer: "https://issuer.example", Subject: subject}
}

// register adds a user to the store.
func register(t *testing.T, store account.Store, subject string) identity.User {
	t.Helper()
	user := newUser(key(subject))
	if err := Register(t.Context(), store, user, nil); err != nil {
		t.Fatalf("Register(%q): %v", subject, err)
	}
	return user
}

func wantUser(t *testing.T, what string, got identity.User, err error, want identity.User) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	for _, user := range []*identity.User{&got, &want} {
		for _, at := range []*time.Time{&user.CreatedAt, &user.LastLoginAt, &user.NotBefore} {
			*at = at.UTC()
		}
	}
	if got != want {
		t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

// wantFound expects Find and Get to return the user.
func wantFound(t *testing.T, store account.Store, want identity.User) {
	t.Helper()
	got, err := store.Find(t.Context(), want.Key)
	wantUser(t, "Find", got, err, want)
	got, err = store.Get(t.Context(), want.ID)
	wantUser(t, "Get", got, err, want)
}

// race runs f in many goroutines that start at the same time.
func race(f func(racer int)) {
	var group sync.WaitGroup
	gate := make(chan struct{})
	for racer := range racers {
		group.Go(func() {
			<-gate
			f(racer)
		})
	}
	close(gate)
	group.Wait()
}

// malicious contains strings that a store must not interpret.
var malicious = map[string]string{
	"Quotes":     `'"` + "`",
	"Statement":  `'; DROP TABLE auth_users; --`,
	"Tautology":  `' OR 1=1 --`,
	"Wildcards":  `%_*?[a-z]`,
	"Backslash":  `\' \\ \n \x00`,
	"Parameters": `? $1 :name @name`,
}
