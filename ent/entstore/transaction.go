package entstore

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"entgo.io/ent/dialect"
	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/ent/internal/entgen"
	entidentity "github.com/cotterpin/cotterpin/ent/internal/entgen/identity"
	"github.com/cotterpin/cotterpin/ent/internal/entgen/user"
)

// lockTTL is how long the row of a lock exists after its last transaction.
const lockTTL = 24 * time.Hour

// Transact implements account.Store. A lock is a row of auth_marks, which the
// transaction writes before it reads anything.
func (a *accounts) Transact(ctx context.Context, locks []string, do func(context.Context, account.Tx) error) error {
	return a.inReadCommitted(ctx, func(tx *sql.Tx) error {
		if err := a.dialect.lock(ctx, tx, locks); err != nil {
			return err
		}
		return a.run(ctx, tx, do)
	})
}

// run calls do with the transaction. If a method failed and do has not returned the
// error, run does: the database may have rolled back a part of the transaction.
func (e engine) run(ctx context.Context, tx *sql.Tx, do func(context.Context, account.Tx) error) error {
	t := &transaction{tx: tx, dialect: e.dialect, client: clientOn(tx, e.dialect)}
	if err := do(context.WithValue(ctx, driverKey{}, newTxDriver(e.dialect, tx)), t); err != nil {
		return e.explainBusy(err)
	}
	return t.failed
}

// lock waits for other transactions with an equal lock. On SQLite a transaction has
// waited for all others when it begins.
func (d Dialect) lock(ctx context.Context, tx *sql.Tx, locks []string) error {
	if d.oneWriter() {
		return nil
	}
	onConflict := "ON CONFLICT (id) DO UPDATE SET expires_ms = excluded.expires_ms"
	if d.Name == dialect.MySQL {
		onConflict = "ON DUPLICATE KEY UPDATE expires_ms = VALUES(expires_ms)"
	}
	expires := toMillis(time.Now().Add(lockTTL))
	for _, lock := range slices.Compact(slices.Sorted(slices.Values(locks))) {
		_, err := tx.ExecContext(ctx,
			d.placeholders("INSERT INTO auth_marks (id, recorded, expires_ms) VALUES (?, ?, ?) "+onConflict), lockID(lock), false, expires)
		if err != nil {
			return fmt.Errorf("entstore: locking: %w", err)
		}
	}
	return nil
}

// lockID returns the id of the mark of a lock. It differs from that of a recorded
// mark with the same name.
func lockID(lock string) string {
	hash := sha256.Sum256([]byte("lock " + lock))
	return hex.EncodeToString(hash[:])
}

// transaction is the account.Tx. On MySQL its isolation is READ COMMITTED, as on
// PostgreSQL, so that a read returns what the transaction has waited for.
type transaction struct {
	tx      *sql.Tx
	dialect Dialect
	client  *entgen.Client
	failed  error // the first error of a method, except of a read that found nothing
}

var _ account.Tx = (*transaction)(nil)

// fail returns an error of a method, which run returns if its caller does not.
func (t *transaction) fail(err error) error {
	if t.failed == nil {
		t.failed = err
	}
	return err
}

// read is fail for a method that reads: that it finds nothing is no failure.
func (t *transaction) read(err error) error {
	if errors.Is(err, account.ErrNotFound) {
		return err
	}
	return t.fail(err)
}

// SQL implements account.Tx.
func (t *transaction) SQL() *sql.Tx { return t.tx }

func (t *transaction) row(ctx context.Context, query string, args ...any) *sql.Row {
	return t.tx.QueryRowContext(ctx, t.dialect.placeholders(query), args...)
}

// Find implements account.Tx.
func (t *transaction) Find(ctx context.Context, key identity.Key) (identity.User, error) {
	return t.locked(ctx, selectUserByKey, key.Issuer, key.Subject)
}

