package core

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

// Login describes a login, for the hook of [WithOnLogin]. All values are final:
// those that are stored if the hook returns nil. Fields that [Registration] has mean
// the same there.
type Login struct {
	UserID     identity.UserID
	ExternalID string // the application's own id of the user; "" if it has none
	IdentityID uuid.UUID

	Created bool // this login created the user
	Linked  bool // this login added the identity to a user who existed

	Provider   string
	Issuer     string
	Subject    string
	Identifier string
	AuthMethod string

	Email         string
	EmailVerified bool
	Phone         string
	PhoneVerified bool

	Claims  identity.Claims
	Session session.View    // the session that begins; a provider's token has no ID
	Extra   json.RawMessage // chosen by the client, unverified

	// Tx is the transaction that records the login, for the application's own rows; nil
	// in a store without SQL.
	Tx *sql.Tx
}

func loginOf(l session.Login, in signedIn) Login {
	return Login{
		UserID:        l.User.ID,
		ExternalID:    l.User.ExternalID,
		IdentityID:    l.User.IdentityID,
		Created:       in.created,
		Linked:        in.linked,
		Provider:      l.User.Provider,
		Issuer:        l.User.Issuer,
		Subject:       l.User.Subject,
		Identifier:    l.User.Identifier,
		AuthMethod:    l.Identity.AuthMethod,
		Email:         l.User.Email,
		EmailVerified: l.User.EmailVerified,
		Phone:         l.User.Phone,
		PhoneVerified: l.User.PhoneVerified,
		Claims:        l.Identity.Claims,
		Session:       in.View,
		Extra:         l.Extra,
	}
}

// registrarFor returns the registrar of a login, whose hook gets the client's data.
func (k *Kit) registrarFor(l session.Login) account.Registrar {
	r := k.registrar
	if hook := r.OnRegister; hook != nil && l.Extra != nil {
		r.OnRegister = func(ctx context.Context, registration account.Registration) error {
			registration.Extra = l.Extra
			return hook(ctx, registration)
		}
	}
	return r
}
