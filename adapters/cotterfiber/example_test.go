package cotterfiber_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

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

// A stream ends with the session of its caller. fiber reuses c after the handler has
// returned, and its context does not end when the client disconnects: a write then
// fails, and the context is canceled.
func Example_stream() {
	kit := newKit()
	defer kit.Close()

	app := fiber.New(fiber.Config{
		ReadBufferSize:               cotterfiber.MinReadBufferSize,
		DisablePreParseMultipartForm: true,
		ErrorHandler:                 cotterfiber.ErrorHandler(kit),
	})
	if err := cotterfiber.Mount(app, kit); err != nil {
		panic(err)
	}
	app.Get("/api/stream", cotterfiber.Require(kit, core.Guard{}), func(c *fiber.Ctx) error {
		ctx, cancel := context.WithCancel(c.UserContext())
		c.Set(fiber.HeaderContentType, "text/event-stream")
		c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
			defer cancel()
			watched := kit.Watch(ctx)
			seconds := time.NewTicker(time.Second)
			defer seconds.Stop()
			for tick := 1; ; tick++ {
				fmt.Fprintf(w, "data: {\"tick\":%d}\n\n", tick)
				if err := w.Flush(); err != nil {
					return
				}
				select {
				case <-seconds.C:
				case <-watched.Done():
					return
				}
			}
		})
		return nil
	})

	response, err := app.Test(httptest.NewRequest(http.MethodGet, "/api/stream", nil))
	if err != nil {
		panic(err)
	}
	response.Body.Close()
	fmt.Println(response.StatusCode)
	// Output: 401
}
