package core_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/provider/cotter"
)

// The case is A14.
func TestKit_CloseEndsConnections(t *testing.T) {
	t.Parallel()
	type change struct {
		conn  net.Conn
		state http.ConnState
	}
	changes := make(chan change, 16)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"keys":[]}`)) // read to its end, so that the connection is kept
	}))
	server.Config.ConnState = func(c net.Conn, state http.ConnState) { changes <- change{c, state} }
	server.Start()
	defer server.Close()
	await := func(want http.ConnState) {
		t.Helper()
		for deadline := time.After(10 * time.Second); ; { // the idle timeout is 30 s
			select {
			case got := <-changes:
				if got.state == want {
					return
				}
			case <-deadline:
				t.Fatalf("no connection became %s", want)
			}
		}
	}
	h := newHarness(t, func(s *core.Settings) {
		s.Providers[0].Settings.(*cotter.Settings).BaseURL = server.URL
	})
	is(t, h.login(t, ada, config.TransportBearer), http.StatusServiceUnavailable, "temporarily_unavailable")
	await(http.StateIdle)
	if err := h.kit.Close(); err != nil {
		t.Fatal(err)
	}
	await(http.StateClosed)
}
