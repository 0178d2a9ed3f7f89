package customstore

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/cotterpin/cotterpin/core/session"
)

type keys struct{ *DB }

func (k keys) List(ctx context.Context) (list []session.Key, err error) {
	err = k.atomically(ctx, func() error {
		list = slices.SortedFunc(maps.Values(k.keys), func(a, b session.Key) int {
			return cmp.Or(cmp.Compare(a.Purpose, b.Purpose), cmp.Compare(a.Serial, b.Serial))
		})
		return nil
	})
	return list, err
}

func (k keys) Add(ctx context.Context, key session.Key) error {
	return k.atomically(ctx, func() error {
		for _, other := range k.keys {
			if other.ID == key.ID || other.Purpose == key.Purpose && other.Serial == key.Serial {
				return session.ErrKeyExists
			}
		}
		toMillis(&key.CreatedAt, &key.ActiveAt, &key.RevokedAt)
		k.keys[key.ID] = key
		return nil
	})
}

func (k keys) Revoke(ctx context.Context, id string, at time.Time) error {
	return k.atomically(ctx, func() error {
		key, ok := k.keys[id]
		if !ok {
			return session.ErrNotFound
		}
		if key.RevokedAt.IsZero() {
			toMillis(&at)
			key.RevokedAt = at
			k.keys[id] = key
		}
		return nil
	})
}

func (k keys) Delete(ctx context.Context, id string) error {
	return k.atomically(ctx, func() error {
		delete(k.keys, id)
		return nil
	})
}
