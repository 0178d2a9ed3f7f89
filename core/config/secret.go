package config

import (
	"encoding"
	"fmt"
	"log/slog"
)

// Secret is a string that must not be shown. Printing, formatting, logging and
// marshaling it give "[secret]"; [Secret.Reveal] returns the value.
type Secret struct{ value string }

var _ encoding.TextUnmarshaler = (*Secret)(nil)

const redacted = "[secret]"

// NewSecret returns a secret with the value.
func NewSecret(value string) Secret { return Secret{value: value} }

// Reveal returns the value. It belongs in a connection or a signature, never in
// an error or a log.
func (s Secret) Reveal() string { return s.value }

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
