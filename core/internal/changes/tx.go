package changes

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/identity"
)

// users is a set of users that a transaction has changed.
type users map[identity.UserID]struct{}

func (u users) add(id identity.UserID) { u[id] = struct{}{} }

func (u users) publish(f *Feed) {
	for id := range u {
		f.Publish(id)
	}
}

// tx is a transaction that collects the existing users that it changes. A created
// one is in no cache.
type tx struct {
	account.Tx
	changed users
}

func (t tx) AddIdentity(ctx context.Context, user identity.UserID, i identity.Stored) error {
	t.changed.add(user)
	return t.Tx.AddIdentity(ctx, user, i)
}

func (t tx) RemoveIdentity(ctx context.Context, user identity.UserID, id uuid.UUID) error {
	t.changed.add(user)
	return t.Tx.RemoveIdentity(ctx, user, id)
}

func (t tx) SetExternalID(ctx context.Context, user identity.UserID, externalID string) error {
	t.changed.add(user)
	return t.Tx.SetExternalID(ctx, user, externalID)
}

func (t tx) SetNotBefore(ctx context.Context, user identity.UserID, at time.Time) error {
	t.changed.add(user)
	return t.Tx.SetNotBefore(ctx, user, at)
}

func (t tx) Disable(ctx context.Context, user identity.UserID, at time.Time) error {
	t.changed.add(user)
	return t.Tx.Disable(ctx, user, at)
}

func (t tx) RevokeSessions(ctx context.Context, user identity.UserID, reason string, at time.Time) error {
	t.changed.add(user)
	return t.Tx.RevokeSessions(ctx, user, reason, at)
}

func (t tx) Delete(ctx context.Context, user identity.UserID) error {
	t.changed.add(user)
	return t.Tx.Delete(ctx, user)
}
