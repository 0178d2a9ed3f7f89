// Package ownjwt is the format "jwt" of own sessions: signed access tokens and
// the server keys that they are signed with.
package ownjwt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/internal/jwt"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/core/token"
)

// The ages of the keys that a [Keyring] holds.
const (
	KeyMaxAge   = 30 * time.Second // from which keys are used only if they cannot be read again
	KeyMaxStale = time.Hour        // from which keys are not used
)

// KeyringOptions configure a [Keyring].
type KeyringOptions struct {
	Secret config.Secret    // key_secret, which is valid; zero: keys are stored unencrypted
	Now    func() time.Time // nil: time.Now
	Log    *slog.Logger     // nil: no log
}

// Keyring signs and verifies with the server keys of a [session.KeyStore], which
// all nodes share.
//
// The keys are read when they are needed, as a [jwt.RemoteKeySet] fetches those of
// an issuer: at the first use, for an unknown kid, and if they are older than
// [KeyMaxAge], so that a revocation in another process takes effect within that
// time. While the database cannot be read they remain in use until they are as old
// as [KeyMaxStale]. If it can be read and no stored key can be used, none is.
// Unknown kids cause at most three statements in a row and one more every ten
// seconds.
//
// A node that reads the keys also maintains them. The first key is active at once.
// After 30 days the next is added, and used an hour later: by then every node has
// read it. Replaced and revoked keys are kept until what was made with them has
// expired. Of several nodes that add a key one succeeds. Unless all keys can be
// decrypted, none is added or deleted: a node with a wrong key_secret changes
// nothing.
//
// A clock that is set forward by months may add a key that is active in the distant
// future. The older keys then remain in use until [Keyring.Rotate] adds another.
//
// It is safe for concurrent use.
type Keyring struct {
	store  session.KeyStore
	sealer sealer
	now    func() time.Time
	log    *slog.Logger

	public   *jwt.RemoteKeySet
	held     atomic.Pointer[heldKeys] // nil before the first successful load
	unusable atomic.Bool              // whether the stored keys, as last read, cannot be used
	defect   string                   // that was logged; used by load alone
}

var _ token.KeySet = (*Keyring)(nil)

