package identity_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/identity"
)

func TestIsEmail_PlainForm(t *testing.T) {
	t.Parallel()
	const domain = "@example.com"
	for text, want := range map[string]bool{
		"ada@example.com":                             true,
		"Ada.Lovelace+news@example.com":               true,
		"a@localhost":                                 true,
		"!#$%&*/=?^_`{|}~-@example.com":               true,
		strings.Repeat("a", 254-len(domain)) + domain: true,
		strings.Repeat("a", 255-len(domain)) + domain: false,
		"":                          false,
		"@":                         false,
		"ada":                       false,
		"@example.com":              false,
		"ada@":                      false,
		"a@x@y":                     false,
		"a@x,b@y":                   false,
		`"e@evil"@x`:                false,
		`"ada"@example.com`:         false,
		"o'brien@example.com":       true,
		"ada＠example.com":           false,
		"ädä@example.com":           false,
		"ada@example.com\r\nBcc: x": false,
		"ada@example.com\x00":       false,
		"ada @example.com":          false,
		" ada@example.com":          false,
		"ada@example.com ":          false,
		"ada@exam\tple.com":         false,
		"ada@example.com\x7f":       false,
	} {
		if got := identity.IsEmail(text); got != want {
			t.Errorf("IsEmail(%q) = %v, want %v", text, got, want)
		}
	}
}

func TestIsPhone_InternationalForm(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"+12025550100":      true,
		"+4915112345678":    true,
		"+12":               true,
		"+123456789012345":  true,
		"+1234567890123456": false,
		"+1":                false,
		"+":                 false,
		"":                  false,
		"12025550100":       false,
		"0012025550100":     false,
		"+02025550100":      false,
		"+1 202 555 0100":   false,
		"+1-202-555-0100":   false,
		"+١٢٠٢٥٥٥٠١٠٠":      false,
		"+12025550100\n":    false,
		"++2025550100":      false,
	} {
		if got := identity.IsPhone(text); got != want {
			t.Errorf("IsPhone(%q) = %v, want %v", text, got, want)
		}
	}
}

var (
	emailForm = regexp.MustCompile(`\A[!#-+\--?A-~]+@[!#-+\--?A-~]+\z`)
	phoneForm = regexp.MustCompile(`\A\+[1-9][0-9]{1,14}\z`)
)

func FuzzContactForm(f *testing.F) {
	for _, seed := range []string{"ada@example.com", "+12025550100", "a@x,b@y", `"e@evil"@x`, "ada＠example.com", "a@\x00", "+1 202"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got, want := identity.IsEmail(text), len(text) <= 254 && emailForm.MatchString(text); got != want {
			t.Errorf("IsEmail(%q) = %v, want %v", text, got, want)
		}
		if got, want := identity.IsPhone(text), phoneForm.MatchString(text); got != want {
			t.Errorf("IsPhone(%q) = %v, want %v", text, got, want)
		}
	})
}
