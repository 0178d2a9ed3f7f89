package accounttest

import (
	"context"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/identity"
)

// Register creates a user with one identity and calls within, which may be nil, all
// in one transaction.
func Register(
	ctx context.Context, store account.Store, user identity.User, within func(context.Context, account.Tx) error,
) error {
	return store.Transact(ctx, nil, func(ctx context.Context, tx account.Tx) error {
		if err := tx.CreateUser(ctx, user); err != nil {
			return err
		}
		if err := tx.AddIdentity(ctx, user.ID, user.Stored()); err != nil || within == nil {
			return err
		}
		return within(ctx, tx)
	})
}
