package core

import (
	"context"
	"errors"
	"time"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/internal/configfile"
	"github.com/cotterpin/cotterpin/core/internal/ownjwt"
)

// ServerKey describes a server key of sessions in format "jwt", without its
// secret. Its JSON has the member names of `cotterpin keys list --json`.
type ServerKey struct {
	ID        string    `json:"id"`      // the kid of a key that signs
	Purpose   string    `json:"purpose"` // "sign": access tokens; "refresh": refresh tokens
	State     string    `json:"state"`   // "next", "active", "retired" (its tokens are valid) or "revoked" (they are not)
	CreatedAt time.Time `json:"created_at"`
	ActiveAt  time.Time `json:"active_at"` // from when on tokens are made with it
	RevokedAt time.Time `json:"revoked_at,omitzero"`
}

// ServerKeys returns the stored server keys of sessions in format "jwt", ordered
// by purpose and age. It opens and closes the database. The error is a
// [config.Diagnostics] if the settings are not valid, have another format, or
// the database cannot be opened.
func (s Settings) ServerKeys(ctx context.Context, list ...Option) (keys []ServerKey, err error) {
	err = s.withKeyring(ctx, list, func(ring *ownjwt.Keyring) error {
		stored, err := ring.List(ctx)
		for _, k := range stored {
			keys = append(keys, ServerKey{k.ID, string(k.Purpose), string(k.State), k.CreatedAt, k.ActiveAt, k.RevokedAt})
		}
		return err
	})
	return keys, err
}

// RotateServerKeys adds the next server keys of sessions in format "jwt". Kits that
// run elsewhere use them an hour later, as in the rotation every 30 days.
//
// With revoke new tokens are signed with the new key at once, and tokens that were
// signed with an older one become invalid within 30 seconds: clients refresh them.
// It also replaces keys that key_secret cannot decrypt: users whose refresh tokens
// were made with them sign in again.
//
// Errors are those of [Settings.ServerKeys]. Without revoke, a key that cannot be
// decrypted is one.
func (s Settings) RotateServerKeys(ctx context.Context, revoke bool, list ...Option) error {
	return s.withKeyring(ctx, list, func(ring *ownjwt.Keyring) error { return ring.Rotate(ctx, revoke) })
}

func (s Settings) withKeyring(ctx context.Context, list []Option, use func(*ownjwt.Keyring) error) error {
	if err := s.Validate(); err != nil {
		return err
	}
	s = s.withDefaults()
	if s.Own == nil || s.Own.Format != config.FormatJWT {
		path := configfile.Path{Block: configfile.BlockSession}
		return s.file().Explain(path, "No server keys", errors.New(`only session "own" with format = "jwt" has server keys: add it, or select another file`))
	}
	o := newOptions(list)
	db, err := openDatabase(ctx, s, o)
	if err != nil {
		return err
	}
	err = use(ownjwt.NewKeyring(db.Keys(), ownjwt.KeyringOptions{Secret: s.Own.KeySecret, Now: o.now, Log: o.log}))
	return errors.Join(err, db.Close())
}
