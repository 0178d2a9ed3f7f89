package entstore

import (
	"context"
	"fmt"
	"time"

	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/ent/internal/entgen"
	entkey "github.com/cotterpin/cotterpin/ent/internal/entgen/key"
)

// keys is the session.KeyStore.
type keys struct{ engine }

var _ session.KeyStore = keys{}

// List implements session.KeyStore.
func (k keys) List(ctx context.Context) ([]session.Key, error) {
	rows, err := k.client.Key.Query().Order(entkey.ByPurpose(), entkey.BySerial()).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("entstore: reading keys: %w", err)
	}
	list := make([]session.Key, len(rows))
	for i, row := range rows {
		list[i] = newKey(row)
	}
	return list, nil
}

func newKey(row *entgen.Key) session.Key {
	k := session.Key{
		ID:        row.ID,
		Purpose:   session.KeyPurpose(row.Purpose),
		Serial:    int(row.Serial),
		Secret:    row.Secret,
		Public:    row.Public,
		CreatedAt: fromMillis(row.CreatedMs),
		ActiveAt:  fromMillis(row.ActiveMs),
	}
	if row.RevokedMs != nil {
		k.RevokedAt = fromMillis(*row.RevokedMs)
	}
	return k
}

// Add implements session.KeyStore.
func (k keys) Add(ctx context.Context, key session.Key) error {
	err := k.client.Key.Create().
		SetID(key.ID).
		SetPurpose(string(key.Purpose)).
		SetSerial(int64(key.Serial)).
		SetSecret(key.Secret).
		SetPublic(key.Public).
		SetCreatedMs(toMillis(key.CreatedAt)).
		SetActiveMs(toMillis(key.ActiveAt)).
		SetNillableRevokedMs(toNullMillis(key.RevokedAt)).
		Exec(ctx)
	switch {
	case k.dialect.IsConflict(err):
		return session.ErrKeyExists
	case err != nil:
		return fmt.Errorf("entstore: adding a key: %w", err)
	}
	return nil
}

// Revoke implements session.KeyStore.
func (k keys) Revoke(ctx context.Context, id string, at time.Time) error {
	found, err := k.client.Key.Update().Where(entkey.ID(id)).Modify(atFirst(entkey.FieldRevokedMs, at)).Save(ctx)
	return oneFound("revoking a key", found, err, session.ErrNotFound)
}

// Delete implements session.KeyStore.
func (k keys) Delete(ctx context.Context, id string) error {
	if _, err := k.client.Key.Delete().Where(entkey.ID(id)).Exec(ctx); err != nil {
		return fmt.Errorf("entstore: deleting a key: %w", err)
	}
	return nil
}
