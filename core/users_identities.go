package core

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
)

// NewUser is a user that the application creates; see [Users.Create].
type NewUser struct {
	ExternalID string        `json:"external_id"` // the application's own id, unique; "" if it has none
	Identities []NewIdentity `json:"identities"`  // may be empty: identities can be added by [Users.Link]
}

// NewIdentity is an identity that the application adds to a user. The contacts are
// as the application states them: EmailVerified and PhoneVerified must be true only
// if the user has proved possession. The identity's first login overwrites them.
type NewIdentity struct {
	Provider string `json:"provider"` // name of the provider's block
	Issuer   string `json:"issuer"`   // "" if the block has a single one
	Subject  string `json:"subject"`  // sub of the provider's tokens

	Identifier    string `json:"identifier"`
	Email         string `json:"email"`
	EmailVerified bool   `json:"email_verified"`
	Phone         string `json:"phone"` // in E.164 form
	PhoneVerified bool   `json:"phone_verified"`
}

// Create creates a user before its first login, and returns it. OnRegister does not
// run, neither now nor at the first login with one of the identities.
//
// Further errors by code: InvalidRequest if a value is not valid; ExternalIDInUse;
// IdentityInUse. Nothing is written then.
func (u Users) Create(ctx context.Context, n NewUser) (User, error) {
	db, err := u.kit.storage()
	if err != nil {
		return User{}, err
	}
	identities, err := u.newIdentities(n)
	if err != nil {
		return User{}, err
	}
	user := User{ID: uuid.Must(uuid.NewV7()), ExternalID: n.ExternalID, CreatedAt: u.kit.now()}
	err = db.Accounts().Transact(ctx, nil, func(ctx context.Context, tx account.Tx) error {
		if err := tx.CreateUser(ctx, user); err != nil {
			return conflict(err, autherr.ExternalIDInUse)
		}
		for _, i := range identities {
			if err := tx.AddIdentity(ctx, user.ID, i); err != nil {
				return conflict(err, autherr.IdentityInUse)
			}
		}
		created, err := tx.Get(ctx, user.ID)
		user = created
		return err
	})
	if err != nil {
		return User{}, accountError(err)
	}
	u.logChange(ctx, "user_created", user.ID)
	return user, nil
}

// SetExternalID sets the application's own id of a user; "" removes it. It is in the
// Principal of the user's next request. Other nodes may have the old one as long as
// cache_ttl allows, and an own JWT has it until it expires, unless the guard is Fresh.
//
// Further errors by code: InvalidRequest if it is not 1 to 255 bytes of valid UTF-8
// without control characters; ExternalIDInUse.
func (u Users) SetExternalID(ctx context.Context, id identity.UserID, externalID string) error {
	if externalID != "" && !identity.IsExternalID(externalID) {
		return autherr.New(autherr.InvalidRequest, "malformed_external_id")
	}
	db, err := u.kit.storage()
	if err != nil {
		return err
	}
	err = db.Accounts().Transact(ctx, nil, func(ctx context.Context, tx account.Tx) error {
		return conflict(tx.SetExternalID(ctx, id, externalID), autherr.ExternalIDInUse)
	})
	if err != nil {
		return accountError(err)
	}
	u.logChange(ctx, "external_id_set", id)
	return nil
}

// Identities returns the identities of a user, oldest first.
func (u Users) Identities(ctx context.Context, id identity.UserID) ([]identity.Stored, error) {
	db, err := u.kit.storage()
	if err != nil {
		return nil, err
	}
	identities, err := db.Accounts().Identities(ctx, id)
	return identities, accountError(err)
}

// Link adds an identity to a user, and returns it. If the user has it already,
// nothing is written. No session begins or ends.
//
// Further errors by code: InvalidRequest if a value is not valid; IdentityInUse if
// it is another user's.
func (u Users) Link(ctx context.Context, id identity.UserID, n NewIdentity) (identity.Stored, error) {
	if _, err := u.kit.storage(); err != nil {
		return identity.Stored{}, err
	}
	i, err := u.newIdentity(n)
	if err != nil {
		return identity.Stored{}, err
	}
	stored, added, err := u.kit.registrar.Add(ctx, id, i)
	if err != nil {
		return identity.Stored{}, accountError(err)
	}
	if added {
		u.logIdentity(ctx, "identity_linked", id, stored, "")
	}
	return stored, nil
}

