package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"syscall"

	"github.com/cotterpin/cotterpin/core/web"
)

// Listen listens on addr, the value of the flag -addr.
func Listen(ctx context.Context, addr string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("cannot listen: %w: stop the other process, or choose another port with -addr (127.0.0.1:0 picks a free one)", err)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot listen: %w", err)
	}
	return listener, nil
}

// LocalURL returns the URL of the listener for browsers on this machine.
func LocalURL(l net.Listener) string { return "http://localhost:" + portOf(l.Addr()) }

func portOf(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		panic(fmt.Errorf("demo: %s is not a TCP address", addr))
	}
	return strconv.Itoa(tcp.Port)
}

// otherPort reports whether a loopback base_url leads to another port than the
// listener's. Any other base_url may lead to a proxy.
func otherPort(baseURL string, addr net.Addr) bool {
	u, err := url.Parse(baseURL)
	if err != nil || !web.IsLoopback(u.Hostname()) {
		return false
	}
	standard := map[string]string{"http": "80", "https": "443"}[u.Scheme]
	return cmp.Or(u.Port(), standard) != portOf(addr)
}
