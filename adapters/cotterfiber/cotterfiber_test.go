package cotterfiber_test

import (
	"net"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/cotterpin/cotterpin/adapters/adaptertest"
	"github.com/cotterpin/cotterpin/adapters/cotterfiber"
	"github.com/cotterpin/cotterpin/core"
)

func TestAdapter(t *testing.T) {
	t.Parallel()
	adaptertest.Run(t, func(t *testing.T, kit *core.Kit, routes []adaptertest.Route) string {
		app := fiber.New(fiber.Config{
			ReadBufferSize:        cotterfiber.MinReadBufferSize,
			ReadTimeout:           5 * time.Second,
			DisableStartupMessage: true,
			ErrorHandler:          cotterfiber.ErrorHandler(kit),
		})
		if err := cotterfiber.Mount(app, kit); err != nil {
			t.Fatal(err)
		}
		for _, route := range routes {
			handlers := []fiber.Handler{func(c *fiber.Ctx) error {
				native, _ := cotterfiber.Principal(c)
				c.Set("Content-Type", "application/json")
				return c.Send(route.Answer(c.UserContext(), native))
			}}
			if route.Guard != nil {
				handlers = append([]fiber.Handler{cotterfiber.Require(kit, *route.Guard)}, handlers...)
			}
			app.Add(route.Method, route.Path, handlers...)
		}
		return serve(t, app)
	})
}

// serve runs the application on a loopback address until the test ends.
func serve(t *testing.T, app *fiber.App) (origin string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- app.Listener(listener) }()
	t.Cleanup(func() {
		if err := app.ShutdownWithTimeout(5 * time.Second); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return "http://" + listener.Addr().String()
}
