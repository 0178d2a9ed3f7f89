package session

import (
	"slices"
	"sync"

	"github.com/cotterpin/cotterpin/core/identity"
)

// owners contains the cached keys of each user, so that a change of a user costs
// what its own entries cost.
type owners[K comparable] struct {
	mu   sync.Mutex // innermost: it is held during no call
	keys map[identity.UserID][]K
}

func newOwners[K comparable]() *owners[K] {
	return &owners[K]{keys: map[identity.UserID][]K{}}
}

// add adds a key of a user. A value that is replaced removes it once.
func (o *owners[K]) add(user identity.UserID, key K) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.keys[user] = append(o.keys[user], key)
}

// remove removes a key of a user.
func (o *owners[K]) remove(user identity.UserID, key K) {
	o.mu.Lock()
	defer o.mu.Unlock()
	keys := o.keys[user]
	i := slices.Index(keys, key)
	switch {
	case i < 0:
	case len(keys) == 1:
		delete(o.keys, user)
	default:
		o.keys[user] = slices.Delete(keys, i, i+1)
	}
}

// take removes and returns all keys of a user.
func (o *owners[K]) take(user identity.UserID) []K {
	o.mu.Lock()
	defer o.mu.Unlock()
	keys := o.keys[user]
	delete(o.keys, user)
	return keys
}
