package web_test

import (
	"testing"

	"github.com/cotterpin/cotterpin/core/web"
)

func TestIsLoopback_Hosts(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"localhost": true, "LocalHost": true, "127.0.0.1": true, "127.8.8.8": true, "::1": true, "::ffff:127.0.0.1": true,
		"": false, "localhost.": false, "app.localhost": false, "localhost:80": false, "0.0.0.0": false, "::": false,
		"10.0.0.1": false, "127.0.0.1.evil.example": false, "0x7f.1": false,
	} {
		if got := web.IsLoopback(host); got != want {
			t.Errorf("%q: got %v, want %v", host, got, want)
		}
	}
}
