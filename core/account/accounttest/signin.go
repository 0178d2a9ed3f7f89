package accounttest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
)

// testSignIn checks how a login without a session is recorded.
func testSignIn(t *testing.T, open func(t *testing.T) database.Database) {
	t.Parallel()

	t.Run("OverwritesContacts", func(t *testing.T) {
		t.Parallel()
		db := open(t)
		user, bystander := register(t, db.Accounts(), "ada"), register(t, db.Accounts(), "bystander")
		want := user
		want.Provider, want.Identifier = "other", "+12025550199"
		want.Email, want.EmailVerified = "", false
		want.Phone, want.PhoneVerified = "+12025550199", false
		want.LastLoginAt = start.Add(time.Hour)

		login := want
		login.CreatedAt, login.Disabled = start.Add(time.Hour), true // neither is written
		for range 2 {
			if err := db.SignIn(t.Context(), database.SignIn{User: login}); err != nil {
				t.Fatalf("SignIn: %v", err)
			}
			wantFound(t, db.Accounts(), want)
		}
		wantFound(t, db.Accounts(), bystander)
	})

	t.Run("MaliciousStrings", func(t *testing.T) {
		t.Parallel()
		for name, value := range malicious {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				db := open(t)
				user, bystander := register(t, db.Accounts(), "ada"), register(t, db.Accounts(), "bystander")
				user.Provider, user.Identifier, user.Email, user.Phone = value, value, value, value
				if err := db.SignIn(t.Context(), database.SignIn{User: user}); err != nil {
					t.Fatalf("SignIn: %v", err)
				}
				wantFound(t, db.Accounts(), user)
				wantFound(t, db.Accounts(), bystander)
			})
		}
	})

	t.Run("Overtaken", func(t *testing.T) {
		t.Parallel()
		for name, change := range changes {
			if name == "Enable" {
				continue // changes nothing that a login has read
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				db := open(t)
				user := register(t, db.Accounts(), "ada")
				if err := db.SignIn(t.Context(), database.SignIn{User: user}); err != nil {
					t.Fatalf("SignIn before the change: %v", err)
				}
				if err := change(t.Context(), db.Accounts(), user); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				left, leftErr := db.Accounts().Get(t.Context(), user.ID)
				login := user
				login.Email = "changed@example.com"
				if err := db.SignIn(t.Context(), database.SignIn{User: login}); !errors.Is(err, account.ErrOvertaken) {
					t.Errorf("SignIn: got %v, want ErrOvertaken", err)
				}
				got, err := db.Accounts().Get(t.Context(), user.ID)
				if got != left || !errors.Is(err, leftErr) {
					t.Errorf("the user is %+v (error %v), want %+v (error %v)", got, err, left, leftErr)
				}
			})
		}
	})

	t.Run("UnknownIdentity", func(t *testing.T) {
		t.Parallel()
		db := open(t)
		ada, eve := register(t, db.Accounts(), "ada"), register(t, db.Accounts(), "eve")
		unknown, foreign := ada, ada
		unknown.IdentityID = uuid.Must(uuid.NewV7())
		foreign.IdentityID = eve.IdentityID
		for name, login := range map[string]identity.User{"Unknown": unknown, "OfAnotherUser": foreign} {
			login.Email = "changed@example.com"
			if err := db.SignIn(t.Context(), database.SignIn{User: login}); !errors.Is(err, account.ErrOvertaken) {
				t.Errorf("%s: got %v, want ErrOvertaken", name, err)
			}
		}
		wantFound(t, db.Accounts(), ada)
		wantFound(t, db.Accounts(), eve)
	})

	t.Run("Canceled", func(t *testing.T) {
		t.Parallel()
		db := open(t)
		user := register(t, db.Accounts(), "ada")
		login := user
		login.Email = "changed@example.com"
		if err := db.SignIn(canceled(t), database.SignIn{User: login}); err == nil || errors.Is(err, account.ErrOvertaken) {
			t.Errorf("SignIn: got %v, want a store failure", err)
		}
		wantFound(t, db.Accounts(), user)
	})
}
