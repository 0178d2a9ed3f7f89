package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/config"
)

const day = 24 * time.Hour

func TestADurationIsANumberAndAUnit(t *testing.T) {
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

func TestWhatIsNoDurationIsRefusedWithAWayOut(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "0", "+0", "-0", "30", "1.5", "s", "d", "1.5d", "-1d", "+1d", "65536d", "1d12h", "12h1d", "1 d",
		"30 days", "-5m", "-0s", "5M", "1e3s", "9223372036854775808ns", "٣d", "1_0d",
	} {
		got, err := config.ParseDuration(text)
		if err == nil {
			t.Errorf("%q is taken for %v", text, got)
		} else if !strings.Contains(err.Error(), "duration") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestADurationThatIsWrittenIsReadBack(t *testing.T) {
	t.Parallel()
	for text, duration := range map[string]time.Duration{
		"1ns": 1, "1h30m0s": 90 * time.Minute, "1d": day, "36h0m0s": 36 * time.Hour, "400d": 400 * day,
	} {
		if got := config.Duration(duration).String(); got != text {
			t.Errorf("%v is written as %q, want %q", duration, got, text)
		}
		if got, err := config.ParseDuration(text); err != nil || got.Std() != duration {
			t.Errorf("%q is read back as %v, %v", text, got, err)
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
		t.Errorf("Off is %v, written as %q", config.Off.Std(), config.Off)
	}
	if zero := config.Duration(0); zero.String() != "" {
		t.Errorf("the default is written as %q", zero)
	}
}

func TestAWrongTextLeavesADurationAsItWas(t *testing.T) {
	t.Parallel()
	d := config.Duration(time.Minute)
	if err := d.UnmarshalText([]byte("soon")); err == nil || d.Std() != time.Minute {
		t.Errorf("it is %v, %v", d, err)
	}
	if err := d.UnmarshalText([]byte("2m")); err != nil || d.Std() != 2*time.Minute {
		t.Errorf("it is %v, %v", d, err)
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
			t.Errorf("%q is written as %q, and read back as %v, %v", text, d, again, err)
		}
	})
}

func TestASecretIsSeenNowhere(t *testing.T) {
	t.Parallel()
	const text = "hunter2"
	type block struct {
		URL     config.Secret
		Pointer *config.Secret
	}
	b := block{URL: config.NewSecret(text), Pointer: new(config.NewSecret(text))}
	var shown strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t"} {
		fmt.Fprintf(&shown, verb+verb+verb+"\n", b.URL, b.Pointer, b)
	}
	fmt.Fprintln(&shown, b.URL, fmt.Errorf("opening %v", b.URL))
	encoded, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	shown.Write(encoded)
	var log bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(handler).Info("opened", "url", b.URL, "pointer", b.Pointer, "block", b)
	}
	shown.Write(log.Bytes())

	all := shown.String()
	for _, form := range []string{text, fmt.Sprintf("%x", text), fmt.Sprintf("%X", text), fmt.Sprintf("%d", []byte(text))} {
		if strings.Contains(all, form) {
			t.Errorf("%s is shown in\n%s", form, all)
		}
	}
	if !strings.Contains(all, "[secret]") || b.URL.Reveal() != text {
		t.Error("the secret is lost")
	}
}

func TestASecretIsReadFromText(t *testing.T) {
	t.Parallel()
	var s config.Secret
	if !s.IsZero() {
		t.Error("the zero value is not empty")
	}
	if err := s.UnmarshalText([]byte("hunter2")); err != nil || s.Reveal() != "hunter2" || s.IsZero() {
		t.Errorf("it is %q, %v", s.Reveal(), err)
	}
}
