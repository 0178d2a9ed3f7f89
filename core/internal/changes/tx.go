package changes

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/identity"
)

// changed contains the users that a transaction has changed, and the marks of the
// sessions at providers that it has ended.
type changed struct {
	users map[identity.UserID]struct{}
	ended map[string]struct{}
}

func newChanged() changed {
	return changed{map[identity.UserID]struct{}{}, map[string]struct{}{}}
}

func (c changed) add(user identity.UserID) { c.users[user] = struct{}{} }

func (c changed) publish(f *Feed) {
	for user := range c.users {
		f.Publish(user)
	}
	for mark := range c.ended {
		f.PublishEnded(mark)
	}
}

// tx is a transaction that collects what it changes of existing users. A created one
// is in no cache.
type tx struct {
	account.Tx
	changed changed
}

// EndProviderSession collects the mark first: tokens of the session at the provider
// may be cached for users without own sessions.
func (t tx) EndProviderSession(ctx context.Context, mark, reason string, at, expires time.Time) ([]identity.UserID, error) {
	t.changed.ended[mark] = struct{}{}
	users, err := t.Tx.EndProviderSession(ctx, mark, reason, at, expires)
	for _, user := range users {
		t.changed.add(user)
	}
	return users, err
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
