package cottergin_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/gin-gonic/gin"

	"github.com/cotterpin/cotterpin/adapters/cottergin"
	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/provider/emulator"
)

const configuration = `
auth {
  mode            = "development"
  base_url        = "http://localhost:8080"
  allowed_origins = ["http://localhost:5173"]
}
provider "emulator" {}
session "provider_token" {
  user = "none"
}
`

func newKit() *core.Kit {
	settings, err := core.Parse(context.Background(), "auth.hcl", []byte(configuration), core.WithTypes(emulator.Type))
	if err != nil {
		panic(err)
	}
	kit, err := core.New(context.Background(), settings)
	if err != nil {
		panic(err)
	}
	return kit
}

func Example() {
	kit := newKit() // of a file: core.Open
	defer kit.Close()

	engine := gin.New()
	engine.Use(cottergin.Mount(kit), cottergin.CORS(kit))
	engine.GET("/api/me", cottergin.Require(kit, core.Guard{}), func(c *gin.Context) {
		caller, _ := cottergin.Principal(c)
		c.String(http.StatusOK, caller.Subject)
	})
	engine.GET("/api/notes/:id", func(c *gin.Context) {
		cottergin.Fail(kit, c, autherr.New(autherr.NotFound, "no_such_note"))
	})
	server := httptest.NewServer(engine)
	defer server.Close()

	for _, path := range []string{"/auth/ok", "/api/me", "/api/notes/7"} {
		response, err := http.Get(server.URL + path)
		if err != nil {
			panic(err)
		}
		response.Body.Close()
		fmt.Println(path, response.StatusCode)
	}
	// Output:
	// /auth/ok 200
	// /api/me 401
	// /api/notes/7 404
}
