package cotterhttp_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/cotterpin/cotterpin/adapters/adaptertest"
	"github.com/cotterpin/cotterpin/adapters/cotterhttp"
	"github.com/cotterpin/cotterpin/core"
)

func BenchmarkAdapter(b *testing.B) {
	adaptertest.Bench(b, func(b *testing.B, load adaptertest.Load) func() {
		b.Helper()
		var handler http.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
		if load.Guard {
			handler = cotterhttp.Require(load.Kit, core.Guard{})(handler)
		}
		mux := http.NewServeMux()
		mux.Handle("GET /guarded", handler)
		handler = mux
		if load.Kit != nil {
			handler = cotterhttp.Mount(load.Kit)(handler)
		}
		r := httptest.NewRequestWithContext(b.Context(), "GET", "/guarded", http.NoBody)
		r.Header.Set(load.Header, load.Line)
		w := httptest.NewRecorder()
		return func() { handler.ServeHTTP(w, r) }
	})
}
