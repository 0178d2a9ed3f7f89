package emulator

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/internal/jwt"
	"github.com/cotterpin/cotterpin/core/internal/signer"
	"github.com/cotterpin/cotterpin/core/token"
)

// maxPublished bounds the published keys; rotating beyond it drops the oldest.
const maxPublished = 16

// keyring holds the emulator's keys, which are ES256 as at Cotter.
type keyring struct {
	mu        sync.Mutex
	published []*signer.Key // oldest first; the last one signs
	retired   *signer.Key   // the previous signing key; before the first rotation an unpublished one
	foreign   *signer.Key   // never published
}

func newKeyring() *keyring {
	return &keyring{published: []*signer.Key{newKey()}, retired: newKey(), foreign: newKey()}
}

// newKey returns a key whose id has Cotter's form.
func newKey() *signer.Key {
	return signer.NewES256("SPACE_JWT_PUBLIC:" + strings.ToUpper(uuid.NewString()))
}

// rotate signs with a new key from now on. The old keys stay published.
func (r *keyring) rotate() {
	key := newKey()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.retired = r.published[len(r.published)-1]
	r.published = append(r.published, key)
	if len(r.published) > maxPublished {
		r.published = slices.Delete(r.published, 0, 1)
	}
}

// dropOld publishes the signing key alone.
func (r *keyring) dropOld() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.published = []*signer.Key{r.published[len(r.published)-1]}
}

// byName returns the key that mint calls "current", "retired" or "foreign".
func (r *keyring) byName(name string) (*signer.Key, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch name {
	case "current":
		return r.published[len(r.published)-1], true
	case "retired":
		return r.retired, true
	case "foreign":
		return r.foreign, true
	default:
		return nil, false
	}
}

func (r *keyring) current() *signer.Key {
	key, _ := r.byName("current")
	return key
}

// keySet is a JWK Set (RFC 7517, section 5).
type keySet struct {
	Keys []map[string]any `json:"keys"`
}

func (r *keyring) document() keySet {
	r.mu.Lock()
	defer r.mu.Unlock()
	var set keySet
	for _, key := range r.published {
		set.Keys = append(set.Keys, key.JWK())
	}
	return set
}

var _ token.KeySet = (*keyring)(nil)

// Key implements [token.KeySet] with the published keys.
func (r *keyring) Key(ctx context.Context, q token.KeyQuery) (token.Key, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var keys []token.Key
	for _, published := range r.published {
		key, err := token.NewKey(published.ID, published.Algorithm, published.Public())
		if err != nil {
			return token.Key{}, err
		}
		keys = append(keys, key)
	}
	return jwt.Static(keys...).Key(ctx, q)
}