// GetByExternalID implements account.Tx.
func (t *transaction) GetByExternalID(ctx context.Context, externalID string) (identity.User, error) {
	if !isText(externalID) {
		return identity.User{}, account.ErrNotFound
	}
	return t.locked(ctx, selectUserByExternalID, externalID)
}

// locked returns the user that a query selects, and locks it. The user is read again
// after that, because another transaction may have changed it.
func (t *transaction) locked(ctx context.Context, query string, args ...any) (identity.User, error) {
	found, err := scanUser(t.row(ctx, query, args...))
	if err == nil {
		err = t.lockUser(ctx, found.ID)
	}
	if err == nil && !t.dialect.oneWriter() {
		found, err = scanUser(t.row(ctx, query, args...))
	}
	return found, t.read(err)
}

// Get implements account.Tx.
func (t *transaction) Get(ctx context.Context, id identity.UserID) (identity.User, error) {
	if err := t.lockUser(ctx, id); err != nil {
		return identity.User{}, t.read(err)
	}
	found, err := scanUser(t.row(ctx, selectUserByID, id))
	return found, t.read(err)
}

// lockUser locks a user as a login does, until the transaction ends.
func (t *transaction) lockUser(ctx context.Context, id identity.UserID) error {
	if t.dialect.oneWriter() {
		return nil
	}
	query := "SELECT id FROM auth_users WHERE id = ? FOR UPDATE"
	if t.dialect.Name == dialect.Postgres {
		query = "SELECT id FROM auth_users WHERE id = ? FOR NO KEY UPDATE"
	}
	err := t.row(ctx, query, id).Scan(new(identity.UserID))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return account.ErrNotFound
	case err != nil:
		return fmt.Errorf("entstore: locking a user: %w", err)
	}
	return nil
}

// Identities implements account.Tx.
func (t *transaction) Identities(ctx context.Context, id identity.UserID) ([]identity.Stored, error) {
	if err := t.lockUser(ctx, id); err != nil {
		return nil, t.read(err)
	}
	rows, err := t.tx.QueryContext(ctx, t.dialect.placeholders(selectIdentities), id)
	list, err := scanIdentities(rows, err)
	if err == nil && len(list) == 0 {
		_, err = t.Get(ctx, id)
	}
	return list, t.read(err)
}

// WithEmail implements account.Tx.
func (t *transaction) WithEmail(ctx context.Context, email string) ([]identity.UserID, error) {
	folded := identity.FoldEmail(email)
	return t.having(ctx, email, selectByEmail, []any{folded, folded}, func(stored string) bool {
		return identity.FoldEmail(stored) == folded
	})
}

// WithPhone implements account.Tx.
func (t *transaction) WithPhone(ctx context.Context, phone string) ([]identity.UserID, error) {
	return t.having(ctx, phone, selectByPhone, []any{phone}, func(stored string) bool { return stored == phone })
}

// having locks and returns the users of the identities that a query selects with a
// contact. It reads again after it has locked them, because a login may have changed
// the contact.
func (t *transaction) having(
	ctx context.Context, contact, query string, args []any, matches func(stored string) bool,
) ([]identity.UserID, error) {
	if !isText(contact) {
		return nil, nil
	}
	found, err := t.search(ctx, query, args, matches)
	if err != nil || len(found) == 0 || t.dialect.oneWriter() {
		return found, t.fail(err)
	}
	for _, id := range found {
		if err := t.lockUser(ctx, id); err != nil && !errors.Is(err, account.ErrNotFound) {
			return nil, t.fail(err)
		}
	}
	current, err := t.search(ctx, query, args, matches)
	if err != nil {
		return nil, t.fail(err)
	}
	return slices.DeleteFunc(found, func(id identity.UserID) bool { return !slices.Contains(current, id) }), nil
}

