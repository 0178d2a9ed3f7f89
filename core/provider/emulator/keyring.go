package emulator

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/token"
)

// signingKey is a key pair for ES256 with its name.
type signingKey struct {
	id      string
	private *ecdsa.PrivateKey
	public  token.Key
}

func newSigningKey() (*signingKey, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("emulator: generate a key: %w", err)
	}
	id := "SPACE_JWT_PUBLIC:" + strings.ToUpper(uuid.NewString())
	public, err := token.NewKey(id, "ES256", &private.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("emulator: %w", err)
	}
	return &signingKey{id, private, public}, nil
}

// maxPublished is how many keys are published at most; rotating beyond it
// drops the oldest.
const maxPublished = 16

// keyring is the emulator's keys.
type keyring struct {
	mu        sync.Mutex
	published []*signingKey // oldest first; the last one signs
	retired   *signingKey   // the one that signed before; at start one that nobody published
	foreign   *signingKey   // never published
}

func newKeyring() (*keyring, error) {
	fresh := make([]*signingKey, 3)
	for i := range fresh {
		key, err := newSigningKey()
		if err != nil {
			return nil, err
		}
		fresh[i] = key
	}
	return &keyring{published: fresh[:1:1], retired: fresh[1], foreign: fresh[2]}, nil
}

// rotate makes a new key sign. The old ones stay published.
func (r *keyring) rotate() error {
	key, err := newSigningKey()
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.retired = r.published[len(r.published)-1]
	r.published = append(r.published, key)
	if len(r.published) > maxPublished {
		r.published = slices.Delete(r.published, 0, 1)
	}
	return nil
}

// dropOld publishes the signing key alone.
func (r *keyring) dropOld() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.published = []*signingKey{r.published[len(r.published)-1]}
}

// named returns the key that mint calls "current", "retired" or "foreign".
func (r *keyring) named(name string) (*signingKey, bool) {
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

func (r *keyring) current() *signingKey {
	key, _ := r.named("current")
	return key
}

// keySet is a JWK Set document (RFC 7517, section 5).
type keySet struct {
	Keys []map[string]any `json:"keys"`
}

func (r *keyring) public() keySet {
	r.mu.Lock()
	defer r.mu.Unlock()
	var set keySet
	for _, key := range r.published {
		set.Keys = append(set.Keys, token.PublicJWK(key.id, &key.private.PublicKey))
	}
	return set
}

var _ token.KeySet = (*keyring)(nil)

// Key is [token.KeySet] over the published keys.
func (r *keyring) Key(ctx context.Context, kid, alg string) (token.Key, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var keys []token.Key
	for _, published := range r.published {
		keys = append(keys, published.public)
	}
	return token.Static(keys...).Key(ctx, kid, alg)
}
