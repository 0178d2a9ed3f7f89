package account

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
)

// maxLinkAttempts bounds how often an addition starts again because another
// transaction registered the identity meanwhile.
const maxLinkAttempts = 5

// Link adds the identity of verified tokens to a user who is signed in with another
// one. It returns the stored identity, and whether this call added it: if the user
// has it already, nothing is written, and its contacts stay. Of any number of
// concurrent calls for one identity, on any number of nodes, one adds it.
//
// check runs in the transaction, with the user and its identities, which cannot
// change until the transaction ends. Its error prevents the addition. nil: nothing
// runs.
//
// Errors: that of check; ErrNotFound if there is no such user; those with the codes
// AccountDisabled, InvalidToken if the tokens were issued before the user's
// not-before or in a session that the provider has revoked, ProviderDraining if the
// identity is unknown and its block accepts known ones only, and IdentityInUse if it
// is another user's; else the store failed.
func (r Registrar) Link(
	ctx context.Context, user identity.UserID, id identity.Identity, check func(identity.User, []identity.Stored) error,
) (stored identity.Stored, added bool, err error) {
	if err := r.CheckProviderSession(ctx, id.ProviderSession); err != nil {
		return identity.Stored{}, false, err
	}
	return r.link(ctx, user, r.added(id), linkChecks{
		caller: func(u identity.User, identities []identity.Stored) error {
			if err := admit(u, id.IssuedAt); err != nil || check == nil {
				return err
			}
			return check(u, identities)
		},
		unknown: func() error { return r.checkDraining(id) },
	})
}

// Add adds an identity to a user without a sign-in, as administration does. It is
// [Registrar.Link] without the checks of the user, the tokens and the block.
//
// Errors: ErrNotFound if there is no such user; one with the code IdentityInUse;
// else the store failed.
func (r Registrar) Add(ctx context.Context, user identity.UserID, id identity.Stored) (stored identity.Stored, added bool, err error) {
	return r.link(ctx, user, id, linkChecks{
		caller:  func(identity.User, []identity.Stored) error { return nil },
		unknown: func() error { return nil },
	})
}

// Unlink removes an identity of the user with the sessions that began by it, and
// returns it. The last one stays: removals of one user are serialized.
//
// check is that of [Registrar.Link].
//
// Errors: that of check; ErrNotFound if there is no such user; those with the codes
// NotFound if the user has no such identity, even if another user has, and
// LastIdentity; else the store failed.
func (r Registrar) Unlink(
	ctx context.Context, user identity.UserID, id uuid.UUID, check func(identity.User, []identity.Stored) error,
) (removed identity.Stored, err error) {
	err = r.Store.Transact(ctx, nil, func(ctx context.Context, tx Tx) error {
		u, identities, err := lockUser(ctx, tx, user)
		if err != nil {
			return err
		}
		if check != nil {
			if err := check(u, identities); err != nil {
				return err
			}
		}
		at := slices.IndexFunc(identities, func(i identity.Stored) bool { return i.ID == id })
		switch {
		case at < 0:
			return autherr.New(autherr.NotFound, "unknown_identity")
		case len(identities) == 1:
			return autherr.New(autherr.LastIdentity, "last_identity")
		}
		removed = identities[at]
		return tx.RemoveIdentity(ctx, user, id)
	})
	return removed, err
}

// linkChecks decide whether an identity is added.
type linkChecks struct {
	caller  func(identity.User, []identity.Stored) error
	unknown func() error // if the identity is not registered
}

func (r Registrar) link(
	ctx context.Context, user identity.UserID, id identity.Stored, checks linkChecks,
) (stored identity.Stored, added bool, err error) {
	for range maxLinkAttempts {
		err = r.Store.Transact(ctx, nil, func(ctx context.Context, tx Tx) error {
			stored, added, err = checks.link(ctx, tx, user, id)
			return err
		})
		if !errors.Is(err, ErrConflict) {
			break
		}
	}
	return stored, added, err
}

// link adds an identity to a user in a transaction, unless the user has it.
func (c linkChecks) link(
	ctx context.Context, tx Tx, user identity.UserID, id identity.Stored,
) (stored identity.Stored, added bool, err error) {
	u, identities, err := lockUser(ctx, tx, user)
	if err != nil {
		return identity.Stored{}, false, err
	}
	if err := c.caller(u, identities); err != nil {
		return identity.Stored{}, false, err
	}
	if at := slices.IndexFunc(identities, func(i identity.Stored) bool { return i.Key == id.Key }); at >= 0 {
		return identities[at], false, nil
	}
	switch _, err := tx.Find(ctx, id.Key); {
	case err == nil:
		return identity.Stored{}, false, autherr.New(autherr.IdentityInUse, "identity_of_another_user")
	case !errors.Is(err, ErrNotFound):
		return identity.Stored{}, false, err
	}
	if err := c.unknown(); err != nil {
		return identity.Stored{}, false, err
	}
	return id, true, tx.AddIdentity(ctx, user, id)
}

// lockUser returns a user and its identities, which no other transaction changes
// until this one ends.
func lockUser(ctx context.Context, tx Tx, user identity.UserID) (identity.User, []identity.Stored, error) {
	u, err := tx.Get(ctx, user)
	if err != nil {
		return identity.User{}, nil, err
	}
	identities, err := tx.Identities(ctx, user)
	return u, identities, err
}

// added returns a verified identity as it is stored until its first login.
func (r Registrar) added(id identity.Identity) identity.Stored {
	added := afterLogin(identity.User{IdentityID: uuid.Must(uuid.NewV7()), Key: id.Key}, id, time.Time{}).Stored()
	added.CreatedAt = r.Now().UTC().Truncate(time.Millisecond)
	return added
}
