package cotterfiber_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/gofiber/fiber/v2"

	"github.com/cotterpin/cotterpin/adapters/cotterfiber"
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

	app := fiber.New(fiber.Config{
		ReadBufferSize:               cotterfiber.MinReadBufferSize,
		DisablePreParseMultipartForm: true,
		ErrorHandler:                 cotterfiber.ErrorHandler(kit),
	})
	if err := cotterfiber.Mount(app, kit); err != nil {
		panic(err)
	}
	app.Use(cotterfiber.CORS(kit))
	app.Get("/api/me", cotterfiber.Require(kit, core.Guard{}), func(c *fiber.Ctx) error {
		caller, _ := cotterfiber.Principal(c)
		return c.SendString(caller.Subject)
	})
	app.Get("/api/notes/:id", func(c *fiber.Ctx) error {
		return cotterfiber.Fail(kit, c, autherr.New(autherr.NotFound, "no_such_note"))
	})

	for _, path := range []string{"/auth/ok", "/api/me", "/api/notes/7"} {
		response, err := app.Test(httptest.NewRequest(http.MethodGet, path, nil))
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
