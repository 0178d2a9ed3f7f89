package cottergin_test

import (
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/cotterpin/cotterpin/adapters/adaptertest"
	"github.com/cotterpin/cotterpin/adapters/cottergin"
	"github.com/cotterpin/cotterpin/core"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.ReleaseMode)
	m.Run()
}

// Cases: S02, S03, S08, T25. Frameworks: gin.
func TestAdapter(t *testing.T) {
	t.Parallel()
	adaptertest.Run(t, func(t *testing.T, kit *core.Kit, listener net.Listener, routes []adaptertest.Route) {
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
				if route.CacheControl != "" {
					c.Header("Cache-Control", route.CacheControl)
				}
				c.Data(200, "application/json", body)
			})...)
		}
		server := &http.Server{Handler: engine, ReadHeaderTimeout: 5 * time.Second}
		t.Cleanup(func() { server.Close() })
		go server.Serve(listener)
	})
}
