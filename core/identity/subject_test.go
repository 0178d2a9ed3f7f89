package identity_test

import (
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/identity"
)

func TestSubjectsArePrintableASCIIWithoutOuterBlanks(t *testing.T) {
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
