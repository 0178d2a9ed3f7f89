package entstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/ent/internal/entgen"
	entidentity "github.com/cotterpin/cotterpin/ent/internal/entgen/identity"
	"github.com/cotterpin/cotterpin/ent/internal/entgen/user"
)

// The errors of tables that would break a guarantee of the stores.
var (
	errInexact = errors.New("entstore: auth_identities does not compare issuer and subject byte-wise, " +
		"so that one person could sign in as another: give the columns a binary collation")
	errNoCascade = errors.New("entstore: deleting a row of auth_users leaves rows of auth_identities behind: " +
		"add the foreign keys with ON DELETE CASCADE, and make sure that the database enforces them")
	errNotUnique = errors.New("entstore: auth_identities lacks the unique key over issuer and subject, " +
		"so that one person could become two users: add it")
)

// selfCheck registers a user in a transaction that it rolls back, and checks the
// behavior of the tables that the stores rely on.
func selfCheck(ctx context.Context, e engine) error {
	tx, err := e.begin(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // the check must leave nothing behind
	client := clientOn(tx, e.dialect)
	if err := checkComparisonAndCascade(ctx, client); err != nil {
		return err
	}
	return checkUnique(ctx, client, e.dialect)
}

func checkComparisonAndCascade(ctx context.Context, client *entgen.Client) error {
	u := newProbe(newProbeKey())
	if err := createUserWithIdentity(ctx, client, u); err != nil {
		return fmt.Errorf("entstore: the tables reject a new user: %w", err)
	}
	alike, err := client.Identity.Query().Where(entidentity.Or(
		entidentity.And(entidentity.Issuer(u.Issuer), entidentity.SubjectIn("A", "a ", "á")),
		entidentity.And(entidentity.Issuer(strings.ToUpper(u.Issuer)), entidentity.Subject(u.Subject)),
	)).Exist(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("entstore: comparing identities: %w", err)
	case alike:
		return errInexact
	}
	if _, err := client.User.Delete().Where(user.ID(u.ID)).Exec(ctx); err != nil {
		return fmt.Errorf("entstore: deleting a user: %w", err)
	}
	left, err := client.Identity.Query().Where(entidentity.ID(u.IdentityID)).Exist(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("entstore: searching for an identity: %w", err)
	case left:
		return errNoCascade
	}
	return nil
}

// checkUnique leaves the transaction unusable on some databases.
func checkUnique(ctx context.Context, client *entgen.Client, d Dialect) error {
	key := newProbeKey()
	if err := createUserWithIdentity(ctx, client, newProbe(key)); err != nil {
		return fmt.Errorf("entstore: the tables reject a new user: %w", err)
	}
	err := createUserWithIdentity(ctx, client, newProbe(key))
	switch {
	case err == nil:
		return errNotUnique
	case !d.IsConflict(err):
		return fmt.Errorf("entstore: the tables reject a second user: %w", err)
	}
	return nil
}

// newProbeKey returns a random key, so that programs that start at the same time
// do not wait for each other.
func newProbeKey() identity.Key {
	return identity.Key{Issuer: "urn:cotterpin:self-check:" + uuid.NewString(), Subject: "a"}
}

// newProbe returns a user that is never committed.
func newProbe(key identity.Key) identity.User {
	now := time.Now()
	return identity.User{
		ID:          uuid.Must(uuid.NewV7()),
		IdentityID:  uuid.Must(uuid.NewV7()),
		Key:         key,
		CreatedAt:   now,
		LastLoginAt: now,
	}
}
