package accounttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
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

// testFirstLogin checks that the store is sufficient for adding identities to users at
// their first login.
func testFirstLogin(t *testing.T, open func(t *testing.T) database.Database) {
	t.Parallel()
	t.Run("Sessions", func(t *testing.T) { testLinkedSessions(t, open) })
	t.Run("NotBefore", func(t *testing.T) { testLinkedNotBefore(t, open) })
	t.Run("Join", func(t *testing.T) { testJoin(t, open) })
	t.Run("ExternalID", func(t *testing.T) { testHookExternalID(t, open) })
	t.Run("FirstLogins", func(t *testing.T) { testRaceFirstLogins(t, open) })
	t.Run("AgainstChange", func(t *testing.T) { testRaceLinkAgainst(t, open) })
}

// linking returns a registrar that links on email addresses of two providers.
func linking(store account.Store, now time.Time) account.Registrar {
	return account.Registrar{
		Store: store, Create: true, LinkOn: []string{"email"},
		Blocks: func(provider, _ string) (account.Block, bool) {
			return account.Block{Name: provider, State: config.StateActive, TrustsEmail: true}, true
		},
		Now: func() time.Time { return now },
	}
}

// signedAt returns an identity of a provider with its own issuer, as signed at that
// time.
func signedAt(provider, email string, issued time.Time) identity.Identity {
	id := newIdentity(email)
	id.Issuer, id.Provider = "https://"+provider+".example", provider
	id.Identifier, id.Email.Value = email, email
	id.IssuedAt = issued
	return id
}

// login signs an identity in, and repeats an overtaken login.
func login(ctx context.Context, r account.Registrar, id identity.Identity) (account.Result, error) {
	for {
		result, err := r.RegisterOrLogin(ctx, id)
		if !errors.Is(err, account.ErrOvertaken) {
			return result, err
		}
	}
}

func mustLogin(t *testing.T, r account.Registrar, id identity.Identity) account.Result {
	t.Helper()
	result, err := login(t.Context(), r, id)
	if err != nil {
		t.Fatalf("login at %s: %v", id.Provider, err)
	}
	return result
}

// beginSession begins a session of the user that expires in an hour.
func beginSession(t *testing.T, db database.Database, user identity.User, lookup byte, at time.Time) {
	t.Helper()
	s := session.Session{
		Lookup: session.Lookup{lookup}, SecretHash: [32]byte{lookup}, ID: fmt.Sprint("session ", lookup),
		UserID: user.ID, IdentityID: user.IdentityID, Provider: user.Provider, Issuer: user.Issuer, Subject: user.Subject,
		Transport: config.TransportBearer, CreatedAt: at, AuthenticatedAt: at, LastSeenAt: at, ExpiresAt: at.Add(time.Hour),
	}
	if err := db.SignIn(t.Context(), database.SignIn{User: user, Session: &s, MaxSessions: 10}); err != nil {
		t.Fatalf("SignIn: %v", err)
	}
}

func isActive(t *testing.T, db database.Database, lookup byte, at time.Time) bool {
	t.Helper()
	s, err := db.Sessions().Find(t.Context(), session.Lookup{lookup})
	if err != nil {
		t.Fatalf("session %d: %v", lookup, err)
	}
	return s.ActiveAt(at)
}

func testLinkedSessions(t *testing.T, open func(t *testing.T) database.Database) {
	t.Parallel()
	db := open(t)
	later := start.Add(time.Second)
	first := mustLogin(t, linking(db.Accounts(), start), signedAt("old", "ada@example.com", start))
	bystander := mustLogin(t, linking(db.Accounts(), start), signedAt("old", "bob@example.com", start))
	beginSession(t, db, first.User, 1, start)
	beginSession(t, db, bystander.User, 2, start)
	if !isActive(t, db, 1, later) {
		t.Fatal("the session is not active")
	}

	second := mustLogin(t, linking(db.Accounts(), later), signedAt("new", "Ada@example.com", start))
	if !first.Created || first.Linked || second.Created || !second.Linked || second.User.ID != first.User.ID {
		t.Fatalf("got %+v, then %+v, want one user, created and linked", first, second)
	}
	wantFound(t, db.Accounts(), second.User)
	if user := second.User; user.Email != "Ada@example.com" || !user.EmailVerified || user.Provider != "new" ||
		!user.CreatedAt.Equal(first.User.CreatedAt) || user.IdentityID == first.User.IdentityID {
		t.Errorf("the user signs in as %+v", user)
	}
	if isActive(t, db, 1, later) || !isActive(t, db, 2, later) {
		t.Error("the older session is active, or that of another user is not")
	}
	beginSession(t, db, second.User, 3, later)
	if !isActive(t, db, 3, later) {
		t.Error("the session of the linking login is not active")
	}
	third := mustLogin(t, linking(db.Accounts(), later), signedAt("new", "Ada@example.com", start))
	if third.Created || third.Linked || third.User.ID != first.User.ID || !isActive(t, db, 3, later) {
		t.Errorf("the next login: %+v", third)
	}
	identities, err := db.Accounts().Identities(t.Context(), first.User.ID)
	if err != nil || len(identities) != 2 || identities[0].Provider != "old" || identities[1].ID != second.User.IdentityID {
		t.Errorf("the identities are %+v, %v", identities, err)
	}
}

