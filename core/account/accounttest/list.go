package accounttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
)

func compareIDs(a, b identity.UserID) int { return bytes.Compare(a[:], b[:]) }

// testList checks the searches for users.
func testList(t *testing.T, open func(t *testing.T) database.Database) {
	t.Parallel()
	t.Run("Queries", func(t *testing.T) {
		t.Parallel()
		p := newPeople(t, open(t))
		ada, other, eve, bare := p.ada, p.ada.With(p.other), p.eve, p.bare
		for name, c := range map[string]struct {
			query account.Query
			want  []identity.User
		}{
			"All":              {account.Query{}, []identity.User{ada, eve, bare}},
			"Email":            {account.Query{Email: ada.Email}, []identity.User{ada}},
			"EmailCase":        {account.Query{Email: "ADA@Example.com"}, []identity.User{ada}},
			"EmailStoredCase":  {account.Query{Email: "eve@example.com"}, []identity.User{eve}},
			"EmailOfOther":     {account.Query{Email: other.Email}, []identity.User{other}},
			"Phone":            {account.Query{Phone: ada.Phone}, []identity.User{ada}},
			"PhoneOfOther":     {account.Query{Phone: other.Phone}, []identity.User{other}},
			"ExternalID":       {account.Query{ExternalID: "ada-1"}, []identity.User{ada}},
			"ExternalIDOfBare": {account.Query{ExternalID: "bare-1"}, []identity.User{bare}},
			"ExternalIDCase":   {account.Query{ExternalID: "ADA-1"}, nil},
			"Provider":         {account.Query{Provider: "cotter"}, []identity.User{ada, eve}},
			"ProviderOfOther":  {account.Query{Provider: "elsewhere"}, []identity.User{other}},
			"ProviderCase":     {account.Query{Provider: "COTTER"}, nil},
			"AllOfOne": {account.Query{
				Email: other.Email, Phone: other.Phone, ExternalID: other.ExternalID, Provider: other.Provider,
			}, []identity.User{other}},
			"PhoneAndProvider":  {account.Query{Phone: ada.Phone, Provider: ada.Provider}, []identity.User{ada}},
			"OfTwoIdentities":   {account.Query{Email: ada.Email, Phone: other.Phone}, nil},
			"ProviderOfAnother": {account.Query{Phone: other.Phone, Provider: ada.Provider}, nil},
			"IDOfAnother":       {account.Query{Email: eve.Email, ExternalID: ada.ExternalID}, nil},
			"BareAndProvider":   {account.Query{ExternalID: bare.ExternalID, Provider: "cotter"}, nil},
		} {
			c.query.Limit = 10
			got, err := p.accounts.List(t.Context(), c.query)
			slices.SortFunc(c.want, func(a, b identity.User) int { return compareIDs(a.ID, b.ID) })
			if err != nil || len(got) != len(c.want) {
				t.Errorf("%s: got %+v (error %v), want %d users", name, got, err, len(c.want))
				continue
			}
			for i := range got {
				wantUser(t, fmt.Sprint(name, " ", i), got[i], err, c.want[i])
			}
		}
	})
	t.Run("Lookalikes", func(t *testing.T) {
		t.Parallel()
		p := newPeople(t, open(t))
		for field, queries := range map[string][]account.Query{
			"Email": queriesOf(p.ada.Email, func(s string) account.Query { return account.Query{Email: s} }),
			"Phone": queriesOf(p.ada.Phone, func(s string) account.Query { return account.Query{Phone: s} }),
			"ID":    queriesOf(p.ada.ExternalID, func(s string) account.Query { return account.Query{ExternalID: s} }),
			"Name":  queriesOf(p.ada.Provider, func(s string) account.Query { return account.Query{Provider: s} }),
		} {
			for i, q := range queries {
				got, err := p.accounts.List(t.Context(), q)
				if isEqual := i == 0; err != nil || (len(got) > 0) != isEqual {
					t.Errorf("%s: %+v: got %+v (error %v), want a user: %t", field, q, got, err, isEqual)
				}
			}
		}
	})
	t.Run("MaliciousStrings", func(t *testing.T) {
		t.Parallel()
		p := newPeople(t, open(t))
		for name, value := range malicious {
			user := newUser(key(name))
			user.ExternalID, user.Email, user.Phone, user.Provider = value, value, value, value
			if err := Register(t.Context(), p.accounts, user, nil); err != nil {
				t.Fatalf("Register %s: %v", name, err)
			}
			for _, q := range []account.Query{{Email: value}, {Phone: value}, {ExternalID: value}, {Provider: value}} {
				q.Limit = 10
				if got, err := p.accounts.List(t.Context(), q); err != nil || len(got) != 1 || got[0].ID != user.ID {
					t.Errorf("%s: %+v: got %+v (error %v), want its user", name, q, got, err)
				}
			}
		}
	})
	t.Run("LatestLogin", func(t *testing.T) {
		t.Parallel()
		p := newPeople(t, open(t))
		login := p.ada.With(p.other)
		login.Provider, login.LastLoginAt = p.ada.Provider, p.ada.LastLoginAt.AddDate(0, 0, 1)
		if err := p.SignIn(t.Context(), database.SignIn{User: login}); err != nil {
			t.Fatalf("SignIn: %v", err)
		}
		for _, q := range []account.Query{{ExternalID: p.ada.ExternalID, Limit: 1}, {Provider: login.Provider, Limit: 1}} {
			got, err := p.accounts.List(t.Context(), q)
			if err != nil || len(got) != 1 {
				t.Fatalf("List: got %+v (error %v), want a user", got, err)
			}
			wantUser(t, "List", got[0], err, login)
		}
		got, err := p.accounts.Get(t.Context(), p.ada.ID)
		wantUser(t, "Get", got, err, login)
		list, err := p.accounts.Identities(t.Context(), p.ada.ID)
		recorded := login.Stored()
		recorded.CreatedAt = p.other.CreatedAt
		wantIdentities(t, list, err, p.ada.Stored(), recorded)
	})
	t.Run("Pages", func(t *testing.T) { testPages(t, open(t)) })
	t.Run("Identities", func(t *testing.T) {
		t.Parallel()
		p := newPeople(t, open(t))
		list, err := p.accounts.Identities(t.Context(), p.ada.ID)
		wantIdentities(t, list, err, p.ada.Stored(), p.other)
		list, err = p.accounts.Identities(t.Context(), p.bare.ID)
		wantIdentities(t, list, err)
		if _, err := p.accounts.Identities(t.Context(), uuid.Must(uuid.NewV7())); !errors.Is(err, account.ErrNotFound) {
			t.Errorf("Identities of an unknown user: got %v, want ErrNotFound", err)
		}
		added := newStored("new") // has not signed in
		p.transact(t, func(ctx context.Context, tx account.Tx) error { return tx.AddIdentity(ctx, p.bare.ID, added) })
		list, err = p.accounts.Identities(t.Context(), p.bare.ID)
		wantIdentities(t, list, err, added)
		wantFound(t, p.accounts, p.bare.With(added))
	})
	t.Run("Canceled", func(t *testing.T) {
		t.Parallel()
		p := newPeople(t, open(t))
		_, listErr := p.accounts.List(canceled(t), account.Query{Limit: 1})
		_, identitiesErr := p.accounts.Identities(canceled(t), p.ada.ID)
		_, sweepErr := p.accounts.Sweep(canceled(t), start, 1)
		for what, err := range map[string]error{"List": listErr, "Identities": identitiesErr, "Sweep": sweepErr} {
			if err == nil || errors.Is(err, account.ErrNotFound) {
				t.Errorf("%s: got %v, want a store failure", what, err)
			}
		}
	})
}

