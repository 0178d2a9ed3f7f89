package cotter

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/strictjson"
	"github.com/cotterpin/cotterpin/core/provider"
)

var _ provider.UserLister = (*driver)(nil)

// ReadUser implements [provider.UserLister] for the user object of Cotter's API
// (docs.cotter.app/api-reference/user-api), which GET /api/v0/user/list?page=0
// returns in pages of 50. Its members ID (the tokens' sub), issuer (the API key),
// identifier, created_at and deleted_at are read. Anyone can create a user with
// the public API key, so that nothing in it proves the identifier.
func (d *driver) ReadUser(text []byte) (provider.ListedUser, bool, error) {
	object, _ := strictjson.Parse(text) // after an error it has no members
	if _, ok := object.Lookup("ID"); !ok {
		return provider.ListedUser{}, false, nil
	}
	user, err := d.readUser(object)
	return user, true, err
}

func (d *driver) readUser(object strictjson.Object) (provider.ListedUser, error) {
	id, err := uuid.Parse(stringMember(object, "ID"))
	if err != nil || id == uuid.Nil {
		return provider.ListedUser{}, errors.New("ID must be a UUID other than zero")
	}
	if stringMember(object, "issuer") != d.settings.APIKeyID {
		return provider.ListedUser{}, errors.New("issuer must be the API key of the provider block: this user is another project's")
	}
	user := provider.ListedUser{Subject: stringMember(object, "ID"), Identifier: stringMember(object, "identifier")}
	switch {
	case identity.IsEmail(user.Identifier):
		user.Email = user.Identifier
	case identity.IsPhone(user.Identifier):
		user.Phone = user.Identifier
	}
	if user.CreatedAt, err = timeMember(object, "created_at"); err != nil {
		return provider.ListedUser{}, err
	}
	deleted, err := timeMember(object, "deleted_at")
	user.Deleted = !deleted.IsZero()
	return user, err
}

// stringMember returns a member that is a string, else "".
func stringMember(object strictjson.Object, name string) string {
	value, _ := object.Lookup(name)
	text, _ := value.String()
	return text
}

// timeMember returns a time as Cotter sends it: null and the year 1 are no time.
func timeMember(object strictjson.Object, name string) (time.Time, error) {
	value, ok := object.Lookup(name)
	if !ok || value.IsNull() {
		return time.Time{}, nil
	}
	text, _ := value.String()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s must be a time such as \"2020-08-22T20:44:52.123456Z\"", name)
	}
	return at, nil
}
