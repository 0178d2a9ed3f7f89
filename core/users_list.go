package core

import (
	"context"
	"iter"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
)

// usersPage is the number of users that [Users.All] reads at a time.
const usersPage = 500

// UserQuery selects users for [Users.All]. An empty field selects all. Email, Phone
// and Provider are those of one identity of the user, which may be unverified.
type UserQuery struct {
	Email      string // compared ignoring the case of ASCII letters
	Phone      string
	ExternalID string
	Provider   string // name of the provider's block at the identity's last login

	After identity.UserID // begins after that user; uuid.Nil: with the first one
}

// All returns the selected users ordered by id, each with the contacts of the
// matching identity that signed in last. It reads them in pages, so users that are
// created meanwhile may be among them. An error is the last element.
func (u Users) All(ctx context.Context, q UserQuery) iter.Seq2[User, error] {
	return func(yield func(User, error) bool) {
		db, err := u.kit.storage()
		if err != nil {
			yield(User{}, err)
			return
		}
		page := account.Query{
			Email: q.Email, Phone: q.Phone, ExternalID: q.ExternalID, Provider: q.Provider, After: q.After, Limit: usersPage,
		}
		for {
			users, err := db.Accounts().List(ctx, page)
			if err != nil {
				yield(User{}, accountError(err))
				return
			}
			for _, user := range users {
				if !yield(user, nil) {
					return
				}
				page.After = user.ID
			}
			if len(users) < usersPage {
				return
			}
		}
	}
}

// ByExternalID returns the user with that id of the application's own.
func (u Users) ByExternalID(ctx context.Context, externalID string) (User, error) {
	if externalID != "" {
		for user, err := range u.All(ctx, UserQuery{ExternalID: externalID}) {
			return user, err
		}
	}
	return User{}, autherr.New(autherr.NotFound, "unknown_user")
}