// queriesOf returns the query of s, and those of strings that differ.
func queriesOf(s string, query func(string) account.Query) []account.Query {
	var queries []account.Query
	for _, value := range append([]string{s}, otherStrings(s)...) {
		q := query(value)
		q.Limit = 10
		queries = append(queries, q)
	}
	return queries
}

// testPages lists users while others are registered.
func testPages(t *testing.T, db database.Database) {
	t.Parallel()
	store := db.Accounts()
	var want []identity.UserID
	for i := range racers {
		want = append(want, register(t, store, fmt.Sprint("present ", i)).ID)
	}
	slices.SortFunc(want, compareIDs)
	for name, q := range map[string]account.Query{"All": {}, "Email": {Email: "ADA@example.com"}, "Provider": {Provider: "cotter"}} {
		for _, limit := range []int{1, 5, racers, 1000} {
			q.Limit = limit
			got := listWhileAdding(t, store, q, fmt.Sprint(name, limit))
			if !slices.IsSortedFunc(got, compareIDs) || len(slices.Compact(slices.Clone(got))) != len(got) {
				t.Errorf("%s, pages of %d: a user is listed twice, or not in order: %v", name, limit, got)
			}
			for _, id := range want {
				if !slices.Contains(got, id) {
					t.Errorf("%s, pages of %d: %v is not listed", name, limit, id)
				}
			}
		}
	}
}

// listWhileAdding returns the users of all pages of a query, while others are
// registered.
func listWhileAdding(t *testing.T, store account.Store, q account.Query, subject string) (users []identity.UserID) {
	t.Helper()
	var group sync.WaitGroup
	defer group.Wait()
	group.Go(func() {
		for i := range 5 {
			if err := Register(t.Context(), store, newUser(key(fmt.Sprint(subject, i))), nil); err != nil {
				t.Errorf("Register: %v", err)
			}
		}
	})
	for {
		page, err := store.List(t.Context(), q)
		switch {
		case err != nil || len(page) > q.Limit:
			t.Fatalf("List: %d users for a limit of %d (error %v)", len(page), q.Limit, err)
		case len(page) == 0:
			return users
		case compareIDs(page[0].ID, q.After) <= 0:
			t.Fatalf("List: the page after %v begins with %v", q.After, page[0].ID)
		}
		for _, user := range page {
			users = append(users, user.ID)
		}
		q.After = page[len(page)-1].ID
	}
}
