package entstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/ent/internal/entgen"
	"github.com/cotterpin/cotterpin/ent/internal/entgen/user"
)

// selectUser reads a user with an identity; scanUser scans its columns.
const selectUser = `
	SELECT u.id, u.created_ms, u.disabled_ms IS NOT NULL, u.not_before_ms,
	       i.id, i.issuer, i.subject, i.provider, i.identifier,
	       i.email, i.email_verified, i.phone, i.phone_verified, i.last_login_ms
	FROM auth_identities AS i JOIN auth_users AS u ON u.id = i.user_id`

const (
	selectUserByKey = selectUser + ` WHERE i.issuer = ? AND i.subject = ?`
	selectUserByID  = selectUser + ` WHERE u.id = ? ORDER BY i.last_login_ms DESC, i.id DESC LIMIT 1`
)

// accounts is the account.Store.
type accounts struct {
	engine
	prepared
	byKey, byID *sql.Stmt
}

var _ account.Store = (*accounts)(nil)

func newAccounts(ctx context.Context, e engine) (*accounts, error) {
	a := &accounts{engine: e}
	a.prepared = prepared{&a.byKey: selectUserByKey, &a.byID: selectUserByID}
	if err := e.prepare(ctx, a.prepared); err != nil {
		return nil, err
	}
	return a, nil
}

// Find implements account.Store.
func (a *accounts) Find(ctx context.Context, key identity.Key) (identity.User, error) {
	return scanUser(a.byKey.QueryRowContext(ctx, key.Issuer, key.Subject))
}

// Get implements account.Store.
func (a *accounts) Get(ctx context.Context, id identity.UserID) (identity.User, error) {
	return scanUser(a.byID.QueryRowContext(ctx, id))
}

func scanUser(row *sql.Row) (identity.User, error) {
	var u identity.User
	err := row.Scan(
		&u.ID, timeColumn{&u.CreatedAt}, &u.Disabled, timeColumn{&u.NotBefore},
		&u.IdentityID, &u.Issuer, &u.Subject, &u.Provider, &u.Identifier,
		&u.Email, &u.EmailVerified, &u.Phone, &u.PhoneVerified, timeColumn{&u.LastLoginAt},
	)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return identity.User{}, account.ErrNotFound
	case err != nil:
		return identity.User{}, fmt.Errorf("entstore: reading a user: %w", err)
	}
	return u, nil
}

// Register implements account.Store. Transactions that wait for one that is
// rolled back may deadlock, and are repeated, so that a conflict is always with
// a committed user.
func (a *accounts) Register(ctx context.Context, u identity.User, within account.Within) error {
	return a.inTx(ctx, func(tx *sql.Tx) error {
		err := createUserWithIdentity(ctx, clientOn(tx, a.dialect), u)
		switch {
		case a.dialect.IsConflict(err):
			return account.ErrConflict
		case err != nil:
			return fmt.Errorf("entstore: registering: %w", err)
		case within == nil:
			return nil
		}
		return a.explainBusy(within(ctx, tx))
	})
}

// explainBusy adds to an error of a hook that another connection of the hook
// waited for the transaction that the hook runs in.
func (a *accounts) explainBusy(err error) error {
	if err == nil || a.dialect.IsBusy == nil || !a.dialect.IsBusy(err) {
		return err
	}
	return fmt.Errorf("entstore: the hook must write through its transaction, which locks out all other connections: %w", err)
}

// createUserWithIdentity inserts both rows. The only unique key that two callers
// can share is that of the identity: ids are made for this call.
func createUserWithIdentity(ctx context.Context, client *entgen.Client, u identity.User) error {
	if err := createUser(ctx, client, u); err != nil {
		return err
	}
	return createIdentity(ctx, client, u)
}

func createUser(ctx context.Context, client *entgen.Client, u identity.User) error {
	create := client.User.Create().
		SetID(u.ID).
		SetCreatedMs(toMillis(u.CreatedAt)).
		SetNillableNotBeforeMs(toNullMillis(u.NotBefore))
	if u.Disabled {
		create.SetDisabledMs(toMillis(u.CreatedAt))
	}
	return create.Exec(ctx)
}

func createIdentity(ctx context.Context, client *entgen.Client, u identity.User) error {
	return client.Identity.Create().
		SetID(u.IdentityID).
		SetUserID(u.ID).
		SetIssuer(u.Issuer).
		SetSubject(u.Subject).
		SetProvider(u.Provider).
		SetIdentifier(u.Identifier).
		SetEmail(u.Email).
		SetEmailVerified(u.EmailVerified).
		SetPhone(u.Phone).
		SetPhoneVerified(u.PhoneVerified).
		SetCreatedMs(toMillis(u.CreatedAt)).
		SetLastLoginMs(toMillis(u.LastLoginAt)).
		Exec(ctx)
}

// Disable implements account.Store.
func (a *accounts) Disable(ctx context.Context, id identity.UserID, at time.Time) error {
	return a.updateUser(ctx, "disabling a user", id,
		atFirst(user.FieldDisabledMs, at), notBackwards(user.FieldNotBeforeMs, at))
}

// SetNotBefore implements account.Store.
func (a *accounts) SetNotBefore(ctx context.Context, id identity.UserID, at time.Time) error {
	return a.updateUser(ctx, "setting not-before", id, notBackwards(user.FieldNotBeforeMs, at))
}

// Enable implements account.Store.
func (a *accounts) Enable(ctx context.Context, id identity.UserID) error {
	found, err := a.client.User.Update().Where(user.ID(id)).ClearDisabledMs().Save(ctx)
	return oneFound("enabling a user", found, err, account.ErrNotFound)
}

// Delete implements account.Store. The foreign keys take identities and
// sessions along.
func (a *accounts) Delete(ctx context.Context, id identity.UserID) error {
	found, err := a.client.User.Delete().Where(user.ID(id)).Exec(ctx)
	if table, referenced := a.dialect.IsReferenced(err); referenced {
		return referencedBy(table, err)
	}
	return oneFound("deleting a user", found, err, account.ErrNotFound)
}

func referencedBy(table string, err error) error {
	if table == "" {
		return fmt.Errorf("entstore: deleting a user: %w: %w", account.ErrReferenced, err)
	}
	return fmt.Errorf("entstore: deleting a user: %w by table %s: %w", account.ErrReferenced, table, err)
}

type modifier = func(*entsql.UpdateBuilder)

func (a *accounts) updateUser(ctx context.Context, doing string, id uuid.UUID, change ...modifier) error {
	found, err := a.client.User.Update().Where(user.ID(id)).Modify(change...).Save(ctx)
	return oneFound(doing, found, err, account.ErrNotFound)
}

// atFirst sets a column if it is null.
func atFirst(column string, at time.Time) modifier {
	return func(u *entsql.UpdateBuilder) {
		u.Set(column, entsql.ExprFunc(func(b *entsql.Builder) {
			b.WriteString("COALESCE(" + column + ", ").Arg(toMillis(at)).WriteString(")")
		}))
	}
}

// notBackwards sets a column unless it contains a later time.
func notBackwards(column string, at time.Time) modifier {
	return func(u *entsql.UpdateBuilder) {
		u.Set(column, entsql.ExprFunc(func(b *entsql.Builder) {
			b.WriteString("CASE WHEN " + column + " > ").Arg(toMillis(at)).
				WriteString(" THEN " + column + " ELSE ").Arg(toMillis(at)).WriteString(" END")
		}))
	}
}
