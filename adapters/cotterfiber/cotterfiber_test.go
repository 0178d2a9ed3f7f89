package cotterfiber_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	recovery "github.com/gofiber/fiber/v2/middleware/recover"

	"github.com/cotterpin/cotterpin/adapters/adaptertest"
	"github.com/cotterpin/cotterpin/adapters/cotterfiber"
	"github.com/cotterpin/cotterpin/core"
)

// Cases: S02, S03, S08, T25. Frameworks: fiber.
func TestAdapter(t *testing.T) {
	t.Parallel()
	adaptertest.Run(t, func(t *testing.T, kit *core.Kit, listener net.Listener, routes []adaptertest.Route) {
		app := fiber.New(fiber.Config{
			ReadBufferSize:        cotterfiber.MinReadBufferSize,
			ReadTimeout:           5 * time.Second,
			DisableStartupMessage: true,
			ErrorHandler:          cotterfiber.ErrorHandler(kit),

			DisablePreParseMultipartForm: true,
		})
		app.Use(recovery.New())
		if err := cotterfiber.Mount(app, kit); err != nil {
			t.Fatal(err)
		}
		app.Use(cotterfiber.CORS(kit))
		for _, route := range routes {
			var handlers []fiber.Handler
			for _, guard := range route.Guards {
				handlers = append(handlers, cotterfiber.Require(kit, guard))
			}
			app.Add(route.Method, route.Path, append(handlers, func(c *fiber.Ctx) error {
				principal, _ := cotterfiber.Principal(c)
				body, err := route.Respond(adaptertest.Call{
					Context:   c.UserContext(),
					Framework: c.Context(),
					Principal: principal,
					User:      func() (core.User, error) { return cotterfiber.User(c) },
				})
				if err != nil {
					return cotterfiber.Fail(kit, c, err)
				}
				c.Set("Content-Type", "application/json")
				if route.CacheControl != "" {
					c.Set("Cache-Control", route.CacheControl)
				}
				return c.Send(body)
			})...)
		}
		serve(t, app, listener)
	})
}

// serve runs the application until the test ends.
func serve(t *testing.T, app *fiber.App, listener net.Listener) {
	t.Helper()
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
}

func TestErrorHandler_HidesCause(t *testing.T) {
	t.Parallel()
	app := fiber.New(fiber.Config{
		BodyLimit:             1 << 10,
		DisableStartupMessage: true,
		ErrorHandler:          cotterfiber.ErrorHandler(adaptertest.NewKit(t)),
	})
	app.Get("/panics", func(*fiber.Ctx) error { return errors.New("secret inside") })
	app.Get("/teapot", func(*fiber.Ctx) error { return fiber.ErrTeapot })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serve(t, app, listener)
	origin := "http://" + listener.Addr().String()
	for target, want := range map[string]string{"/panics": `"code":"internal"`, "/teapot": "I'm a teapot", "/big": `"code":"payload_too_large"`} {
		response, err := http.Post(origin+target, "text/plain", strings.NewReader(strings.Repeat("x", 2<<10)))
		if target != "/big" {
			response, err = http.Get(origin + target)
		}
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil || !strings.Contains(string(body), want) || strings.Contains(string(body), "secret") {
			t.Errorf("%s: %d %s, %v", target, response.StatusCode, body, err)
		}
	}
}
