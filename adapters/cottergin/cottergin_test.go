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
		engine.Use(gin.RecoveryWithWriter(nil), cottergin.Mount(kit), cottergin.CORS(kit))
		for _, route := range routes {
			var handlers gin.HandlersChain
			for _, guard := range route.Guards {
				handlers = append(handlers, cottergin.Require(kit, guard))
			}
			engine.Handle(route.Method, route.Path, append(handlers, func(c *gin.Context) {
				principal, _ := cottergin.Principal(c)
				body, err := route.Respond(adaptertest.Call{
					Context:   c.Request.Context(),
					Framework: c,
					Principal: principal,
					User:      func() (core.User, error) { return cottergin.User(c) },
				})
				if err != nil {
					cottergin.Fail(kit, c, err)
					return
				}
				c.Data(200, "application/json", body)
			})...)
		}
		server := httptest.NewServer(engine)
		t.Cleanup(server.Close)
		return server.URL
	})
}
