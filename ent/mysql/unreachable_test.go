package mysql_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/ent/mysql"
)

// G04, G18: the address of a server that cannot be reached, and what to do.
func TestOpen_Unreachable(t *testing.T) {
	t.Parallel()
	refusing, unresponsive := listen(t), listen(t)
	if err := refusing.Close(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ address, want string }{
		"Refused":      {refusing.Addr().String(), " refuses connections: start the server"},
		"Unresponsive": {unresponsive.Addr().String(), " does not respond: check that the server runs"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			_, err := mysql.Open(ctx, mysql.Settings{URL: config.NewSecret("mysql://ada:" + password + "@" + c.address + "/app")})
			if err == nil || !strings.Contains(err.Error(), c.address+c.want) || strings.Contains(err.Error(), password) {
				t.Errorf("got %v, want %s%s", err, c.address, c.want)
			}
		})
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}
