package ownjwt

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/session"
)

// The first byte of [session.Key.Secret] specifies its form.
const (
	formPlain  = 0 // the secret follows
	formSealed = 1 // nonce and ciphertext of AES-256-GCM follow
)

// sealer encrypts the secrets of server keys. The additional data are purpose and
// id, so that a stored secret is of no use in another row. The zero value stores
// secrets unencrypted.
type sealer struct{ aead cipher.AEAD }

func newSealer(secret config.Secret) (sealer, error) {
	if secret.IsZero() {
		return sealer{}, nil
	}
	key, err := secret.Key()
	if err != nil {
		return sealer{}, fmt.Errorf("key_secret %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return sealer{}, fmt.Errorf("key_secret: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return sealer{}, fmt.Errorf("key_secret: %w", err)
	}
	return sealer{aead}, nil
}

// seal returns what is stored of the secret of k.
func (s sealer) seal(k session.Key, secret []byte) []byte {
	if s.aead == nil {
		return append([]byte{formPlain}, secret...)
	}
	return s.aead.Seal([]byte{formSealed}, nil, secret, additionalData(k)) //nolint:gosec // this AEAD makes a random nonce itself
}

// open returns the secret of k. It also opens what was stored before there was a
// key_secret.
func (s sealer) open(k session.Key) ([]byte, error) {
	switch {
	case isForm(k, formPlain):
		return k.Secret[1:], nil
	case !isForm(k, formSealed):
		return nil, fmt.Errorf("server key %q has an unknown form: a newer version of cotterpin may have stored it", k.ID)
	case s.aead == nil:
		return nil, fmt.Errorf(`server key %q is encrypted, and session "own" has no key_secret: set it, or %s`, k.ID, replaceKeys)
	}
	secret, err := s.aead.Open(nil, nil, k.Secret[1:], additionalData(k))
	if err != nil {
		return nil, fmt.Errorf(`key_secret of session "own" cannot decrypt server key %q: restore its former value, or %s`, k.ID, replaceKeys)
	}
	return secret, nil
}

// replaceKeys is what to do about keys that cannot be decrypted.
const replaceKeys = `replace the keys with "cotterpin keys rotate --revoke", after which users sign in again`

// isOutdated reports whether k was stored unencrypted although there is a
// key_secret now.
func (s sealer) isOutdated(k session.Key) bool { return s.aead != nil && isForm(k, formPlain) }

func isForm(k session.Key, form byte) bool { return len(k.Secret) > 0 && k.Secret[0] == form }

func additionalData(k session.Key) []byte {
	return []byte("cotterpin auth_keys\x00" + string(k.Purpose) + "\x00" + k.ID)
}
