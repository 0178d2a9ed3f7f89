package accounttest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

// people is a database with a user of two identities, each with a session, a user of
// one identity, and a user without.
type people struct {
	database.Database
	accounts account.Store

	ada   identity.User // with her first identity, which signed in last
	other identity.Stored
	eve   identity.User
	bare  identity.User
}

func newPeople(t *testing.T, db database.Database) *people {
	t.Helper()
	p := &people{Database: db, accounts: db.Accounts(), ada: newUser(key("ada")), eve: newUser(key("eve"))}
	p.ada.ExternalID = "ada-1"
	p.other = newStored("ada elsewhere")
	p.other.Email, p.other.Phone, p.other.Provider = "ada@elsewhere.example", "+12025550101", "elsewhere"
	p.other.CreatedAt = start.Add(time.Minute)
	p.eve.Email, p.eve.Phone = "Eve@example.com", "+12025550102"
	p.bare = identity.User{ID: uuid.Must(uuid.NewV7()), ExternalID: "bare-1", CreatedAt: start}
	p.transact(t, func(ctx context.Context, tx account.Tx) error {
		for _, user := range []identity.User{p.ada, p.eve, p.bare} {
			if err := tx.CreateUser(ctx, user); err != nil {
				return err
			}
		}
		if err := tx.AddIdentity(ctx, p.ada.ID, p.ada.Stored()); err != nil {
			return err
		}
		if err := tx.AddIdentity(ctx, p.ada.ID, p.other); err != nil {
			return err
		}
		return tx.AddIdentity(ctx, p.eve.ID, p.eve.Stored())
	})
	p.other.LastLoginAt = start
	for i, login := range []identity.User{p.ada, p.ada.With(p.other)} {
		s := newSession(login)
		s.CreatedAt = s.CreatedAt.Add(-time.Duration(i) * time.Second)
		if err := db.SignIn(t.Context(), database.SignIn{User: login, Session: &s, MaxSessions: racers}); err != nil {
			t.Fatalf("SignIn: %v", err)
		}
	}
	return p
}

// newStored returns an identity that has not signed in.
func newStored(subject string) identity.Stored {
	i := newUser(key(subject)).Stored()
	i.LastLoginAt = time.Time{}
	return i
}

// transact runs a transaction without locks, which must succeed.
func (p *people) transact(t *testing.T, do func(context.Context, account.Tx) error) {
	t.Helper()
	if err := p.accounts.Transact(t.Context(), nil, do); err != nil {
		t.Fatalf("Transact: %v", err)
	}
}

// state returns what the database has of the people, and of a user who may have been
// created: a line for each reading.
func (p *people) state(t *testing.T) []string {
	t.Helper()
	var lines []string
	add := func(value any, err error) { lines = append(lines, fmt.Sprintf("%+v (error %v)", value, err)) }
	for _, id := range []identity.UserID{p.ada.ID, p.eve.ID, p.bare.ID, created.ID} {
		user, err := p.accounts.Get(t.Context(), id)
		add(user, err)
		identities, err := p.accounts.Identities(t.Context(), id)
		add(identities, err)
		active, err := p.Sessions().List(t.Context(), id, start)
		add(sessionIDs(active), err)
	}
	for _, subject := range []string{"ada", "ada elsewhere", "eve", "new"} {
		user, err := p.accounts.Find(t.Context(), key(subject))
		add(user.ID, err)
	}
	return lines
}

func sessionIDs(list []session.Session) (ids []string) {
	for _, s := range list {
		ids = append(ids, s.ID)
	}
	return ids
}

// wantState expects the database to be as it was.
func (p *people) wantState(t *testing.T, what string, before []string) {
	t.Helper()
	for i, line := range p.state(t) {
		if line != before[i] {
			t.Errorf("%s:\n got %s\nwant %s", what, line, before[i])
		}
	}
}
