package memstore

import (
	"context"
	"errors"
	"time"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/identity"
)

type accounts struct{ db *DB }

var _ account.Store = accounts{}

func (a accounts) Find(ctx context.Context, key identity.Key) (identity.User, error) {
	end, err := a.db.begin(ctx)
	if err != nil {
		return identity.User{}, err
	}
	defer end()
	id, ok := a.db.owners[key]
	if !ok {
		return identity.User{}, account.ErrNotFound
	}
	return a.db.users[id], nil
}

// Register runs one registration at a time, as SQLite does. The database is not
// locked while within runs, so that within may read it.
func (a accounts) Register(ctx context.Context, user identity.User, within account.Within) error {
	select {
	case a.db.registering <- struct{}{}:
		defer func() { <-a.db.registering }()
	case <-ctx.Done():
		return ctx.Err()
	}
	_, err := a.Find(ctx, user.Key)
	switch {
	case err == nil:
		return account.ErrConflict
	case !errors.Is(err, account.ErrNotFound):
		return err
	}
	if within != nil {
		if err := within(ctx, nil); err != nil {
			return err
		}
	}
	return a.insert(ctx, user)
}

func (a accounts) insert(ctx context.Context, user identity.User) error {
	end, err := a.db.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	user.CreatedAt = millis(user.CreatedAt)
	user.LastLoginAt = millis(user.LastLoginAt)
	user.NotBefore = millis(user.NotBefore)
	a.db.users[user.ID] = user
	a.db.owners[user.Key] = user.ID
	return nil
}

func (a accounts) Get(ctx context.Context, id identity.UserID) (identity.User, error) {
	end, err := a.db.begin(ctx)
	if err != nil {
		return identity.User{}, err
	}
	defer end()
	user, ok := a.db.users[id]
	if !ok {
		return identity.User{}, account.ErrNotFound
	}
	return user, nil
}

func (a accounts) Disable(ctx context.Context, id identity.UserID, at time.Time) error {
	return a.update(ctx, id, func(user *identity.User) {
		user.Disabled = true
		user.NotBefore = later(user.NotBefore, millis(at))
	})
}

func (a accounts) Enable(ctx context.Context, id identity.UserID) error {
	return a.update(ctx, id, func(user *identity.User) { user.Disabled = false })
}

func (a accounts) SetNotBefore(ctx context.Context, id identity.UserID, at time.Time) error {
	return a.update(ctx, id, func(user *identity.User) { user.NotBefore = later(user.NotBefore, millis(at)) })
}

func (a accounts) Delete(ctx context.Context, id identity.UserID) error {
	end, err := a.db.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	user, ok := a.db.users[id]
	if !ok {
		return account.ErrNotFound
	}
	delete(a.db.users, id)
	delete(a.db.owners, user.Key)
	for _, r := range a.db.byUser[id] {
		delete(a.db.sessions, r.Lookup)
	}
	delete(a.db.byUser, id)
	return nil
}

func (a accounts) update(ctx context.Context, id identity.UserID, change func(*identity.User)) error {
	end, err := a.db.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	user, ok := a.db.users[id]
	if !ok {
		return account.ErrNotFound
	}
	change(&user)
	a.db.users[id] = user
	return nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
