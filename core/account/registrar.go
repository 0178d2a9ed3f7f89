package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
)

// Registrar registers an identity at its first login and finds its user at
// every later one.
type Registrar struct {
	// Store must not be nil.
	Store Store

	// Create allows unknown identities to become users. Default: they are
	// rejected with RegistrationClosed.
	Create bool

	// OnRegister runs in the transaction that creates a user; nil: nothing runs.
	//
	// An error, or a panic, prevents the registration, and nothing is written. An
	// *autherr.Error is returned as it is; if ctx is done the code is
	// TemporarilyUnavailable, else Internal. The hook is called again, for another
	// user id or the same, if its transaction is rolled back because of another
	// one.
	OnRegister func(ctx context.Context, r Registration) error

	// Now is the clock. It must not be nil.
	Now func() time.Time
}

// RegisterOrLogin returns the user of a verified identity, and whether this
// call created it. Of any number of concurrent calls for one identity, on any
// number of nodes, one creates the user.
//
// The user is as this login leaves it: the contacts of the identity replace the
// stored ones unless they are unknown. For a known user nothing is written; database.Database.SignIn
// does that.
//
// Errors by code: RegistrationClosed if the identity is unknown and Create is
// false; AccountDisabled; InvalidToken if the token was issued before the user's
// not-before; Internal, or the hook's own code, if the hook failed;
// TemporarilyUnavailable if the store failed or, wrapping [ErrOvertaken], if
// another transaction registered the identity first: call it again.
func (r Registrar) RegisterOrLogin(ctx context.Context, id identity.Identity) (user identity.User, created bool, err error) {
	// The clock is read before the user, so that LastLoginAt is not after a change
	// that this login did not read, as far as clocks agree.
	at := r.Now().UTC().Truncate(time.Millisecond)
	known, err := r.Store.Find(ctx, id.Key)
	switch {
	case errors.Is(err, ErrNotFound):
		user, err = r.register(ctx, id, at)
		return user, err == nil, err
	case err != nil:
		return identity.User{}, false, autherr.StoreFailed(err)
	}
	if err := admit(known, id.IssuedAt); err != nil {
		return identity.User{}, false, err
	}
	return afterLogin(known, id, at), false, nil
}

func (r Registrar) register(ctx context.Context, id identity.Identity, at time.Time) (identity.User, error) {
	if !r.Create {
		return identity.User{}, autherr.New(autherr.RegistrationClosed, "unknown_identity")
	}
	user := afterLogin(identity.User{
		ID:         uuid.Must(uuid.NewV7()),
		IdentityID: uuid.Must(uuid.NewV7()),
		Key:        id.Key,
		CreatedAt:  at,
	}, id, at)

	var rejected error
	err := r.Store.Transact(ctx, nil, func(ctx context.Context, tx Tx) error {
		if err := tx.CreateUser(ctx, user); err != nil {
			return err
		}
		if err := tx.AddIdentity(ctx, user.ID, user.Stored()); err != nil {
			return err
		}
		rejected = r.runHook(ctx, newRegistration(user, id, tx.SQL()))
		return rejected
	})
	switch {
	case rejected != nil && errors.Is(err, rejected):
		return identity.User{}, err
	case errors.Is(err, ErrConflict):
		return identity.User{}, autherr.Wrap(autherr.TemporarilyUnavailable, "registration_contended", ErrOvertaken)
	case err != nil:
		return identity.User{}, autherr.StoreFailed(err)
	}
	return user, nil
}

func (r Registrar) runHook(ctx context.Context, registration Registration) (err error) {
	if r.OnRegister == nil {
		return nil
	}
	defer func() {
		if p := recover(); p != nil {
			err = autherr.Wrap(autherr.Internal, "hook_panicked", fmt.Errorf("account: the OnRegister hook panicked: %v", p))
		}
	}()
	err = r.OnRegister(ctx, registration)
	_, coded := errors.AsType[*autherr.Error](err)
	switch {
	case err == nil, coded:
		return err
	case ctx.Err() != nil:
		return autherr.Wrap(autherr.TemporarilyUnavailable, "hook_out_of_time", fmt.Errorf("account: the OnRegister hook took too long: "+
			"it must be short, and must use Registration.Tx for this database, because other connections may wait for that transaction: %w", err))
	default:
		return autherr.Wrap(autherr.Internal, "hook_failed", err)
	}
}

// afterLogin returns the user as the identity's login at that time leaves it.
func afterLogin(user identity.User, id identity.Identity, at time.Time) identity.User {
	if id.Identifier != "" || !id.Email.Unknown {
		user.Identifier = id.Identifier
	}
	user.Email, user.EmailVerified = contactAfterLogin(id.Email, user.Email, user.EmailVerified)
	user.Phone, user.PhoneVerified = contactAfterLogin(id.Phone, user.Phone, user.PhoneVerified)
	user.Provider = id.Provider
	user.LastLoginAt = at
	return user
}

// contactAfterLogin returns the contact to store, and whether it is verified.
func contactAfterLogin(signed identity.Contact, stored string, storedVerified bool) (value string, verified bool) {
	if signed.Unknown {
		signed.Value = stored
	}
	return signed.Value, isVerified(signed, stored, storedVerified)
}

// isVerified reports whether a signed contact is verified, given the stored one.
func isVerified(signed identity.Contact, stored string, storedVerified bool) bool {
	switch signed.Verification {
	case identity.Verified:
		return signed.Value != ""
	case identity.KeepStored:
		return storedVerified && signed.Value == stored
	default:
		return false
	}
}

// Finder finds the user of an identity, as [Store.Find] does.
type Finder interface {
	Find(ctx context.Context, key identity.Key) (identity.User, error)
}

// Known returns the user of a verified identity. It neither writes nor
// registers.
//
// Errors by code: NotRegistered if there is no such user; AccountDisabled;
// InvalidToken if the token was issued before the user's not-before;
// TemporarilyUnavailable if users fails.
func Known(ctx context.Context, users Finder, id identity.Identity) (identity.User, error) {
	user, err := users.Find(ctx, id.Key)
	switch {
	case errors.Is(err, ErrNotFound):
		return identity.User{}, autherr.New(autherr.NotRegistered, "unknown_identity")
	case err != nil:
		return identity.User{}, autherr.StoreFailed(err)
	}
	if err := admit(user, id.IssuedAt); err != nil {
		return identity.User{}, err
	}
	return user, nil
}

// admit rejects a disabled user, and a token that is older than the user's
// not-before. Tokens specify their age in whole seconds (RFC 7519, section 2,
// NumericDate), so whole seconds are compared.
func admit(user identity.User, issuedAt time.Time) error {
	switch {
	case user.Disabled:
		return autherr.New(autherr.AccountDisabled, "account_disabled")
	case issuedAt.Unix() < user.NotBefore.Unix():
		return autherr.New(autherr.InvalidToken, "issued_before_revocation")
	}
	return nil
}
