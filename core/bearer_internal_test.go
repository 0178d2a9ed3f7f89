package core

import (
	"strings"
	"testing"
)

func TestIsToken_Bytes(t *testing.T) {
	t.Parallel()
	if isToken("") {
		t.Error("an empty string is accepted")
	}
	const others = "-._~+/=" // RFC 6750, section 2.1
	for c := range 256 {
		letterOrDigit := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		want := letterOrDigit || c < 0x80 && strings.ContainsRune(others, rune(c))
		if got := isToken("a" + string([]byte{byte(c)}) + "b"); got != want {
			t.Errorf("byte %#x: got %v, want %v", c, got, want)
		}
	}
}