// search returns the users of a query for their ids and contacts, ordered by id.
func (t *transaction) search(ctx context.Context, query string, args []any, matches func(string) bool) ([]identity.UserID, error) {
	rows, err := t.tx.QueryContext(ctx, t.dialect.placeholders(query), args...)
	if err != nil {
		return nil, fmt.Errorf("entstore: searching for a contact: %w", err)
	}
	defer rows.Close() //nolint:errcheck // what went wrong is in rows.Err
	var users []identity.UserID
	for rows.Next() {
		var id identity.UserID
		var contact string
		if err := rows.Scan(&id, &contact); err != nil {
			return nil, fmt.Errorf("entstore: searching for a contact: %w", err)
		}
		if matches(contact) {
			users = append(users, id)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("entstore: searching for a contact: %w", err)
	}
	slices.SortFunc(users, compareIDs)
	return slices.Compact(users), nil
}

// CreateUser implements account.Tx.
func (t *transaction) CreateUser(ctx context.Context, u identity.User) error {
	return t.inserted("creating a user", createUser(ctx, t.client, u))
}

// AddIdentity implements account.Tx. Transactions that wait for one that is rolled
// back may deadlock, and are repeated, so that a conflict is always with a committed
// identity.
func (t *transaction) AddIdentity(ctx context.Context, owner identity.UserID, i identity.Stored) error {
	return t.inserted("adding an identity", createIdentity(ctx, t.client, owner, i))
}

// inserted returns the error of an insertion.
func (t *transaction) inserted(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case t.dialect.IsConflict(err):
		return t.fail(account.ErrConflict)
	}
	return t.fail(fmt.Errorf("entstore: %s: %w", doing, err))
}

// RemoveIdentity implements account.Tx. The foreign key deletes the sessions. The
// user is locked first, as by a login, so that both do not deadlock.
func (t *transaction) RemoveIdentity(ctx context.Context, owner identity.UserID, id uuid.UUID) error {
	if err := t.lockUser(ctx, owner); err != nil {
		return t.fail(err)
	}
	found, err := t.client.Identity.Delete().Where(entidentity.ID(id), entidentity.UserID(owner)).Exec(ctx)
	return t.fail(oneFound("removing an identity", found, err, account.ErrNotFound))
}

// SetExternalID implements account.Tx.
func (t *transaction) SetExternalID(ctx context.Context, id identity.UserID, externalID string) error {
	update := t.client.User.Update().Where(user.ID(id))
	if externalID == "" {
		update.ClearExternalID()
	} else {
		update.SetExternalID(externalID)
	}
	found, err := update.Save(ctx)
	if err != nil {
		return t.inserted("setting an external id", err)
	}
	return t.fail(oneFound("setting an external id", found, nil, account.ErrNotFound))
}

// SetNotBefore implements account.Tx.
func (t *transaction) SetNotBefore(ctx context.Context, id identity.UserID, at time.Time) error {
	return t.fail(setNotBefore(ctx, t.client, id, at))
}

// Disable implements account.Tx.
func (t *transaction) Disable(ctx context.Context, id identity.UserID, at time.Time) error {
	return t.fail(disable(ctx, t.client, id, at))
}

// RevokeSessions implements account.Tx. The user is locked first: each login that
// begins a session has committed, or waits.
func (t *transaction) RevokeSessions(ctx context.Context, id identity.UserID, reason string, at time.Time) error {
	switch err := t.lockUser(ctx, id); {
	case errors.Is(err, account.ErrNotFound):
		return nil
	case err != nil:
		return t.fail(err)
	}
	now := toMillis(at)
	if _, err := t.tx.ExecContext(ctx, t.dialect.placeholders(revokeSessions), now, reason, id, "", now, now); err != nil {
		return t.fail(fmt.Errorf("entstore: revoking sessions: %w", err))
	}
	return nil
}

// Delete implements account.Tx.
func (t *transaction) Delete(ctx context.Context, id identity.UserID) error {
	return t.fail(t.dialect.deleteUser(ctx, t.client, id))
}
