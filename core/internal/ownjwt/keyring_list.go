package ownjwt

import (
	"context"
	"fmt"

	"github.com/cotterpin/cotterpin/core/session"
)

// KeyState is what a stored key is used for.
type KeyState string

// The values of KeyState.
const (
	StateNext    KeyState = "next"    // nothing is made with it yet
	StateActive  KeyState = "active"  // new tokens are made with it
	StateRetired KeyState = "retired" // tokens that were made with it are valid
	StateRevoked KeyState = "revoked" // no token that was made with it is valid
)

// StoredKey is a stored key without its secret.
type StoredKey struct {
	session.Key

	State KeyState
}

// List returns the stored keys, ordered by purpose and serial number, also those
// that cannot be decrypted. It neither adds nor deletes any.
func (r *Keyring) List(ctx context.Context) ([]StoredKey, error) {
	stored, err := r.store.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading server keys: %w", err)
	}
	now := r.now()
	var listed []StoredKey
	for _, k := range stored {
		state := stateOf(k, currentKey(stored, k.Purpose, now))
		k.Secret = nil
		listed = append(listed, StoredKey{k, state})
	}
	return listed, nil
}

func stateOf(k, current session.Key) KeyState {
	switch {
	case !k.RevokedAt.IsZero():
		return StateRevoked
	case k.Serial > current.Serial:
		return StateNext
	case k.Serial < current.Serial:
		return StateRetired
	default:
		return StateActive
	}
}
