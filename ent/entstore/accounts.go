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

// The columns of a user, with and without an identity; scanUser scans them.
const (
	userColumns     = `u.id, COALESCE(u.external_id, ''), u.created_ms, u.disabled_ms IS NOT NULL, u.not_before_ms`
	identityColumns = `i.id, i.issuer, i.subject, i.provider, i.identifier,
		i.email, i.email_verified, i.phone, i.phone_verified, i.last_login_ms`
	identityColumnsOrZero = `i.id, COALESCE(i.issuer, ''), COALESCE(i.subject, ''), COALESCE(i.provider, ''), COALESCE(i.identifier, ''),
		COALESCE(i.email, ''), COALESCE(i.email_verified, FALSE), COALESCE(i.phone, ''), COALESCE(i.phone_verified, FALSE),
		COALESCE(i.last_login_ms, 0)`
)

const (
	selectUserByKey = `SELECT ` + userColumns + `, ` + identityColumns + `
		FROM auth_identities AS i JOIN auth_users AS u ON u.id = i.user_id WHERE i.issuer = ? AND i.subject = ?`

	selectUser = `SELECT ` + userColumns + `, ` + identityColumnsOrZero + `
		FROM auth_users AS u LEFT JOIN auth_identities AS i ON i.user_id = u.id`
	latestFirst            = `i.last_login_ms DESC, i.id DESC`
	selectUserByID         = selectUser + ` WHERE u.id = ? ORDER BY ` + latestFirst + ` LIMIT 1`
	selectUserByExternalID = selectUser + ` WHERE u.external_id = ? ORDER BY ` + latestFirst + ` LIMIT 1`

	selectIdentities = `SELECT ` + identityColumns + `, i.created_ms FROM auth_identities AS i WHERE i.user_id = ? ORDER BY i.created_ms, i.id`
)

// accounts is the account.Store.
type accounts struct {
	engine
	prepared
	byKey, byID, recorded *sql.Stmt
}

var _ account.Store = (*accounts)(nil)

func newAccounts(ctx context.Context, e engine) (*accounts, error) {
	a := &accounts{engine: e}
	a.prepared = prepared{&a.byKey: selectUserByKey, &a.byID: selectUserByID, &a.recorded: selectRecorded}
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

// Identities implements account.Store.
func (a *accounts) Identities(ctx context.Context, id identity.UserID) ([]identity.Stored, error) {
	rows, err := a.pool.QueryContext(ctx, a.dialect.placeholders(selectIdentities), id)
	list, err := scanIdentities(rows, err)
	if err == nil && len(list) == 0 {
		_, err = a.Get(ctx, id)
	}
	return list, err
}

// scanner is a *sql.Row, or *sql.Rows.
type scanner interface {
	Scan(destinations ...any) error
}

func scanUser(row scanner) (identity.User, error) {
	var u identity.User
	err := row.Scan(
		&u.ID, &u.ExternalID, timeColumn{&u.CreatedAt}, &u.Disabled, timeColumn{&u.NotBefore},
		&u.IdentityID, &u.Issuer, &u.Subject, &u.Provider, &u.Identifier,
		&u.Email, &u.EmailVerified, &u.Phone, &u.PhoneVerified, loginColumn{&u.LastLoginAt},
	)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return identity.User{}, account.ErrNotFound
	case err != nil:
		return identity.User{}, fmt.Errorf("entstore: reading a user: %w", err)
	}
	return u, nil
}

// scanIdentities returns the rows of selectIdentities, and closes them.
func scanIdentities(rows *sql.Rows, err error) ([]identity.Stored, error) {
	if err != nil {
		return nil, fmt.Errorf("entstore: listing identities: %w", err)
	}
	defer rows.Close() //nolint:errcheck // what went wrong is in rows.Err
	var list []identity.Stored
	for rows.Next() {
		var i identity.Stored
		err := rows.Scan(
			&i.ID, &i.Issuer, &i.Subject, &i.Provider, &i.Identifier,
			&i.Email, &i.EmailVerified, &i.Phone, &i.PhoneVerified, loginColumn{&i.LastLoginAt}, timeColumn{&i.CreatedAt},
		)
		if err != nil {
			return nil, fmt.Errorf("entstore: reading an identity: %w", err)
		}
		list = append(list, i)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("entstore: listing identities: %w", err)
	}
	return list, nil
}