// Unlink removes an identity of a user. Sessions that began by it end at once, and
// tokens of its provider are rejected with not_registered; it can register again, as
// another user.
//
// Further errors by code: NotFound if the user has no such identity, even if another
// user has; LastIdentity if it is the user's only one.
func (u Users) Unlink(ctx context.Context, id identity.UserID, identityID uuid.UUID) error {
	if _, err := u.kit.storage(); err != nil {
		return err
	}
	removed, err := u.kit.registrar.Unlink(ctx, id, identityID, nil)
	if err != nil {
		return accountError(err)
	}
	u.logIdentity(ctx, "identity_unlinked", id, removed, "")
	return nil
}

// logIdentity logs that an identity was added or removed. address is that of the
// client; "" if the application calls.
func (u Users) logIdentity(ctx context.Context, event string, user identity.UserID, i identity.Stored, address string) {
	u.logChange(ctx, event, user, "identity_id", i.ID.String(), "provider", i.Provider, "address", address)
}

func (u Users) newIdentities(n NewUser) ([]identity.Stored, error) {
	if n.ExternalID != "" && !identity.IsExternalID(n.ExternalID) {
		return nil, autherr.New(autherr.InvalidRequest, "malformed_external_id")
	}
	identities := make([]identity.Stored, len(n.Identities))
	for i, added := range n.Identities {
		var err error
		if identities[i], err = u.newIdentity(added); err != nil {
			return nil, err
		}
	}
	return identities, nil
}

// newIdentity returns an identity as it is stored until its first login.
func (u Users) newIdentity(n NewIdentity) (identity.Stored, error) {
	if reason, _ := n.problem(); reason != "" {
		return identity.Stored{}, autherr.New(autherr.InvalidRequest, reason)
	}
	issuer, err := u.kit.providers.IssuerOf(n.Provider, n.Issuer)
	if err != nil {
		return identity.Stored{}, err
	}
	return identity.Stored{
		ID:            uuid.Must(uuid.NewV7()),
		Key:           identity.Key{Issuer: issuer, Subject: n.Subject},
		Provider:      n.Provider,
		Identifier:    n.Identifier,
		Email:         n.Email,
		EmailVerified: n.EmailVerified,
		Phone:         n.Phone,
		PhoneVerified: n.PhoneVerified,
		CreatedAt:     u.kit.now().UTC().Truncate(time.Millisecond),
	}, nil
}

// problem returns which value is not valid, as a reason for the log, and what is
// valid; "" if all are.
func (n NewIdentity) problem() (reason, advice string) {
	switch {
	case !identity.IsSubject(n.Subject):
		return "malformed_subject", "subject must be 1 to 255 printable ASCII characters without outer spaces"
	case strings.ContainsRune(n.Identifier, 0):
		return "malformed_identifier", "identifier must have no NUL"
	case !utf8.ValidString(n.Identifier):
		return "malformed_identifier", "identifier must be valid UTF-8"
	case n.Email != "" && !identity.IsEmail(n.Email):
		return "malformed_email", "email must be an email address in plain ASCII form, of at most 254 bytes"
	case n.Phone != "" && !identity.IsPhone(n.Phone):
		return "malformed_phone", `phone must be in E.164 form, such as "+12025550100"`
	case n.Email == "" && n.EmailVerified:
		return "malformed_email", "email_verified is true without an email"
	case n.Phone == "" && n.PhoneVerified:
		return "malformed_phone", "phone_verified is true without a phone"
	}
	return "", ""
}

// conflict returns an error with that code for account.ErrConflict, other errors as
// they are.
func conflict(err error, code autherr.Code) error {
	if errors.Is(err, account.ErrConflict) {
		return autherr.Wrap(code, "registered", err)
	}
	return err
}
