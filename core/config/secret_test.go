package config_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/config"
)

func TestSecret_Redacted(t *testing.T) {
	t.Parallel()
	const value = "hunter2"
	type block struct {
		URL     config.Secret
		Pointer *config.Secret
	}
	b := block{URL: config.NewSecret(value), Pointer: new(config.NewSecret(value))}
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
	for _, form := range []string{value, fmt.Sprintf("%x", value), fmt.Sprintf("%X", value), fmt.Sprintf("%d", []byte(value))} {
		if strings.Contains(all, form) {
			t.Errorf("%s is shown in\n%s", form, all)
		}
	}
	if !strings.Contains(all, "[secret]") || b.URL.Reveal() != value {
		t.Error("the secret is lost")
	}
}

func TestSecret_UnmarshalText(t *testing.T) {
	t.Parallel()
	var s config.Secret
	if !s.IsZero() {
		t.Error("the zero value is not zero")
	}
	if err := s.UnmarshalText([]byte("hunter2")); err != nil || s.Reveal() != "hunter2" || s.IsZero() {
		t.Errorf("got %q, %v", s.Reveal(), err)
	}
}

func TestSecret_Reload(t *testing.T) {
	t.Parallel()
	if s, err := config.NewSecret("fixed").Reload(); err != nil || s.Reveal() != "fixed" {
		t.Errorf("a fixed secret: got %q, %v", s.Reveal(), err)
	}
	value, failure := "first", error(nil)
	s, err := config.SecretFrom(func() (string, error) { return value, failure })
	if err != nil || s.Reveal() != "first" {
		t.Fatalf("SecretFrom: got %q, %v", s.Reveal(), err)
	}
	value = "second"
	for range 2 {
		reloaded, err := s.Reload()
		if err != nil || reloaded.Reveal() != "second" || s.Reveal() != "first" {
			t.Errorf("Reload: got %q, %v, want the second value, and the secret unchanged", reloaded.Reveal(), err)
		}
		s2, err := reloaded.Reload()
		if err != nil || s2 != reloaded {
			t.Errorf("Reload of the reloaded secret: got %q, %v", s2.Reveal(), err)
		}
	}
	failure = errors.New("no file")
	if _, err := s.Reload(); !errors.Is(err, failure) {
		t.Errorf("Reload: got %v, want %v", err, failure)
	}
	if _, err := config.SecretFrom(func() (string, error) { return "", failure }); !errors.Is(err, failure) {
		t.Errorf("SecretFrom: got %v, want %v", err, failure)
	}
}

func TestSecret_Key(t *testing.T) {
	t.Parallel()
	const valid = "-_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	for _, value := range []string{valid, valid + "="} {
		if key, err := config.NewSecret(value).Key(); err != nil || len(key) != 32 || key[0] != 0xfb || key[1] != 0xf0 {
			t.Errorf("%q: got %x, %v", value, key, err)
		}
	}
	for name, value := range map[string]string{
		"Empty":       "",
		"TooShort":    valid[:42],
		"TooLong":     valid + "AA",
		"Standard":    "+/" + valid[2:],
		"SetBits":     valid[:42] + "B",
		"LineBreak":   valid + "\n",
		"BreakInside": valid[:20] + "\n" + valid[20:],
		"TwoPaddings": valid + "==",
		"Hexadecimal": strings.Repeat("0f", 32),
	} {
		key, err := config.NewSecret(value).Key()
		if err == nil || key != nil {
			t.Errorf("%s: the key is accepted", name)
		} else if value != "" && strings.Contains(err.Error(), value) {
			t.Errorf("%s: the error contains the secret: %v", name, err)
		}
	}
}
