package ownjwt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cotterpin/cotterpin/core/session"
)

// maintain adds the keys that are due and deletes those that are obsolete. changed
// reports whether the store has other keys now.
func (r *Keyring) maintain(ctx context.Context, stored []session.Key) (changed bool, err error) {
	now := r.now()
	var failed []error
	for _, purpose := range purposes {
		if at, isDue := r.sealer.nextActive(stored, purpose, now); isDue {
			changed = true
			failed = append(failed, r.add(ctx, stored, purpose, at))
		}
	}
	for _, k := range stored {
		if isObsolete(stored, k, now) {
			changed = true
			failed = append(failed, r.delete(ctx, k))
		}
	}
	return changed, errors.Join(failed...)
}

// add stores the next key for a purpose, unless another process has.
func (r *Keyring) add(ctx context.Context, stored []session.Key, purpose session.KeyPurpose, activeAt time.Time) error {
	k, secret, err := newKey(purpose)
	if err != nil {
		return err
	}
	k.Serial = nextSerial(stored, purpose)
	k.CreatedAt, k.ActiveAt = r.now(), activeAt
	k.Secret = r.sealer.seal(k, secret)
	switch err := r.store.Add(ctx, k); {
	case errors.Is(err, session.ErrKeyExists):
		return nil
	case err != nil:
		return fmt.Errorf("adding a server key: %w", err)
	}
	r.log.InfoContext(ctx, "server key added", "event", "server_key_added", "key", k.ID, "purpose", string(purpose), "active_at", activeAt)
	return nil
}

func (r *Keyring) delete(ctx context.Context, k session.Key) error {
	if err := r.store.Delete(ctx, k.ID); err != nil {
		return fmt.Errorf("deleting server key %q: %w", k.ID, err)
	}
	r.log.InfoContext(ctx, "server key deleted", "event", "server_key_deleted", "key", k.ID, "purpose", string(k.Purpose))
	return nil
}

// Rotate adds the next keys, which are used an hour later, as in a rotation that
// is due. Other processes read the change within [KeyMaxAge].
//
// With revoke the next signing key is used at once, and the older ones are revoked
// after it was added: tokens that were signed with them become invalid. Older
// refresh keys are revoked only if they cannot be decrypted. The others recognize
// the refresh tokens that clients have, so that their sessions continue.
//
// Without revoke it is an error if a key cannot be decrypted.
func (r *Keyring) Rotate(ctx context.Context, revoke bool) error {
	stored, err := r.store.List(ctx)
	if err != nil {
		return fmt.Errorf("reading server keys: %w", err)
	}
	if _, err := r.open(stored); err != nil && !revoke {
		return err
	}
	kept := stored
	if revoke {
		kept = slices.DeleteFunc(slices.Clone(stored), r.isRevocable)
	}
	for _, purpose := range purposes {
		at, _ := r.sealer.nextActive(kept, purpose, r.now())
		if err := r.add(ctx, stored, purpose, at); err != nil {
			return err
		}
	}
	if !revoke {
		return nil
	}
	return r.revokeOlder(ctx)
}

// isRevocable reports whether Rotate revokes k if it is not the newest.
func (r *Keyring) isRevocable(k session.Key) bool {
	if k.Purpose == session.KeySigns {
		return true
	}
	_, err := r.sealer.open(k)
	return err != nil
}

// revokeOlder revokes the keys that are not the newest for their purpose.
func (r *Keyring) revokeOlder(ctx context.Context) error {
	stored, err := r.store.List(ctx)
	if err != nil {
		return fmt.Errorf("reading server keys: %w", err)
	}
	for _, purpose := range purposes {
		keys := unrevoked(stored, purpose)
		for _, k := range keys[:max(0, len(keys)-1)] {
			if !r.isRevocable(k) {
				continue
			}
			if err := r.store.Revoke(ctx, k.ID, r.now()); err != nil && !errors.Is(err, session.ErrNotFound) {
				return fmt.Errorf("revoking server key %q: %w", k.ID, err)
			}
			r.log.InfoContext(ctx, "server key revoked", "event", "server_key_revoked", "key", k.ID, "purpose", string(purpose))
		}
	}
	return nil
}
