package memstore

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/cotterpin/cotterpin/core/session"
)

type keys struct{ db *DB }

var _ session.KeyStore = keys{}

func (k keys) List(ctx context.Context) ([]session.Key, error) {
	end, err := k.db.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	return slices.SortedFunc(maps.Values(k.db.keys), func(a, b session.Key) int {
		return cmp.Or(cmp.Compare(a.Purpose, b.Purpose), cmp.Compare(a.Serial, b.Serial))
	}), nil
}

func (k keys) Add(ctx context.Context, key session.Key) error {
	end, err := k.db.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	for _, other := range k.db.keys {
		if other.ID == key.ID || other.Purpose == key.Purpose && other.Serial == key.Serial {
			return session.ErrKeyExists
		}
	}
	key.CreatedAt, key.ActiveAt, key.RevokedAt = millis(key.CreatedAt), millis(key.ActiveAt), millis(key.RevokedAt)
	k.db.keys[key.ID] = key
	return nil
}

func (k keys) Revoke(ctx context.Context, id string, at time.Time) error {
	end, err := k.db.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	key, ok := k.db.keys[id]
	if !ok {
		return session.ErrNotFound
	}
	if key.RevokedAt.IsZero() {
		key.RevokedAt = millis(at)
		k.db.keys[id] = key
	}
	return nil
}

func (k keys) Delete(ctx context.Context, id string) error {
	end, err := k.db.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	delete(k.db.keys, id)
	return nil
}
