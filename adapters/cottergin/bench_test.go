package cottergin_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/cotterpin/cotterpin/adapters/adaptertest"
	"github.com/cotterpin/cotterpin/adapters/cottergin"
	"github.com/cotterpin/cotterpin/core"
)

func BenchmarkAdapter(b *testing.B) {
	adaptertest.Bench(b, func(b *testing.B, load adaptertest.Load) func() {
		b.Helper()
		engine := gin.New()
		if load.Kit != nil {
			engine.Use(cottergin.Mount(load.Kit))
		}
		handlers := gin.HandlersChain{func(*gin.Context) {}}
		if load.Guard {
			handlers = append(gin.HandlersChain{cottergin.Require(load.Kit, core.Guard{})}, handlers...)
		}
		engine.GET("/guarded", handlers...)
		r := httptest.NewRequestWithContext(b.Context(), "GET", "/guarded", http.NoBody)
		r.Header.Set(load.Header, load.Line)
		w := httptest.NewRecorder()
		return func() { engine.ServeHTTP(w, r) }
	})
}
