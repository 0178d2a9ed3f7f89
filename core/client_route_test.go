package core_test

import (
	"bytes"
	"testing"
)

func TestClientRoute_Conditional(t *testing.T) {
	t.Parallel()
	h := newHarness(t, nil)
	first := h.call(t, "GET", "/auth/client.js", "")
	etag := field(first, "Etag")
	if first.Status != 200 || !bytes.Contains(first.Body, []byte("export function createClient")) || len(etag) < 2 || etag[0] != '"' {
		t.Fatalf("got %d %v", first.Status, first.Header)
	}
	for name, want := range map[string]string{
		"Content-Type": "text/javascript; charset=utf-8", "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff", "Vary": "Origin",
	} {
		if got := field(first, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for condition, want := range map[string]int{
		etag: 304, "W/" + etag: 304, `"x", ` + etag: 304, "*": 304,
		`"x"`: 200, "": 200, etag[1:]: 200, etag + "x": 200,
	} {
		r := h.call(t, "GET", "/auth/client.js", "", "If-None-Match", condition)
		if r.Status != want || (want == 304) != (len(r.Body) == 0) {
			t.Errorf("If-None-Match %s: got %d with %d bytes, want %d", condition, r.Status, len(r.Body), want)
		}
		if got := field(r, "Etag"); got != etag || field(r, "Cache-Control") != "no-cache" {
			t.Errorf("If-None-Match %s: got %v", condition, r.Header)
		}
	}
	two := h.call(t, "GET", "/auth/client.js", "", "If-None-Match", `"x"`, "If-None-Match", etag)
	if two.Status != 304 {
		t.Errorf("two lines: got %d, want 304", two.Status)
	}
	if r := h.call(t, "POST", "/auth/client.js", ""); r.Status != 405 || field(r, "Allow") != "GET, HEAD" {
		t.Errorf("POST: got %d %v", r.Status, r.Header)
	}
}

func TestClientRoute_ProviderToken(t *testing.T) {
	t.Parallel()
	h := newHarness(t, providerToken(nil))
	is(t, h.call(t, "GET", "/auth/client.js", ""), 404, "not_found")
}
