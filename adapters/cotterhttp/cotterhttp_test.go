package cotterhttp_test

import (
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/adapters/adaptertest"
	"github.com/cotterpin/cotterpin/adapters/cotterhttp"
	"github.com/cotterpin/cotterpin/core"
)

// Cases: S02, S03, S08, T25. Frameworks: nethttp.
func TestAdapter(t *testing.T) {
	t.Parallel()
	adaptertest.Run(t, func(t *testing.T, kit *core.Kit, listener net.Listener, routes []adaptertest.Route) {
		mux := http.NewServeMux()
		for _, route := range routes {
			var handler http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				principal, _ := cotterhttp.Principal(r)
				body, err := route.Respond(adaptertest.Call{
					Context:   r.Context(),
					Principal: principal,
					User:      func() (core.User, error) { return cotterhttp.User(r) },
				})
				if err != nil {
					cotterhttp.Fail(kit, w, r, err)
					return
				}
				w.Header().Set("Content-Type", "application/json")
				if route.CacheControl != "" {
					w.Header().Set("Cache-Control", route.CacheControl)
				}
				_, _ = w.Write(body)
			})
			for _, guard := range slices.Backward(route.Guards) {
				handler = cotterhttp.Require(kit, guard)(handler)
			}
			mux.Handle(route.Method+" "+route.Path, handler)
		}
		server := &http.Server{
			Handler:           cotterhttp.Mount(kit)(cotterhttp.CORS(kit)(mux)),
			ReadHeaderTimeout: 5 * time.Second,
			ErrorLog:          log.New(io.Discard, "", 0), // the panics of handlers
		}
		t.Cleanup(func() { server.Close() })
		go server.Serve(listener)
	})
}
