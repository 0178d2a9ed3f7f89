package identity_test

import (
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/identity"
)

func TestIsSubject_PrintableASCII(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"8d3c":                   true,
		"auth0|5f 7":             true,
		strings.Repeat("a", 255): true,
		strings.Repeat("a", 256): false,
		"":                       false,
		" ":                      false,
		" 8d3c":                  false,
		"8d3c ":                  false,
		"8d\x003c":               false,
		"8d3c\n":                 false,
		"é":                      false,
		"u\xff":                  false,
	} {
		if got := identity.IsSubject(text); got != want {
			t.Errorf("IsSubject(%q) = %v, want %v", text, got, want)
		}
	}
}

func TestIsIssuer_VisibleASCII(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"https://id.example.com/a": true,
		"accounts.google.com":      true,
		strings.Repeat("a", 255):   true,
		strings.Repeat("a", 256):   false,
		"":                         false,
		"https://id.example.com ":  false,
		"https://id example.com":   false,
		"https://id.example.com\n": false,
		"https://é.example.com":    false,
	} {
		if got := identity.IsIssuer(text); got != want {
			t.Errorf("IsIssuer(%q) = %v, want %v", text, got, want)
		}
	}
}

func TestIsAuthMethod_ShortPrintableASCII(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"OTP":                   true,
		"pwd otp":               true,
		strings.Repeat("a", 64): true,
		strings.Repeat("a", 65): false,
		"":                      false,
		" OTP":                  false,
		"OTP\x00":               false,
		"OTP\r\nOTP":            false,
		"ÖTP":                   false,
	} {
		if got := identity.IsAuthMethod(text); got != want {
			t.Errorf("IsAuthMethod(%q) = %v, want %v", text, got, want)
		}
	}
}