// explainBusy adds to an error of a hook that another connection of the hook
// waited for the transaction that the hook runs in.
func (e engine) explainBusy(err error) error {
	if err == nil || e.dialect.IsBusy == nil || !e.dialect.IsBusy(err) {
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
	return createIdentity(ctx, client, u.ID, u.Stored())
}

func createUser(ctx context.Context, client *entgen.Client, u identity.User) error {
	create := client.User.Create().
		SetID(u.ID).
		SetCreatedMs(toMillis(u.CreatedAt)).
		SetNillableNotBeforeMs(toNullMillis(u.NotBefore))
	if u.ExternalID != "" {
		create.SetExternalID(u.ExternalID)
	}
	if u.Disabled {
		create.SetDisabledMs(toMillis(u.CreatedAt))
	}
	return create.Exec(ctx)
}

func createIdentity(ctx context.Context, client *entgen.Client, owner identity.UserID, i identity.Stored) error {
	return client.Identity.Create().
		SetID(i.ID).
		SetUserID(owner).
		SetIssuer(i.Issuer).
		SetSubject(i.Subject).
		SetProvider(i.Provider).
		SetIdentifier(i.Identifier).
		SetEmail(i.Email).
		SetEmailVerified(i.EmailVerified).
		SetEmailFolded(identity.FoldEmail(i.Email)).
		SetPhone(i.Phone).
		SetPhoneVerified(i.PhoneVerified).
		SetCreatedMs(toMillis(i.CreatedAt)).
		SetLastLoginMs(toLoginMillis(i.LastLoginAt)).
		Exec(ctx)
}

// Disable implements account.Store.
func (a *accounts) Disable(ctx context.Context, id identity.UserID, at time.Time) error {
	return disable(ctx, a.client, id, at)
}

func disable(ctx context.Context, client *entgen.Client, id identity.UserID, at time.Time) error {
	return updateUser(ctx, client, "disabling a user", id,
		atFirst(user.FieldDisabledMs, at), notBackwards(user.FieldNotBeforeMs, at))
}

// SetNotBefore implements account.Store.
func (a *accounts) SetNotBefore(ctx context.Context, id identity.UserID, at time.Time) error {
	return setNotBefore(ctx, a.client, id, at)
}

func setNotBefore(ctx context.Context, client *entgen.Client, id identity.UserID, at time.Time) error {
	return updateUser(ctx, client, "setting not-before", id, notBackwards(user.FieldNotBeforeMs, at))
}

// Enable implements account.Store.
func (a *accounts) Enable(ctx context.Context, id identity.UserID) error {
	found, err := a.client.User.Update().Where(user.ID(id)).ClearDisabledMs().Save(ctx)
	return oneFound("enabling a user", found, err, account.ErrNotFound)
}

// Delete implements account.Store.
func (a *accounts) Delete(ctx context.Context, id identity.UserID) error {
	return a.dialect.deleteUser(ctx, a.client, id)
}

// deleteUser deletes a user. The foreign keys take identities and sessions along.
func (d Dialect) deleteUser(ctx context.Context, client *entgen.Client, id identity.UserID) error {
	found, err := client.User.Delete().Where(user.ID(id)).Exec(ctx)
	if table, referenced := d.IsReferenced(err); referenced {
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

func updateUser(ctx context.Context, client *entgen.Client, doing string, id uuid.UUID, change ...modifier) error {
	found, err := client.User.Update().Where(user.ID(id)).Modify(change...).Save(ctx)
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
