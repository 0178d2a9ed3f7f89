package accounttest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

// testLink checks that the store is sufficient for users that add and remove
// identities concurrently.
func testLink(t *testing.T, open func(t *testing.T) database.Database) {
	t.Parallel()

	t.Run("Sessions", func(t *testing.T) {
		t.Parallel()
		db := open(t)
		registrar := newRegistrar(db.Accounts())
		user, linked := registerTwo(t, registrar, "ada")
		first, second := newSession(user), newSession(user.With(linked))
		for _, s := range []database.SignIn{{User: user, Session: &first}, {User: user.With(linked), Session: &second}} {
			s.MaxSessions = 10
			if err := db.SignIn(t.Context(), s); err != nil {
				t.Fatalf("SignIn: %v", err)
			}
		}
		if removed, err := registrar.Unlink(t.Context(), user.ID, linked.ID, nil); err != nil || removed.Key != linked.Key {
			t.Fatalf("Unlink: %+v, %v", removed, err)
		}
		active, err := db.Sessions().List(t.Context(), user.ID, start)
		if err != nil || len(active) != 1 || active[0].ID != first.ID {
			t.Errorf("active are %+v (error %v), want the session of the identity that is left", active, err)
		}
		if _, err := db.Accounts().Find(t.Context(), linked.Key); !errors.Is(err, account.ErrNotFound) {
			t.Errorf("Find of the removed identity: got %v, want ErrNotFound", err)
		}
	})

	t.Run("OneIdentity", func(t *testing.T) {
		t.Parallel()
		registrar := newRegistrar(open(t).Accounts())
		for round := range rounds {
			users := []identity.UserID{
				registered(t, registrar, fmt.Sprint("ada ", round)).ID, registered(t, registrar, fmt.Sprint("bob ", round)).ID,
			}
			var added, conflicts atomic.Int32
			race(func(racer int) {
				_, first, err := registrar.Link(t.Context(), users[racer%2], newIdentity(fmt.Sprint("shared ", round)), nil)
				switch {
				case errors.Is(err, autherr.IdentityInUse):
					conflicts.Add(1)
				case err != nil:
					t.Errorf("Link: %v", err)
				case first:
					added.Add(1)
				}
			})
			if added.Load() != 1 || conflicts.Load() != racers/2 {
				t.Fatalf("%d added the identity, %d are rejected; want 1 and %d", added.Load(), conflicts.Load(), racers/2)
			}
		}
	})

	t.Run("LastIdentity", func(t *testing.T) {
		t.Parallel()
		registrar := newRegistrar(open(t).Accounts())
		for round := range rounds {
			user, linked := registerTwo(t, registrar, fmt.Sprint("ada ", round))
			ids := []uuid.UUID{user.IdentityID, linked.ID}
			var removed atomic.Int32
			race(func(racer int) {
				switch _, err := registrar.Unlink(t.Context(), user.ID, ids[racer%2], nil); {
				case err == nil:
					removed.Add(1)
				case !errors.Is(err, autherr.LastIdentity) && !errors.Is(err, autherr.NotFound):
					t.Errorf("Unlink: got %v, want LastIdentity or NotFound", err)
				}
			})
			left, err := registrar.Store.Identities(t.Context(), user.ID)
			if err != nil || len(left) != 1 || removed.Load() != 1 {
				t.Fatalf("%d removals, left %+v (error %v), want one of each", removed.Load(), left, err)
			}
		}
	})

	for name, end := range map[string]func(context.Context, account.Store, identity.UserID) error{
		"Disabled": func(ctx context.Context, s account.Store, user identity.UserID) error {
			return s.Disable(ctx, user, start.Add(time.Hour))
		},
		"Deleted": func(ctx context.Context, s account.Store, user identity.UserID) error { return s.Delete(ctx, user) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			registrar := newRegistrar(open(t).Accounts())
			for round := range rounds {
				user := registered(t, registrar, fmt.Sprint("ada ", round))
				ended := make(chan struct{})
				race(func(racer int) {
					if racer == racers/2 {
						if err := end(t.Context(), registrar.Store, user.ID); err != nil {
							t.Errorf("ending the user: %v", err)
						}
						close(ended)
						return
					}
					late := isClosed(ended)
					_, _, err := registrar.Link(t.Context(), user.ID, newIdentity(fmt.Sprint("added ", round, " ", racer)), nil)
					switch {
					case err == nil && late:
						t.Error("an identity was added to a user that had been disabled or deleted")
					case err != nil && !errors.Is(err, autherr.AccountDisabled) && !errors.Is(err, account.ErrNotFound):
						t.Errorf("Link: %v", err)
					}
				})
			}
		})
	}
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func registered(t *testing.T, registrar account.Registrar, subject string) identity.User {
	t.Helper()
	result, err := registrar.RegisterOrLogin(t.Context(), newIdentity(subject))
	if err != nil {
		t.Fatalf("RegisterOrLogin: %v", err)
	}
	return result.User
}

// registerTwo returns a user and its second identity.
func registerTwo(t *testing.T, registrar account.Registrar, subject string) (identity.User, identity.Stored) {
	t.Helper()
	user := registered(t, registrar, subject)
	linked, added, err := registrar.Link(t.Context(), user.ID, newIdentity("second "+subject), nil)
	if err != nil || !added {
		t.Fatalf("Link: added %t, error %v", added, err)
	}
	return user, linked
}

func newSession(user identity.User) session.Session {
	return session.Session{
		Lookup:          session.Lookup([]byte(rand.Text()[:16])),
		ID:              rand.Text(),
		UserID:          user.ID,
		IdentityID:      user.IdentityID,
		Provider:        user.Provider,
		Issuer:          user.Issuer,
		Subject:         user.Subject,
		Transport:       config.TransportCookie,
		CreatedAt:       start,
		AuthenticatedAt: start,
		LastSeenAt:      start,
		ExpiresAt:       start.Add(time.Hour),
	}
}
