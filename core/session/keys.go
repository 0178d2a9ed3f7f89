package session

import (
	"context"
	"errors"
	"time"
)

// ErrKeyExists means that a key with this purpose and serial number exists.
var ErrKeyExists = errors.New("session: key exists")

// KeyPurpose is the purpose of a server key.
type KeyPurpose string

// The values of KeyPurpose.
const (
	KeySigns     KeyPurpose = "sign"    // signs access tokens
	KeyRefreshes KeyPurpose = "refresh" // derives refresh tokens
)

// Key is a server key of sessions in format "jwt", as it is stored.
type Key struct {
	ID        string // random; the kid of a signing key
	Purpose   KeyPurpose
	Serial    int       // from 1, unique for a purpose: of two nodes that add the next key, one fails
	Secret    []byte    // private key or HMAC key, encrypted if there is a key_secret; opaque to the store
	Public    []byte    // JWK of a signing key; nil: none
	CreatedAt time.Time // set by the caller, like the other times
	ActiveAt  time.Time // from when it is used: later than CreatedAt, so that every node has read it before
	RevokedAt time.Time // zero: not revoked
}

// KeyStore keeps the server keys, which all nodes share. Each method is atomic.
// Times are stored in milliseconds of UTC.
//
// An error that is neither [ErrNotFound] nor [ErrKeyExists] means that the store
// failed, and that the outcome of a write is unknown. Methods are called
// concurrently by many goroutines, and by other processes on the same database.
//
// The suite that each store must pass is sessiontest.Run.
type KeyStore interface {
	// List returns all keys, ordered by purpose and serial number.
	List(ctx context.Context) ([]Key, error)

	// Add stores a new key. Of concurrent calls with the same purpose and serial
	// number one succeeds. ErrKeyExists: the purpose has that serial number already,
	// or the id exists.
	Add(ctx context.Context, k Key) error

	// Revoke sets RevokedAt, unless the key is revoked already. ErrNotFound: there is
	// no key with that id.
	Revoke(ctx context.Context, id string, at time.Time) error

	// Delete deletes a key. A missing key is not an error.
	Delete(ctx context.Context, id string) error
}
