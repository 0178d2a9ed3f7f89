package core

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
)

// Users administers users; see [Kit.Users]. Each change is logged with the
// acting caller, which is the one in the context.
//
// Errors by code, of all methods: NotFound if there is no such user, or where the
// configuration stores no users; TemporarilyUnavailable if the database failed:
// the outcome of a change is unknown, and the call may be repeated.
type Users struct{ kit *Kit }

// Users returns the administration of users.
func (k *Kit) Users() Users { return Users{k} }

// Get returns a user, with the contacts of the identity that signed in last.
func (u Users) Get(ctx context.Context, id identity.UserID) (identity.User, error) {
	db, err := u.kit.storage()
	if err != nil {
		return identity.User{}, err
	}
	user, err := db.Accounts().Get(ctx, id)
	return user, accountError(err)
}

// Disable prevents every login of the user and revokes all its credentials
// issued until the end of the current second, which stay revoked after
// [Users.Enable]; see [Sessions.RevokeAll].
func (u Users) Disable(ctx context.Context, id identity.UserID) error {
	if err := u.kit.shutOut(ctx, id, "account_disabled", account.Store.Disable); err != nil {
		return err
	}
	u.logChange(ctx, "user_disabled", id)
	return nil
}

// Enable lets a disabled user sign in again. If the user was disabled in the
// current second, it returns at the end of that second.
func (u Users) Enable(ctx context.Context, id identity.UserID) error {
	if err := u.change(ctx, id, "user_enabled", account.Store.Enable); err != nil {
		return err
	}
	if user, err := u.Get(ctx, id); err == nil && user.NotBefore.After(u.kit.now()) {
		u.kit.awaitNextSecond(ctx)
	}
	return nil
}

// Delete deletes a user with its identities and sessions. The identity can
// register again, as another user.
//
// Further errors by code: UserInUse if a row of the application references the
// user by a foreign key that does not cascade; the error names the table if the
// database does. The user is not deleted then, but all its credentials issued
// until now are revoked.
func (u Users) Delete(ctx context.Context, id identity.UserID) error {
	err := u.change(ctx, id, "user_deleted", account.Store.Delete)
	if autherr.CodeOf(err) != autherr.UserInUse {
		return err
	}
	if failed := u.kit.revokeAll(ctx, id, "account_deleted"); failed != nil {
		return failed
	}
	return err
}

func (u Users) change(
	ctx context.Context, id identity.UserID, event string,
	change func(account.Store, context.Context, identity.UserID) error,
) error {
	db, err := u.kit.storage()
	if err != nil {
		return err
	}
	if err := change(db.Accounts(), ctx, id); err != nil {
		return accountError(err)
	}
	u.logChange(ctx, event, id)
	return nil
}

func (u Users) logChange(ctx context.Context, event string, id identity.UserID, attributes ...any) {
	attributes = append(attributes, "event", event, "user_id", id.String(), "actor_user_id", actorID(ctx))
	u.kit.log.InfoContext(ctx, "user changed", attributes...)
}

// errNoUsers is why administration fails where nothing is stored.
var errNoUsers = errors.New(`core: the configuration stores no users: session "provider_token" has user = "none"`)

// storage returns the database, or an error if the configuration stores nothing.
func (k *Kit) storage() (database.Database, error) {
	if k.database == nil {
		return nil, autherr.Wrap(autherr.NotFound, "no_users_kept", errNoUsers)
	}
	return k.database, nil
}

// actorID returns the user id of the caller in ctx, for the log; "" if there is no
// caller.
func actorID(ctx context.Context) string {
	caller, _ := PrincipalFromContext(ctx)
	if caller.UserID == uuid.Nil {
		return ""
	}
	return caller.UserID.String()
}

// accountError gives an error of an account.Store its code, unless it has one.
func accountError(err error) error {
	_, coded := errors.AsType[*autherr.Error](err)
	switch {
	case err == nil, coded:
		return err
	case errors.Is(err, account.ErrNotFound):
		return autherr.New(autherr.NotFound, "unknown_user")
	case errors.Is(err, account.ErrReferenced):
		return autherr.Wrap(autherr.UserInUse, "user_referenced", err)
	default:
		return autherr.StoreFailed(err)
	}
}