// not-before moves to the earlier of now and the token's issue, never back.
func testLinkedNotBefore(t *testing.T, open func(t *testing.T) database.Database) {
	t.Parallel()
	second := start.Truncate(time.Second)
	for name, c := range map[string]struct {
		before, issued, want time.Time
		code                 autherr.Code
	}{
		"IssuedEarlier":         {time.Time{}, second.Add(-time.Minute), second.Add(-time.Minute), ""},
		"IssuedLater":           {time.Time{}, second.Add(time.Minute), start, ""},
		"NeverBack":             {second.Add(time.Millisecond), second, second.Add(time.Millisecond), ""},
		"IssuedBeforeTheChange": {second, second.Add(-time.Second), second, autherr.InvalidToken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t)
			user := mustLogin(t, linking(db.Accounts(), start), signedAt("old", "ada@example.com", start)).User
			if !c.before.IsZero() {
				if err := db.Accounts().SetNotBefore(t.Context(), user.ID, c.before); err != nil {
					t.Fatal(err)
				}
			}
			result, err := login(t.Context(), linking(db.Accounts(), start), signedAt("new", "ada@example.com", c.issued))
			if autherr.CodeOf(err) != c.code || result.Linked != (c.code == "") {
				t.Errorf("got %+v and %v, want code %q", result, err, c.code)
			}
			stored, err := db.Accounts().Get(t.Context(), user.ID)
			if err != nil || !stored.NotBefore.Equal(c.want) {
				t.Errorf("not-before is %v (error %v), want %v", stored.NotBefore, err, c.want)
			}
		})
	}
}

func testJoin(t *testing.T, open func(t *testing.T) database.Database) {
	t.Parallel()
	unknown := uuid.Must(uuid.NewV7())
	for name, c := range map[string]struct {
		prepare func(context.Context, account.Store, identity.UserID) error
		join    func(existing, created identity.UserID) identity.UserID
		issued  time.Time
		code    autherr.Code
		reason  string
	}{
		"Existing": {join: existing, issued: start},
		"Itself":   {join: func(_, created identity.UserID) identity.UserID { return created }, issued: start},
		"Unknown":  {join: func(_, _ identity.UserID) identity.UserID { return unknown }, issued: start, code: autherr.Internal, reason: "joined_user_unknown"},
		"None":     {join: func(_, _ identity.UserID) identity.UserID { return uuid.Nil }, issued: start, code: autherr.Internal, reason: "joined_user_unknown"},
		"Disabled": {func(ctx context.Context, s account.Store, id identity.UserID) error {
			return s.Disable(ctx, id, start.Add(-time.Hour))
		}, existing, start, autherr.AccountDisabled, "account_disabled"},
		"Revoked": {func(ctx context.Context, s account.Store, id identity.UserID) error {
			return s.SetNotBefore(ctx, id, start)
		}, existing, start.Add(-time.Minute), autherr.InvalidToken, "issued_before_revocation"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t)
			user := mustLogin(t, newRegistrar(db.Accounts()), signedAt("old", "ada@example.com", start)).User
			beginSession(t, db, user, 1, start)
			if c.prepare != nil {
				if err := c.prepare(t.Context(), db.Accounts(), user.ID); err != nil {
					t.Fatal(err)
				}
			}
			var created identity.UserID
			registrar := newRegistrar(db.Accounts())
			registrar.OnRegister = func(_ context.Context, r account.Registration) error {
				created = r.UserID
				r.Join(c.join(user.ID, created))
				return nil
			}
			result, err := login(t.Context(), registrar, signedAt("new", "eve@example.com", c.issued))
			if autherr.CodeOf(err) != c.code || err != nil && autherr.ReasonOf(err) != c.reason {
				t.Fatalf("got %v, want %q and %q", err, c.code, c.reason)
			}
			_, createdErr := db.Accounts().Get(t.Context(), created)
			switch joins := name == "Existing"; {
			case name == "Itself":
				if !result.Created || result.Linked || result.User.ID != created {
					t.Errorf("got %+v", result)
				}
			case !errors.Is(createdErr, account.ErrNotFound):
				t.Errorf("the created user: %v, want ErrNotFound", createdErr)
			case joins && (result.Created || !result.Linked || result.User.ID != user.ID):
				t.Errorf("got %+v", result)
			case joins:
				wantFound(t, db.Accounts(), result.User)
				if isActive(t, db, 1, start) {
					t.Error("the older session is active")
				}
			default:
				if _, err := db.Accounts().Find(t.Context(), signedAt("new", "eve@example.com", start).Key); !errors.Is(err, account.ErrNotFound) {
					t.Errorf("the rejected identity: %v, want ErrNotFound", err)
				}
			}
		})
	}
}

