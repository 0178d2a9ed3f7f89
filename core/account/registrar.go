package account

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/hooks"
)

// Registrar registers an identity at its first login, or adds it to an existing
// user, and finds its user at every later one.
type Registrar struct {
	// Store must not be nil.
	Store Store

	// Create allows unknown identities to become users. Default: they are
	// rejected with RegistrationClosed.
	Create bool

	// LinkOn lists contacts, "email" and "phone", by which an unknown identity finds an
	// existing user. Default: none. LINKING.md has the rules.
	LinkOn []string

	// Blocks returns the provider block that an identity belongs to; false: there is
	// none. nil: there is none for any.
	Blocks func(provider, issuer string) (Block, bool)

	// OnRegister runs in the transaction that creates a user; nil: nothing runs. It
	// does not run for an identity that LinkOn adds to a user.
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

// Result is the result of a login.
type Result struct {
	User    identity.User // as the login leaves it
	Created bool          // this login created the user
	Linked  bool          // this login added the identity to a user who existed
}

// RegisterOrLogin returns the user of a verified identity. Of any number of
// concurrent calls for one identity, on any number of nodes, one creates the user.
//
// The user is as this login leaves it: the contacts of the identity replace the
// stored ones unless they are unknown. For a known identity nothing is written;
// database.Database.SignIn does that.
//
// When an identity is added to a user, all older sessions of the user end: its own
// sessions are revoked, and its not-before moves to the time of issue of the token,
// or to now if that is earlier.
//
// Errors by code: ProviderDraining if the identity is unknown and its block is
// draining; RegistrationClosed if it would create a user and Create is false;
// AccountExists if LinkOn applies and the user is not certain; AccountDisabled;
// InvalidToken if the token was issued before the user's not-before; Internal, or
// the hook's own code, if the hook failed; TemporarilyUnavailable if the store failed
// or, wrapping [ErrOvertaken], if another transaction registered the identity first:
// call it again.
func (r Registrar) RegisterOrLogin(ctx context.Context, id identity.Identity) (Result, error) {
	// The clock is read before the user, so that LastLoginAt is not after a change
	// that this login did not read, as far as clocks agree.
	at := r.Now().UTC().Truncate(time.Millisecond)
	known, err := r.Store.Find(ctx, id.Key)
	switch {
	case errors.Is(err, ErrNotFound):
		return r.firstLogin(ctx, id, at)
	case err != nil:
		return Result{}, autherr.StoreFailed(err)
	}
	if err := admit(known, id.IssuedAt); err != nil {
		return Result{}, err
	}
	return Result{User: afterLogin(known, id, at)}, nil
}

// firstLogin registers an unknown identity, or adds it to a user.
func (r Registrar) firstLogin(ctx context.Context, id identity.Identity, at time.Time) (Result, error) {
	contacts := r.contacts(id)
	if d := r.decide(id, nil); d.err != nil && (len(contacts) == 0 || errors.Is(d.err, autherr.ProviderDraining)) {
		return Result{}, d.err
	}
	var locks []string
	for _, c := range contacts {
		locks = append(locks, c.lock())
	}
	var result Result
	var refused error
	err := r.Store.Transact(ctx, locks, func(ctx context.Context, tx Tx) (err error) {
		f := firstLogin{Registrar: r, tx: tx, id: id, at: at}
		result, err = f.run(ctx, contacts)
		refused = f.refused
		return err
	})
	switch {
	case refused != nil && errors.Is(err, refused):
		return Result{}, err
	case errors.Is(err, ErrConflict):
		return Result{}, autherr.Wrap(autherr.TemporarilyUnavailable, "registration_contended", ErrOvertaken)
	case err != nil:
		return Result{}, autherr.StoreFailed(err)
	}
	return result, nil
}

// firstLogin is the transaction of an identity's first login.
type firstLogin struct {
	Registrar
	tx      Tx
	id      identity.Identity
	at      time.Time
	refused error // the error, unless it is the store's
}

func (f *firstLogin) run(ctx context.Context, contacts []contact) (Result, error) {
	users, err := candidates(ctx, f.tx, contacts)
	if err != nil {
		return Result{}, err
	}
	switch d := f.decide(f.id, users); {
	case d.err != nil:
		return Result{}, f.refuse(d.err)
	case d.link != uuid.Nil:
		return f.linkTo(ctx, d.link)
	default:
		return f.register(ctx)
	}
}

// refuse returns an error that is not the store's.
func (f *firstLogin) refuse(err error) error {
	f.refused = err
	return err
}

// newUser returns the user that the identity's first login creates.
func (f *firstLogin) newUser() identity.User {
	return afterLogin(identity.User{
		ID:         uuid.Must(uuid.NewV7()),
		IdentityID: uuid.Must(uuid.NewV7()),
		Key:        f.id.Key,
		CreatedAt:  f.at,
	}, f.id, f.at)
}

// register creates a user with the identity, and does what the hook decides.
func (f *firstLogin) register(ctx context.Context) (Result, error) {
	user := f.newUser()
	if err := f.tx.CreateUser(ctx, user); err != nil {
		return Result{}, err
	}
	if err := f.tx.AddIdentity(ctx, user.ID, user.Stored()); err != nil {
		return Result{}, err
	}
	if f.OnRegister == nil {
		return Result{User: user, Created: true}, nil
	}
	registration := newRegistration(user, f.id, f.tx)
	if err := hooks.Run(ctx, "OnRegister", func() error { return f.OnRegister(ctx, registration) }); err != nil {
		return Result{}, f.refuse(err)
	}
	return f.finish(ctx, Result{User: user, Created: true}, *registration.result)
}

// finish does what the hook has decided about a registered user.
func (f *firstLogin) finish(ctx context.Context, created Result, decided hookResult) (result Result, err error) {
	result = created
	if decided.joined && decided.user != created.User.ID {
		if err := f.undo(ctx, created.User.ID); err != nil {
			return Result{}, err
		}
		if result, err = f.linkTo(ctx, decided.user); err != nil {
			return Result{}, err
		}
	}
	if decided.externalID == nil {
		return result, nil
	}
	result.User.ExternalID = *decided.externalID
	return result, f.setExternalID(ctx, result.User)
}

// undo deletes the user that the hook has replaced.
func (f *firstLogin) undo(ctx context.Context, created identity.UserID) error {
	err := f.tx.Delete(ctx, created)
	if errors.Is(err, ErrReferenced) {
		return f.refuse(autherr.Wrap(autherr.Internal, "replaced_user_referenced", err))
	}
	return err
}

func (f *firstLogin) setExternalID(ctx context.Context, user identity.User) error {
	if user.ExternalID != "" && !identity.IsExternalID(user.ExternalID) {
		return f.refuse(autherr.New(autherr.Internal, "external_id_malformed"))
	}
	err := f.tx.SetExternalID(ctx, user.ID, user.ExternalID)
	if errors.Is(err, ErrConflict) {
		return f.refuse(autherr.Wrap(autherr.Internal, "external_id_taken", err))
	}
	return err
}

// linkTo adds the identity to a user and ends the user's older sessions.
func (f *firstLogin) linkTo(ctx context.Context, id identity.UserID) (Result, error) {
	user, err := f.tx.Get(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return Result{}, f.refuse(autherr.New(autherr.Internal, "joined_user_unknown"))
	}
	if err != nil {
		return Result{}, err
	}
	if err := admit(user, f.id.IssuedAt); err != nil {
		return Result{}, f.refuse(err)
	}
	if err := f.tx.AddIdentity(ctx, id, f.newUser().Stored()); err != nil {
		return Result{}, err
	}
	if err := f.tx.RevokeSessions(ctx, id, "identity_linked", f.at); err != nil {
		return Result{}, err
	}
	if err := f.tx.SetNotBefore(ctx, id, earlier(f.at, f.id.IssuedAt)); err != nil {
		return Result{}, err
	}
	user, err = f.tx.Find(ctx, f.id.Key)
	return Result{User: user, Linked: true}, err
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
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