// NewKeyring returns a keyring, which reads nothing before its first use. It
// panics if the secret is not valid.
func NewKeyring(store session.KeyStore, o KeyringOptions) *Keyring {
	s, err := newSealer(o.Secret)
	if err != nil {
		panic(fmt.Sprintf("ownjwt: %v", err))
	}
	r := &Keyring{store: store, sealer: s, now: o.Now, log: o.Log}
	if r.now == nil {
		r.now = time.Now
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	r.public = jwt.NewRemoteKeySet(jwt.RemoteOptions{
		Fetch:    r.load,
		MaxAge:   KeyMaxAge,
		MaxStale: KeyMaxStale,
		Now:      r.now,
		Log:      r.log.With("keys", "own"),
	})
	return r
}

// Sign returns a token with the claims, a JSON object. Its header has alg ES256,
// typ [TokenType], and kid. TemporarilyUnavailable: there are no keys.
func (r *Keyring) Sign(ctx context.Context, claims []byte) (string, error) {
	held, err := r.fresh(ctx)
	if err != nil {
		return "", err
	}
	signing := currentKey(held.stored, session.KeySigns, r.now())
	return held.keys[signing.ID].sign(claims)
}

// Key implements [token.KeySet] with the public halves of the signing keys that
// are not revoked.
func (r *Keyring) Key(ctx context.Context, q token.KeyQuery) (token.Key, error) {
	key, err := r.public.Key(ctx, q)
	if err == nil && r.unusable.Load() {
		return token.Key{}, autherr.New(autherr.TemporarilyUnavailable, "server_keys_unusable")
	}
	return key, err
}

// RefreshKeys returns the HMAC keys of refresh tokens. New tokens are made with
// the first. The others, newest first, recognize tokens that were made before, or
// by a node whose clock is ahead. TemporarilyUnavailable: there are no keys.
func (r *Keyring) RefreshKeys(ctx context.Context) ([][]byte, error) {
	held, err := r.fresh(ctx)
	if err != nil {
		return nil, err
	}
	now := currentKey(held.stored, session.KeyRefreshes, r.now())
	keys := [][]byte{held.keys[now.ID].secret}
	for _, k := range slices.Backward(unrevoked(held.stored, session.KeyRefreshes)) {
		if k.ID != now.ID {
			keys = append(keys, held.keys[k.ID].secret)
		}
	}
	return keys, nil
}

// JWKS returns the JWK Set document (RFC 7517, section 5) of the public halves of
// the signing keys that are not revoked, also of the one that is used next.
// TemporarilyUnavailable: there are no keys.
func (r *Keyring) JWKS(ctx context.Context) ([]byte, error) {
	held, err := r.fresh(ctx)
	if err != nil {
		return nil, err
	}
	return held.jwks, nil
}

// Run keeps the keys fresh and rotates them, until ctx is done.
func (r *Keyring) Run(ctx context.Context) {
	ticker := time.NewTicker(KeyMaxAge)
	defer ticker.Stop()
	for ctx.Err() == nil {
		_, _ = r.fresh(ctx) // the key set logs its failures
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}

// fresh returns the keys after they were read again, if that is due.
func (r *Keyring) fresh(ctx context.Context) (*heldKeys, error) {
	if err := r.public.Check(ctx); err != nil {
		return nil, err
	}
	now := r.now()
	signing := currentKey(r.held.Load().stored, session.KeySigns, now)
	_, err := r.Key(ctx, token.KeyQuery{ID: signing.ID, Algorithm: es256, IssuedAt: now})
	if err != nil && autherr.CodeOf(err) != autherr.InvalidToken {
		return nil, err
	}
	return r.held.Load(), nil // newer ones, if the key is not among them
}

// heldKeys are the stored keys that could be opened.
type heldKeys struct {
	stored []session.Key
	keys   map[string]serverKey // by id
	jwks   []byte
}

// load reads and maintains the keys, and returns the document of the public
// halves. The key set never calls it concurrently.
func (r *Keyring) load(ctx context.Context) ([]byte, error) {
	stored, err := r.store.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading server keys: %w", err)
	}
	held, defect := r.open(stored)
	if defect == nil {
		var changed bool
		if changed, defect = r.maintain(ctx, stored); changed {
			if stored, err = r.store.List(ctx); err != nil {
				return nil, fmt.Errorf("reading server keys: %w", err)
			}
			held, err = r.open(stored)
			defect = errors.Join(defect, err)
		}
	}
	r.reportDefect(ctx, defect)
	err = held.prepare()
	r.unusable.Store(err != nil)
	if err != nil {
		return nil, errors.Join(err, defect)
	}
	r.held.Store(held)
	return held.jwks, nil
}

// open opens the keys. The error is that of those that are not revoked and cannot
// be opened; the others are returned with it.
func (r *Keyring) open(stored []session.Key) (*heldKeys, error) {
	held := &heldKeys{keys: map[string]serverKey{}}
	var defects []error
	for _, k := range stored {
		if !k.RevokedAt.IsZero() {
			continue
		}
		opened, err := openKey(k, r.sealer)
		if err != nil {
			defects = append(defects, err)
			continue
		}
		held.stored = append(held.stored, k)
		held.keys[k.ID] = opened
	}
	return held, errors.Join(defects...)
}

// prepare makes the document of the public halves. The error is that of a purpose
// without a key.
func (h *heldKeys) prepare() error {
	for _, purpose := range purposes {
		if len(unrevoked(h.stored, purpose)) == 0 {
			return fmt.Errorf("there is no server key for purpose %q", purpose)
		}
	}
	var public []json.RawMessage
	for _, k := range unrevoked(h.stored, session.KeySigns) {
		public = append(public, h.keys[k.ID].public)
	}
	var err error
	h.jwks, err = newJWKS(public)
	return err
}

// reportDefect logs a defect when it appears or changes. Keys that can be used
// remain in use.
func (r *Keyring) reportDefect(ctx context.Context, defect error) {
	text := ""
	if defect != nil {
		text = defect.Error()
	}
	if text != "" && text != r.defect {
		r.log.ErrorContext(ctx, "server keys are defective", "event", "server_keys_defective", "error", text)
	}
	r.defect = text
}
