package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/config"
)

const day = 24 * time.Hour

func TestParseDuration(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"0s":     0,
		"90s":    90 * time.Second,
		"1h30m":  90 * time.Minute,
		"0d":     0,
		"1d":     day,
		"30d":    30 * day,
		"65535d": 65535 * day,
		"1.5h":   90 * time.Minute,
		"+5m":    5 * time.Minute,
	} {
		if got, err := config.ParseDuration(text); err != nil || got.Std() != want {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}
}

func TestParseDuration_Invalid(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "0", "+0", "-0", "30", "1.5", "s", "d", "1.5d", "-1d", "+1d", "65536d", "1d12h", "12h1d", "1 d",
		"30 days", "-5m", "-0s", "5M", "1e3s", "9223372036854775808ns", "٣d", "1_0d",
	} {
		got, err := config.ParseDuration(text)
		if err == nil {
			t.Errorf("%q is accepted as %v", text, got)
		} else if !strings.Contains(err.Error(), "duration") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestDuration_RoundTrip(t *testing.T) {
	t.Parallel()
	for text, duration := range map[string]time.Duration{
		"1ns": 1, "10s": 10 * time.Second, "10m": 10 * time.Minute, "1h30m": 90 * time.Minute, "1h0m5s": time.Hour + 5*time.Second, "1d": day, "36h": 36 * time.Hour, "400d": 400 * day,
	} {
		if got := config.Duration(duration).String(); got != text {
			t.Errorf("%v is formatted as %q, want %q", duration, got, text)
		}
		if got, err := config.ParseDuration(text); err != nil || got.Std() != duration {
			t.Errorf("%q is parsed as %v, %v", text, got, err)
		}
	}
}

func TestDuration_Off(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"0s", "0d", "0ms", "+0s"} {
		if got, err := config.ParseDuration(text); err != nil || got != config.Off {
			t.Errorf("%q is %d, %v; want Off", text, got, err)
		}
	}
	if config.Off.Std() != 0 || config.Off.String() != "0s" {
		t.Errorf("Off is %v, formatted as %q", config.Off.Std(), config.Off)
	}
	if zero := config.Duration(0); zero.String() != "" {
		t.Errorf("the default is formatted as %q", zero)
	}
}

func TestDuration_UnmarshalText(t *testing.T) {
	t.Parallel()
	d := config.Duration(time.Minute)
	if err := d.UnmarshalText([]byte("soon")); err == nil || d.Std() != time.Minute {
		t.Errorf("got %v, %v", d, err)
	}
	if err := d.UnmarshalText([]byte("2m")); err != nil || d.Std() != 2*time.Minute {
		t.Errorf("got %v, %v", d, err)
	}
}

func FuzzParseDuration(f *testing.F) {
	for _, text := range []string{"90s", "1h30m", "30d", "0", "-1d", "1d12h", "106752d"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := config.ParseDuration(text)
		if err != nil {
			return
		}
		if d.Std() < 0 || d == 0 {
			t.Fatalf("%q is %d: negative, or the default", text, d)
		}
		if again, err := config.ParseDuration(d.String()); err != nil || again != d {
			t.Errorf("%q is formatted as %q, which is parsed as %v, %v", text, d, again, err)
		}
	})
}
