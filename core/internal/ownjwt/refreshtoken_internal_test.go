package ownjwt

import (
	"crypto/sha256"
	"slices"
	"strings"
	"testing"
)

var (
	firstKey  = []byte(strings.Repeat("1", 32))
	secondKey = []byte(strings.Repeat("2", 32))
)

func TestRefreshToken_RoundTrip(t *testing.T) {
	t.Parallel()
	for _, token := range []refreshToken{newRefreshToken(firstKey, 0), newRefreshToken(firstKey, 7).successor(firstKey, "id")} {
		raw := token.String()
		parsed, ok := parseRefreshToken(raw)
		if !ok || parsed != token || len(raw) != 97 || !IsRefreshToken(raw) {
			t.Errorf("%q: got %+v, %t, want %+v", raw, parsed, ok, token)
		}
	}
}

func TestParseRefreshToken_RejectsOtherForms(t *testing.T) {
	t.Parallel()
	raw := newRefreshToken(firstKey, 0).String()
	if _, ok := parseRefreshToken(raw); !ok {
		t.Fatal("the unchanged token is rejected")
	}
	last := raw[len(raw)-1]
	for name, changed := range map[string]string{
		"Empty":       "",
		"Prefix":      "cps_" + raw[4:],
		"UpperPrefix": "CPR_" + raw[4:],
		"NoDot":       strings.Replace(raw, ".", "A", 1),
		"TwoDots":     raw + ".",
		"Short":       raw[:len(raw)-1],
		"Long":        raw + "A",
		"Padded":      raw + "=",
		"LineBreak":   raw[:30] + "\n" + raw[31:],
		"Standard":    raw[:30] + "+" + raw[31:],
		"SetBits":     raw[:len(raw)-1] + string(last|1) + "=",
		"Space":       " " + raw,
	} {
		if _, ok := parseRefreshToken(changed); ok {
			t.Errorf("%s: %q is accepted", name, changed)
		}
	}
	encodings := 0
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") {
		other, ok := parseRefreshToken(raw[:len(raw)-1] + string(c))
		if parsed, _ := parseRefreshToken(raw); ok && other == parsed {
			encodings++
		}
	}
	if encodings != 1 {
		t.Errorf("the token has %d encodings, want 1", encodings)
	}
}

func TestRefreshToken_Successor(t *testing.T) {
	t.Parallel()
	token := newRefreshToken(firstKey, 3)
	next := token.successor(firstKey, "id")
	if next != token.successor(firstKey, "id") {
		t.Error("the successor is not always the same")
	}
	if next.lookup != token.lookup || next.generation != 4 || !next.isIssued([][]byte{firstKey}) {
		t.Errorf("got %+v of %+v", next, token)
	}
	other := token
	other.tag[0] ^= 1
	for name, unequal := range map[string]refreshToken{
		"Key":     token.successor(secondKey, "id"),
		"Session": token.successor(firstKey, "di"),
		"Token":   other.successor(firstKey, "id"),
		"Itself":  token,
		"Next":    next.successor(firstKey, "id"),
	} {
		if unequal.secret == next.secret {
			t.Errorf("%s: the successor does not depend on it", name)
		}
	}
}

func TestRefreshToken_IsIssued(t *testing.T) {
	t.Parallel()
	token := newRefreshToken(firstKey, 0)
	for _, keys := range [][][]byte{{firstKey}, {secondKey, firstKey}, {firstKey, secondKey}} {
		if !token.isIssued(keys) {
			t.Fatalf("an issued token is not recognized with %d keys", len(keys))
		}
	}
	if token.isIssued(nil) || token.isIssued([][]byte{secondKey}) {
		t.Error("a token is recognized without its key")
	}
	for name, change := range map[string]func(*refreshToken){
		"Lookup":     func(t *refreshToken) { t.lookup[0] ^= 1 },
		"Generation": func(t *refreshToken) { t.generation++ },
		"Secret":     func(t *refreshToken) { t.secret[31] ^= 1 },
		"Tag":        func(t *refreshToken) { t.tag[15] ^= 1 },
	} {
		changed := token
		change(&changed)
		if changed.isIssued([][]byte{firstKey}) {
			t.Errorf("%s: a changed token counts as issued", name)
		}
		if changed.hash() == token.hash() {
			t.Errorf("%s: a changed token has the same hash", name)
		}
	}
}

func TestRefreshToken_HashIsNotThatOfAnOpaque(t *testing.T) {
	t.Parallel()
	token := newRefreshToken(firstKey, 0)
	if slices.Contains([][32]byte{sha256.Sum256(token.secret[:]), sha256.Sum256(token.tag[:])}, token.hash()) {
		t.Error("an opaque token could be formed from the refresh token")
	}
}
