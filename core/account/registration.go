package account

import (
	"database/sql"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/identity"
)

// Registration describes a user who is being created, for the hook of
// [Registrar]. All values are final: those that the stored user will have.
type Registration struct {
	UserID     identity.UserID
	IdentityID uuid.UUID

	Provider   string // name of the provider's block
	Issuer     string
	Subject    string
	Identifier string // what the user signed in with; "" if the provider signed none
	AuthMethod string // the provider's word for how the user signed in, such as "OTP"; "" if it signed none

	Email         string // "" if the provider signed none
	EmailVerified bool   // the user has proved possession of Email, to a provider trusted for that
	Phone         string // "" if the provider signed none
	PhoneVerified bool   // as EmailVerified

	Claims identity.Claims // the further signed claims of the provider's token

	// Tx is the transaction that creates the user, for the application's own rows;
	// nil in a store without SQL.
	Tx *sql.Tx
}

func newRegistration(user identity.User, id identity.Identity, tx *sql.Tx) Registration {
	return Registration{
		UserID:        user.ID,
		IdentityID:    user.IdentityID,
		Provider:      user.Provider,
		Issuer:        user.Issuer,
		Subject:       user.Subject,
		Identifier:    user.Identifier,
		AuthMethod:    id.AuthMethod,
		Email:         user.Email,
		EmailVerified: user.EmailVerified,
		Phone:         user.Phone,
		PhoneVerified: user.PhoneVerified,
		Claims:        id.Claims,
		Tx:            tx,
	}
}
