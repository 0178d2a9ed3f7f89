package integration_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-chi/chi/v5"

	"github.com/cotterpin/cotterpin/adapters/adaptertest"
	"github.com/cotterpin/cotterpin/adapters/cotterhttp"
	"github.com/cotterpin/cotterpin/core"
)

func TestHTTPAdapter_Chi(t *testing.T) {
	t.Parallel()
	adaptertest.Run(t, func(t *testing.T, kit *core.Kit, routes []adaptertest.Route) string {
		router := chi.NewRouter()
		router.Use(cotterhttp.Mount(kit))
		for _, route := range routes {
			var guards chi.Middlewares
			if route.Guard != nil {
				guards = append(guards, cotterhttp.Require(kit, *route.Guard))
			}
			router.With(guards...).MethodFunc(route.Method, route.Path, func(w http.ResponseWriter, r *http.Request) {
				native, _ := core.PrincipalFromContext(r.Context())
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write(route.Answer(r.Context(), native))
			})
		}
		server := httptest.NewServer(router)
		t.Cleanup(server.Close)
		return server.URL
	})
}
