package demo

import (
	"net"
	"strings"
	"testing"
)

func TestListen_PortInUse(t *testing.T) {
	t.Parallel()
	first, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	second, err := Listen(t.Context(), first.Addr().String())
	if err == nil {
		second.Close()
		t.Fatal("two listeners share an address")
	}
	for _, part := range []string{"cannot listen", first.Addr().String(), "choose another port with -addr"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("got %q, want %q in it", err, part)
		}
	}
	if _, err := Listen(t.Context(), "256.0.0.1:0"); err == nil || strings.Contains(err.Error(), "choose another port") {
		t.Errorf("an invalid address: got %v", err)
	}
}

func TestOtherPort(t *testing.T) {
	t.Parallel()
	for baseURL, want := range map[string]bool{
		"http://localhost:8080":   false,
		"http://127.0.0.1:8080":   false,
		"http://[::1]:8080":       false,
		"https://api.example.com": false, // a proxy
		"http://example.com:81":   false,
		"http://localhost:8081":   true,
		"http://localhost":        true,
		"https://127.0.0.1":       true,
	} {
		if got := otherPort(baseURL, &net.TCPAddr{Port: 8080}); got != want {
			t.Errorf("%s: got %t, want %t", baseURL, got, want)
		}
	}
	if otherPort("http://localhost", &net.TCPAddr{Port: 80}) || otherPort("https://localhost", &net.TCPAddr{Port: 443}) {
		t.Error("the scheme's own port is not recognized")
	}
}
