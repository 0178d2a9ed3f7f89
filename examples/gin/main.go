// Command gin is the demo application on gin.
package main

import (
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/cotterpin/cotterpin/adapters/cottergin"
	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/examples/internal/demo"
)

func main() { demo.Main(mount) }

func mount(app *demo.App) demo.Server {
	required := cottergin.Require(app.Kit, core.Guard{})
	optional := cottergin.Require(app.Kit, core.Guard{Optional: true})
	getOrHead := []string{http.MethodGet, http.MethodHead}

	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.Use(recovery(app.Kit), cottergin.Mount(app.Kit), cottergin.CORS(app.Kit))
	engine.Match(getOrHead, "/", func(c *gin.Context) { app.Page().WriteHTTP(c.Writer) })
	engine.Match(getOrHead, "/api/me", required, caller)
	engine.Match(getOrHead, "/api/public", optional, caller)
	engine.Match(getOrHead, "/api/stream", required, func(c *gin.Context) { app.StreamHTTP(c.Writer, c.Request) })
	engine.POST("/api/notes", required, func(c *gin.Context) {
		note, err := demo.Note(c.Request.Body)
		if err != nil {
			cottergin.Fail(app.Kit, c, err)
			return
		}
		note.WriteHTTP(c.Writer)
	})
	return demo.HTTPServer(engine)
}

func caller(c *gin.Context) {
	principal, _ := cottergin.Principal(c)
	demo.Caller(principal).WriteHTTP(c.Writer)
}

// recovery responds to a panic as the kit does. The recovery of gin would log the
// request, cookies included.
func recovery(kit *core.Kit) gin.HandlerFunc {
	return gin.CustomRecoveryWithWriter(nil, func(c *gin.Context, cause any) {
		cottergin.Fail(kit, c, fmt.Errorf("panic: %v", cause))
	})
}
