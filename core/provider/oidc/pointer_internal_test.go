package oidc

import (
	"strings"
	"testing"
)

func FuzzParsePointer_RoundTrip(f *testing.F) {
	for _, seed := range []string{"/email", "/a/b", "/a~1b", "/a~0b", "/~01", "/", "//", "", "email", "/a~", "/a~2"} {
		f.Add(seed)
	}
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	f.Fuzz(func(t *testing.T, text string) {
		names, err := parsePointer(text)
		if err != nil {
			return
		}
		var again strings.Builder
		for _, name := range names {
			again.WriteString("/" + escape.Replace(name))
		}
		if len(names) == 0 || again.String() != text {
			t.Errorf("%q is parsed as %q", text, names)
		}
	})
}
