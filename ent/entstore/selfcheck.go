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
	errInexactID = errors.New("entstore: auth_users does not compare external_id byte-wise, " +
		"so that one person could join the user of another: give the column a binary collation")
	errIDNotUnique = errors.New("entstore: auth_users lacks the unique key over external_id, " +
		"so that one person could become two users: add it")
	errNotUnique = errors.New("entstore: auth_identities lacks the unique key over issuer and subject, " +
		"so that one person could become two users: add it")
)

// selfCheck registers users in transactions that it rolls back, and checks the
// behavior of the tables that the stores rely on.
func selfCheck(ctx context.Context, e engine) error {
	for _, check := range []func(context.Context, *entgen.Client, Dialect) error{
		checkComparisonAndCascade, checkUniqueKey, checkUniqueExternalID,
	} {
		if err := runRolledBack(ctx, e, check); err != nil {
			return err
		}
	}
	return nil
}

func runRolledBack(ctx context.Context, e engine, check func(context.Context, *entgen.Client, Dialect) error) error {
	tx, err := e.begin(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // the check must leave nothing behind
	return check(ctx, clientOn(tx, e.dialect), e.dialect)
}

func checkComparisonAndCascade(ctx context.Context, client *entgen.Client, _ Dialect) error {
	u := newProbe(newProbeKey())
	u.ExternalID = u.Issuer
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
	alike, err = client.User.Query().Where(user.ExternalIDIn(strings.ToUpper(u.ExternalID), u.ExternalID+" ")).Exist(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("entstore: comparing external ids: %w", err)
	case alike:
		return errInexactID
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

func checkUniqueKey(ctx context.Context, client *entgen.Client, d Dialect) error {
	key := newProbeKey()
	return checkUnique(ctx, client, d, newProbe(key), newProbe(key), errNotUnique)
}

func checkUniqueExternalID(ctx context.Context, client *entgen.Client, d Dialect) error {
	first, second := newProbe(newProbeKey()), newProbe(newProbeKey())
	first.ExternalID, second.ExternalID = first.Issuer, first.Issuer
	return checkUnique(ctx, client, d, first, second, errIDNotUnique)
}

// checkUnique returns notUnique if both users can be registered.
func checkUnique(ctx context.Context, client *entgen.Client, d Dialect, first, second identity.User, notUnique error) error {
	if err := createUserWithIdentity(ctx, client, first); err != nil {
		return fmt.Errorf("entstore: the tables reject a new user: %w", err)
	}
	err := createUserWithIdentity(ctx, client, second)
	switch {
	case err == nil:
		return notUnique
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
