package config

import (
	"encoding"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Duration is a length of time that is written with a unit: "90s", "15m",
// "1h30m", or in whole days: "30d". Zero is the argument's default; an explicit
// "0s" is [Off].
type Duration time.Duration

var _ encoding.TextUnmarshaler = (*Duration)(nil)

const day = 24 * time.Hour

// Off is an explicit "0s", which switches off the limit that the argument sets.
// Its Std is zero.
const Off Duration = -1

// ParseDuration parses a [Duration]. A bare number, a negative value, and days
// with another unit are errors. "0s" is [Off].
func ParseDuration(s string) (Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil {
			return 0, fmt.Errorf("%q is not a duration: days are whole and without another unit, such as \"30d\"", s)
		}
		return explicit(time.Duration(n) * day), nil
	}
	d, err := time.ParseDuration(s)
	switch {
	case err != nil, s == "0", s == "+0", s == "-0":
		return 0, fmt.Errorf("%q is not a duration: write a number and a unit, such as \"90s\", \"15m\", \"12h\" or \"30d\"", s)
	case d < 0 || strings.HasPrefix(s, "-"):
		return 0, fmt.Errorf("%q is negative: a duration is zero or more", s)
	}
	return explicit(d), nil
}

// explicit returns d as an argument that is set: zero becomes Off.
func explicit(d time.Duration) Duration {
	if d == 0 {
		return Off
	}
	return Duration(d)
}

// Std returns the time.Duration: zero for [Off].
func (d Duration) Std() time.Duration {
	if d == Off {
		return 0
	}
	return time.Duration(d)
}

// String returns what ParseDuration accepts, in days where they are whole. The
// default, zero, is "".
func (d Duration) String() string {
	switch std := d.Std(); {
	case d == 0:
		return ""
	case std >= day && std%day == 0:
		return strconv.FormatInt(int64(std/day), 10) + "d"
	default:
		return shorten(std.String())
	}
}

// shorten removes trailing units that are zero: "15m0s" becomes "15m".
func shorten(s string) string {
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
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
