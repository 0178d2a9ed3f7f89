package provider

import "time"

// UserLister is the ability to read the users that the provider lists or exports,
// for an import; see core.Users.Import.
type UserLister interface {
	// ReadUser reads one user in the provider's own form, a JSON object. isOwn is false
	// for an object of another form. The error is for the operator: what is wrong with
	// the user, such as that it is another project's.
	ReadUser(object []byte) (user ListedUser, isOwn bool, err error)
}

// ListedUser is a user that a provider lists. Whether its contacts are verified is
// not part of a list that anyone may have added users to, so that an import stores
// them as unverified until a login proves them.
type ListedUser struct {
	Subject    string // as in the provider's tokens
	Identifier string
	Email      string
	Phone      string
	CreatedAt  time.Time // zero: unknown
	Deleted    bool      // at the provider: not imported
}
