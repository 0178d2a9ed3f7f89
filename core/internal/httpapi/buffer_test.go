package httpapi_test

import (
	"io"
	"iter"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"testing"

	"github.com/cotterpin/cotterpin/core/internal/httpapi"
)

// overwrite simulates a framework that reuses its buffers.
func overwrite(buffers ...[]byte) {
	for _, buffer := range buffers {
		for i := range buffer {
			buffer[i] = '#'
		}
	}
}

func TestFromBuffers_Copies(t *testing.T) {
	t.Parallel()
	method, path, query, host := []byte("POST"), []byte("/api/notes%2F1"), []byte("a=b"), []byte("api.example.com")
	peer := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 4711}
	r := httpapi.FromBuffers(method, path, query, host, []byte("text"), peer)
	overwrite(method, path, query, host, peer.IP)
	if r.Method != http.MethodPost || r.Path != "/api/notes%2F1" || r.Query != "a=b" || r.Host != "api.example.com" {
		t.Errorf("got %q %q %q %q", r.Method, r.Path, r.Query, r.Host)
	}
	r.Header = http.Header{}
	if got, _ := (httpapi.Proxies{}).Client(r); got.String() != "192.0.2.1" {
		t.Errorf("from %q, which is %s", r.Remote, got)
	}
	if body, err := io.ReadAll(r.Body); err != nil || string(body) != "text" {
		t.Errorf("body %q, %v", body, err)
	}

	r = httpapi.FromBuffers([]byte("GET"), []byte("/"), nil, nil, nil, peer)
	if body, err := io.ReadAll(r.Body); r.Path != "/" || r.Query != "" || r.Host != "" || len(body) != 0 || err != nil {
		t.Errorf("got %q %q %q, body %q, %v", r.Path, r.Query, r.Host, body, err)
	}
}

func TestFromBuffers_PeerAddress(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		peer net.Addr
		want string
	}{
		"IPv4":       {net.TCPAddrFromAddrPort(netip.MustParseAddrPort("192.0.2.1:80")), "192.0.2.1"},
		"Mapped":     {&net.TCPAddr{IP: net.ParseIP("::ffff:192.0.2.1"), Port: 80}, "192.0.2.1"},
		"IPv6":       {&net.TCPAddr{IP: net.ParseIP("2001:db8::1"), Port: 80}, "2001:db8::1"},
		"WithZone":   {&net.TCPAddr{IP: net.ParseIP("fe80::1"), Port: 80, Zone: "eth0"}, "fe80::1"},
		"Other":      {&net.UDPAddr{IP: net.ParseIP("2001:db8::1"), Port: 80}, "2001:db8::1"},
		"UnixSocket": {&net.UnixAddr{Name: "@", Net: "unix"}, "invalid IP"},
		"Zero":       {&net.TCPAddr{}, "invalid IP"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httpapi.FromBuffers([]byte("GET"), []byte("/"), nil, []byte("h"), nil, c.peer)
			r.Header = http.Header{}
			if got, _ := (httpapi.Proxies{}).Client(r); got.String() != c.want {
				t.Errorf("%q is %s, want %s", r.Remote, got, c.want)
			}
		})
	}
}

// lines iterates over a header in one buffer, as a framework does.
func lines(buffer *[]byte, pairs ...string) iter.Seq2[[]byte, []byte] {
	return func(yield func([]byte, []byte) bool) {
		for i := 0; i < len(pairs); i += 2 {
			*buffer = append((*buffer)[:0], pairs[i]+pairs[i+1]...)
			if !yield((*buffer)[:len(pairs[i])], (*buffer)[len(pairs[i]):]) {
				return
			}
		}
	}
}

func TestLines_InOrder(t *testing.T) {
	t.Parallel()
	sent := []string{
		"Cookie", "a=1", "Origin", "https://a.example", "cookie", " b=2\t", "X-Cookie", "c=3", "Cookia", "d=4", "COOKIE", "", "Cookie-X", "e=5",
	}
	for name, want := range map[string][]string{
		"Cookie":        {"a=1", "b=2", ""},
		"Origin":        {"https://a.example"},
		"Authorization": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var buffer []byte
			got := httpapi.Lines(lines(&buffer, sent...), name)
			overwrite(buffer)
			if !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}
