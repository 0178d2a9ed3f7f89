package account

import (
	"database/sql"
	"encoding/json"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/identity"
)

// Registration describes a user who is being created, for the hook of
// [Registrar]. All values are final: those that the stored user will have, unless
// the hook calls Join or SetExternalID.
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

	// Extra is the member "extra" of the login's body, a JSON object of at most 4 KiB
	// such as an invite code; nil if there is none. The client chose it: nothing in
	// it is verified.
	Extra json.RawMessage

	// Tx is the transaction that creates the user, for the application's own rows;
	// nil in a store without SQL.
	Tx *sql.Tx

	result *hookResult // nil in a literal of the application
}

// hookResult is what a hook has decided.
type hookResult struct {
	joined     bool
	user       identity.UserID // of Join
	externalID *string
}

// Join adds the identity to an existing user instead of creating one, once the hook
// has returned nil. The user with the id UserID is deleted then, so the hook must not
// leave rows that reference it. All older sessions of the joined user end, and
// provider tokens that were issued before that of this login are rejected.
//
// The registration fails with AccountDisabled if the user is disabled, with
// InvalidToken if all its sessions have been revoked since the token was issued,
// and with Internal and reason "joined_user_unknown" if there is no such user. The
// last call decides.
//
// A hook must join a user by a proved property alone, such as Email if
// EmailVerified is true.
func (r Registration) Join(user identity.UserID) {
	if r.result != nil {
		r.result.joined, r.result.user = true, user
	}
}

// SetExternalID sets the application's own id of the user, or of the user that Join
// specifies, once the hook has returned nil: 1 to 255 bytes as
// [identity.IsExternalID] demands, "" removes it. The last call decides.
//
// The registration fails with Internal and reason "external_id_taken" if another
// user has the id: join that user instead. The reason is "external_id_malformed" if
// it is not valid.
func (r Registration) SetExternalID(id string) {
	if r.result != nil {
		r.result.externalID = &id
	}
}

func newRegistration(user identity.User, id identity.Identity, tx Tx) Registration {
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
		Tx:            tx.SQL(),
		result:        &hookResult{},
	}
}
