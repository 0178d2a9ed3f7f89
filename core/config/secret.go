package config

import (
	"encoding"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// Secret is a string that must not be shown. Printing, formatting, logging and
// marshaling it give "[secret]"; [Secret.Reveal] returns the value.
type Secret struct {
	value  string
	source *source // nil if the value never changes
}

// source is behind a pointer, so that secrets stay comparable.
type source struct{ read func() (string, error) }

var _ encoding.TextUnmarshaler = (*Secret)(nil)

const redacted = "[secret]"

// NewSecret returns a secret with the value.
func NewSecret(value string) Secret { return Secret{value: value} }

// SecretFrom returns a secret whose value may change, such as the content of a file
// that is rotated. It calls read once, and [Secret.Reload] calls it again, from any
// goroutine. An error of read must not contain the value, because it is logged.
//
// In a configuration file, an argument with file(…) is such a secret.
func SecretFrom(read func() (string, error)) (Secret, error) {
	return Secret{source: &source{read}}.Reload()
}

// Reload returns the secret with its present value. A secret whose value never
// changes is returned as it is.
func (s Secret) Reload() (Secret, error) {
	if s.source == nil {
		return s, nil
	}
	value, err := s.source.read()
	return Secret{value: value, source: s.source}, err
}

// Reveal returns the value. It belongs in a connection or a signature, never in
// an error or a log.
func (s Secret) Reveal() string { return s.value }

// Key returns the value as a key: 32 bytes in base64url (RFC 4648, section 5),
// with or without padding. The error does not contain the value.
func (s Secret) Key() ([]byte, error) {
	const length = 32
	key, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimSuffix(s.value, "="))
	if err != nil || len(key) != length || strings.ContainsAny(s.value, "\r\n") {
		return nil, errors.New(`must be 32 random bytes in base64url, such as the output of "openssl rand -base64 32 | tr '+/' '-_'"`)
	}
	return key, nil
}

// IsZero reports whether the secret is empty.
func (s Secret) IsZero() bool { return s.value == "" }

// Format writes "[secret]" for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalText returns "[secret]".
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// UnmarshalText sets the value.
func (s *Secret) UnmarshalText(text []byte) error {
	s.value = string(text)
	return nil
}

// LogValue returns "[secret]".
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
