package cotterhttp_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/cotterpin/cotterpin/adapters/adaptertest"
	"github.com/cotterpin/cotterpin/adapters/cotterhttp"
	"github.com/cotterpin/cotterpin/core"
)

func TestAdapter(t *testing.T) {
	t.Parallel()
	adaptertest.Run(t, func(t *testing.T, kit *core.Kit, routes []adaptertest.Route) string {
		mux := http.NewServeMux()
		for _, route := range routes {
			var handler http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				native, _ := core.PrincipalFromContext(r.Context())
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write(route.Answer(r.Context(), native))
			})
			if route.Guard != nil {
				handler = cotterhttp.Require(kit, *route.Guard)(handler)
			}
			mux.Handle(route.Method+" "+route.Path, handler)
		}
		server := httptest.NewServer(cotterhttp.Mount(kit)(mux))
		t.Cleanup(server.Close)
		return server.URL
	})
}
