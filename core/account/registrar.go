package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
)

// A login that is overtaken by another transaction starts again from the top,
// in a new transaction: within the old one some databases never see the
// winner's row.
const (
	maxAttempts = 5
	maxPause    = 20 * time.Millisecond // before the second attempt; the later ones wait longer
)

// errOvertaken means that another transaction registered the identity between
// two statements of an attempt.
var errOvertaken = errors.New("account: overtaken by another transaction")

// Options say how a [Registrar] registers.
type Options struct {
	// Create says whether an unknown identity becomes a user. The zero value
	// answers RegistrationClosed.
	Create bool

	// OnRegister runs in the transaction that creates a user. nil: nothing runs.
	OnRegister OnRegister

	// Now is the clock. It must not be nil.
	Now func() time.Time
}

// Registrar registers an identity at its first login and recognises it at
// every later one.
type Registrar struct {
	store   Store
	options Options
}

// NewRegistrar returns a registrar over the store.
func NewRegistrar(store Store, options Options) *Registrar {
	return &Registrar{store: store, options: options}
}

// RegisterOrLogin returns the user of a verified identity, and whether this
// call created it. However many calls for one identity run at once, on however
// many nodes, one creates the user and the others find it. After an error that
// leaves the outcome open, the same call may be made again.
//
// The user is as this login leaves it: what the identity says about contacts
// replaces what was stored. Of somebody who is known nothing is written yet. The
// login is recorded by what makes a session of it, [Store.RecordLogin] or the
// store of the sessions.
//
// Errors by code: RegistrationClosed if the identity is unknown and new ones
// are not taken; AccountDisabled; InvalidToken if the token was issued before
// the user's not-before; Internal, or the hook's own code, if the hook failed;
// TemporarilyUnavailable if the store failed or others were faster five times
// in a row.
func (r *Registrar) RegisterOrLogin(ctx context.Context, id identity.Identity) (user identity.User, created bool, err error) {
	for attempt := range maxAttempts {
		if err := pause(ctx, attempt); err != nil {
			return identity.User{}, false, autherr.StoreFailed(err)
		}
		user, created, err = r.attempt(ctx, id)
		if !errors.Is(err, errOvertaken) {
			return user, created, err
		}
	}
	return identity.User{}, false, autherr.Wrap(autherr.TemporarilyUnavailable, "registration_contended", err)
}

// Known is [Known] over the registrar's store: for a refresh, which registers
// nobody.
func (r *Registrar) Known(ctx context.Context, id identity.Identity) (identity.User, error) {
	return Known(ctx, r.store, id)
}

// attempt reads the clock before it reads the user: LastLoginAt is then not
// after what the attempt did not see, as far as clocks agree.
func (r *Registrar) attempt(ctx context.Context, id identity.Identity) (identity.User, bool, error) {
	at := r.options.Now().UTC().Truncate(time.Millisecond)
	known, err := r.store.Find(ctx, id.Key)
	switch {
	case errors.Is(err, ErrNotFound):
		user, err := r.register(ctx, id, at)
		return user, err == nil, err
	case err != nil:
		return identity.User{}, false, autherr.StoreFailed(err)
	}
	if err := admit(known, id.IssuedAt); err != nil {
		return identity.User{}, false, err
	}
	return signedIn(known, id, at), false, nil
}

func (r *Registrar) register(ctx context.Context, id identity.Identity, at time.Time) (identity.User, error) {
	if !r.options.Create {
		return identity.User{}, autherr.New(autherr.RegistrationClosed, "unknown_identity")
	}
	user := signedIn(identity.User{
		ID:         uuid.Must(uuid.NewV7()),
		IdentityID: uuid.Must(uuid.NewV7()),
		Key:        id.Key,
		CreatedAt:  at,
	}, id, at)

	var refused error
	err := r.store.Register(ctx, user, func(ctx context.Context, tx *sql.Tx) error {
		refused = r.runHook(ctx, tx, NewUser{ID: user.ID, IdentityID: user.IdentityID, Identity: id})
		return refused
	})
	switch {
	case refused != nil:
		return identity.User{}, refused
	case errors.Is(err, ErrConflict):
		return identity.User{}, errOvertaken
	case err != nil:
		return identity.User{}, autherr.StoreFailed(err)
	}
	return user, nil
}

func (r *Registrar) runHook(ctx context.Context, tx *sql.Tx, user NewUser) (err error) {
	if r.options.OnRegister == nil {
		return nil
	}
	defer func() {
		if p := recover(); p != nil {
			err = autherr.Wrap(autherr.Internal, "hook_panicked", fmt.Errorf("account: the OnRegister hook panicked: %v", p))
		}
	}()
	err = r.options.OnRegister(ctx, tx, user)
	_, coded := errors.AsType[*autherr.Error](err)
	switch {
	case err == nil, coded:
		return err
	case ctx.Err() != nil:
		return autherr.Wrap(autherr.TemporarilyUnavailable, "hook_out_of_time", err)
	default:
		return autherr.Wrap(autherr.Internal, "hook_failed", err)
	}
}

// signedIn returns the user as the identity's login at that moment leaves it.
func signedIn(user identity.User, id identity.Identity, at time.Time) identity.User {
	user.EmailVerified = verified(id.Email, user.Email, user.EmailVerified)
	user.PhoneVerified = verified(id.Phone, user.Phone, user.PhoneVerified)
	user.Provider = id.Provider
	user.Identifier = id.Identifier
	user.Email = id.Email.Value
	user.Phone = id.Phone.Value
	user.LastLoginAt = at
	return user
}

// verified says whether a signed contact is to be believed, given what is
// stored.
func verified(signed identity.Contact, stored string, storedVerified bool) bool {
	switch signed.Verification {
	case identity.Verified:
		return signed.Value != ""
	case identity.KeepStored:
		return storedVerified && signed.Value == stored
	default:
		return false
	}
}

// pause waits a random time before every attempt but the first, so that those
// who ran into each other do not do so again.
func pause(ctx context.Context, attempt int) error {
	if attempt == 0 {
		return nil
	}
	timer := time.NewTimer(time.Duration(attempt) * rand.N(maxPause)) //nolint:gosec // nothing depends on nobody guessing it
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