func existing(user, _ identity.UserID) identity.UserID { return user }

func testHookExternalID(t *testing.T, open func(t *testing.T) database.Database) {
	t.Parallel()
	db := open(t)
	var decide func(account.Registration)
	registrar := newRegistrar(db.Accounts())
	registrar.OnRegister = func(_ context.Context, r account.Registration) error {
		decide(r)
		return nil
	}
	try := func(email, code, reason string, hook func(account.Registration)) identity.User {
		t.Helper()
		decide = hook
		result, err := login(t.Context(), registrar, signedAt("old", email, start))
		if autherr.CodeOf(err) != autherr.Code(code) || err != nil && autherr.ReasonOf(err) != reason {
			t.Fatalf("%s: got %v, want %q and %q", email, err, code, reason)
		}
		if err == nil {
			wantFound(t, db.Accounts(), result.User)
		}
		return result.User
	}
	ada := try("ada@example.com", "", "", func(r account.Registration) { r.SetExternalID("7") })
	if ada.ExternalID != "7" {
		t.Errorf("the external id is %q", ada.ExternalID)
	}
	try("bob@example.com", "internal", "external_id_taken", func(r account.Registration) { r.SetExternalID("7") })
	try("bob@example.com", "internal", "external_id_malformed", func(r account.Registration) { r.SetExternalID("a\x00") })
	if bob := try("bob@example.com", "", "", func(r account.Registration) { r.SetExternalID("7"); r.SetExternalID("") }); bob.ExternalID != "" {
		t.Errorf("the external id is %q, want none", bob.ExternalID)
	}
	joined := try("carl@example.com", "", "", func(r account.Registration) { r.Join(ada.ID); r.SetExternalID("8") })
	if joined.ID != ada.ID || joined.ExternalID != "8" {
		t.Errorf("joined %+v", joined)
	}
}

// Of two providers' first logins of one person at once, one creates the user and one
// adds the other identity.
func testRaceFirstLogins(t *testing.T, open func(t *testing.T) database.Database) {
	t.Parallel()
	registrar := linking(open(t).Accounts(), start)
	providers := []string{"one", "two", "three"}
	for round := range rounds {
		email := fmt.Sprintf("ada%d@example.com", round)
		var created, linked atomic.Int32
		users := make([]identity.UserID, racers)
		race(func(racer int) {
			result, err := login(t.Context(), registrar, signedAt(providers[racer%len(providers)], email, start))
			if err != nil {
				t.Errorf("login: %v", err)
			}
			if result.Created {
				created.Add(1)
			}
			if result.Linked {
				linked.Add(1)
			}
			users[racer] = result.User.ID
		})
		if created.Load() != 1 || int(linked.Load()) != len(providers)-1 || len(slices.Compact(slices.Clone(users))) != 1 {
			t.Fatalf("created %d, linked %d, users %v", created.Load(), linked.Load(), users)
		}
	}
}

// A login that links a user, and a change of that user at the same time, end as if
// one had followed the other.
func testRaceLinkAgainst(t *testing.T, open func(t *testing.T) database.Database) {
	t.Parallel()
	for _, name := range []string{"Disable", "Delete"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := open(t).Accounts()
			registrar := linking(store, start)
			for round := range rounds {
				email := fmt.Sprintf("ada%d@example.com", round)
				user := mustLogin(t, registrar, signedAt("old", email, start)).User
				var result account.Result
				var loginErr, changeErr error
				race(func(racer int) {
					switch racer {
					case 0:
						result, loginErr = login(t.Context(), registrar, signedAt("new", email, start))
					case 1:
						changeErr = changes[name](t.Context(), store, user)
					}
				})
				if changeErr != nil {
					t.Fatalf("%s: %v", name, changeErr)
				}
				found, err := store.Find(t.Context(), signedAt("new", email, start).Key)
				switch {
				case loginErr == nil && name == "Disable":
					if !result.Linked || err != nil || found.ID != user.ID || !found.Disabled {
						t.Fatalf("the login was first: %+v, stored %+v, %v", result, found, err)
					}
				case loginErr == nil && result.Linked:
					if !errors.Is(err, account.ErrNotFound) {
						t.Fatalf("deleted after the link: stored %+v, %v", found, err)
					}
				case loginErr == nil:
					if !result.Created || err != nil || found.ID == user.ID {
						t.Fatalf("the deletion was first: %+v, stored %+v, %v", result, found, err)
					}
				case name == "Disable" && errors.Is(loginErr, autherr.AccountDisabled):
					if !errors.Is(err, account.ErrNotFound) {
						t.Fatalf("rejected, and stored %+v, %v", found, err)
					}
				default:
					t.Fatalf("login: %v", loginErr)
				}
			}
		})
	}
}
