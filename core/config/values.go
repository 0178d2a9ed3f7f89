package config

import (
	"encoding"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"
)

// Secret is a text that must not be seen. Printing, formatting, logging and
// marshalling it give "[secret]"; [Secret.Reveal] gives the text.
type Secret struct{ text string }

const redacted = "[secret]"

// NewSecret returns a secret that holds text.
func NewSecret(text string) Secret { return Secret{text: text} }

// Reveal returns the text. Its result belongs in a connection or a signature,
// never in an error or a log.
func (s Secret) Reveal() string { return s.text }

// IsZero reports whether the secret is empty.
func (s Secret) IsZero() bool { return s.text == "" }

// Format writes "[secret]" whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalText returns "[secret]".
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// UnmarshalText takes the text over.
func (s *Secret) UnmarshalText(text []byte) error {
	s.text = string(text)
	return nil
}

// LogValue returns "[secret]".
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// Duration is a length of time that is written as a text with a unit: "90s",
// "15m", "1h30m", or whole days: "30d". Zero is zero ("0s"), never "default".
type Duration time.Duration

// ParseDuration reads a [Duration]. A bare number, a negative value, and days
// beside another unit are errors.
func ParseDuration(text string) (Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil {
			return 0, fmt.Errorf("%q is not a duration: days are whole and stand alone, such as \"30d\"", text)
		}
		return Duration(time.Duration(n) * 24 * time.Hour), nil
	}
	d, err := time.ParseDuration(text)
	switch {
	case err != nil, text == "0", text == "+0", text == "-0":
		return 0, fmt.Errorf("%q is not a duration: write a number and a unit, such as \"90s\", \"15m\", \"12h\" or \"30d\"", text)
	case d < 0 || strings.HasPrefix(text, "-"):
		return 0, fmt.Errorf("%q is negative: a duration is zero or more", text)
	}
	return Duration(d), nil
}

// Std returns the duration as package time knows it.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String returns the text that ParseDuration reads back: days where they are whole.
func (d Duration) String() string {
	const day = 24 * time.Hour
	if std := d.Std(); std >= day && std%day == 0 {
		return strconv.FormatInt(int64(std/day), 10) + "d"
	}
	return d.Std().String()
}

// MarshalText returns String.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText is ParseDuration.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := ParseDuration(string(text))
	if err == nil {
		*d = parsed
	}
	return err
}

var (
	_ encoding.TextUnmarshaler = (*Secret)(nil)
	_ encoding.TextUnmarshaler = (*Duration)(nil)
)
