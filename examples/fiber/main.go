// Command fiber is the demo application on fiber v2.
package main

import (
	"bufio"
	"bytes"
	"context"
	"net"

	"github.com/gofiber/fiber/v2"
	recovery "github.com/gofiber/fiber/v2/middleware/recover"

	"github.com/cotterpin/cotterpin/adapters/cotterfiber"
	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/examples/internal/demo"
)

func main() { demo.Main(mount) }

func mount(app *demo.App) demo.Server {
	required := cotterfiber.Require(app.Kit, core.Guard{})
	optional := cotterfiber.Require(app.Kit, core.Guard{Optional: true})

	f := fiber.New(fiber.Config{
		DisablePreParseMultipartForm: true,
		DisableStartupMessage:        true,
		ErrorHandler:                 cotterfiber.ErrorHandler(app.Kit),
		ReadBufferSize:               demo.MaxHeaderBytes,
		ReadTimeout:                  demo.ReadTimeout,
	})
	f.Use(recovery.New())
	if err := cotterfiber.Mount(f, app.Kit); err != nil {
		panic(err) // fiber.Config above is wrong
	}
	f.Use(cotterfiber.CORS(app.Kit))
	f.Get("/", func(c *fiber.Ctx) error { return cotterfiber.Write(c, app.Page()) })
	f.Get("/api/me", required, caller)
	f.Get("/api/public", optional, caller)
	f.Get("/api/stream", required, func(c *fiber.Ctx) error { return stream(c, app) })
	f.Post("/api/notes", required, func(c *fiber.Ctx) error {
		note, err := demo.Note(bytes.NewReader(c.BodyRaw()))
		if err != nil {
			return cotterfiber.Fail(app.Kit, c, err)
		}
		return cotterfiber.Write(c, note)
	})
	return server{f}
}

func caller(c *fiber.Ctx) error {
	principal, _ := cotterfiber.Principal(c)
	return cotterfiber.Write(c, demo.Caller(principal))
}

// stream writes after it has returned, when fiber reuses c. The context does not end
// when the client disconnects, so it is canceled when a write fails.
func stream(c *fiber.Ctx, app *demo.App) error {
	ctx, cancel := context.WithCancel(c.UserContext())
	c.Set(fiber.HeaderContentType, demo.StreamType)
	c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
		defer cancel()
		app.Stream(ctx, func(event string) error {
			if _, err := w.WriteString(event); err != nil {
				return err
			}
			return w.Flush()
		})
	})
	return nil
}

// server adapts a fiber.App to the demo.
type server struct{ app *fiber.App }

func (s server) Serve(l net.Listener) error         { return s.app.Listener(l) }
func (s server) Shutdown(ctx context.Context) error { return s.app.ShutdownWithContext(ctx) }
