package integration_test

import (
	"io"
	"log"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/cotterpin/cotterpin/adapters/adaptertest"
	"github.com/cotterpin/cotterpin/adapters/cotterhttp"
	"github.com/cotterpin/cotterpin/core"
)

func TestHTTPAdapter_Chi(t *testing.T) {
	t.Parallel()
	adaptertest.Run(t, func(t *testing.T, kit *core.Kit, listener net.Listener, routes []adaptertest.Route) {
		router := chi.NewRouter()
		router.Use(cotterhttp.Mount(kit), cotterhttp.CORS(kit))
		for _, route := range routes {
			var guards chi.Middlewares
			for _, guard := range route.Guards {
				guards = append(guards, cotterhttp.Require(kit, guard))
			}
			router.With(guards...).MethodFunc(route.Method, route.Path, func(w http.ResponseWriter, r *http.Request) {
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
		}
		server := &http.Server{
			Handler:           router,
			ReadHeaderTimeout: 5 * time.Second,
			ErrorLog:          log.New(io.Discard, "", 0), // the panics of handlers
		}
		t.Cleanup(func() { server.Close() })
		go server.Serve(listener)
	})
}
