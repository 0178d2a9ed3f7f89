package cottergin_test

import (
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/cotterpin/cotterpin/adapters/adaptertest"
	"github.com/cotterpin/cotterpin/adapters/cottergin"
	"github.com/cotterpin/cotterpin/core"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.ReleaseMode)
	m.Run()
}

func TestAdapter(t *testing.T) {
	t.Parallel()
	adaptertest.Run(t, func(t *testing.T, kit *core.Kit, routes []adaptertest.Route) string {
		engine := gin.New()
		engine.Use(gin.Recovery(), cottergin.Mount(kit))
		for _, route := range routes {
			handlers := gin.HandlersChain{func(c *gin.Context) {
				native, _ := cottergin.Principal(c)
				c.Data(200, "application/json", route.Answer(c.Request.Context(), native))
			}}
			if route.Guard != nil {
				handlers = append(gin.HandlersChain{cottergin.Require(kit, *route.Guard)}, handlers...)
			}
			engine.Handle(route.Method, route.Path, handlers...)
		}
		server := httptest.NewServer(engine)
		t.Cleanup(server.Close)
		return server.URL
	})
}
