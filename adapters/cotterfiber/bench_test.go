package cotterfiber_test

import (
	"bufio"
	"net"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/cotterpin/cotterpin/adapters/adaptertest"
	"github.com/cotterpin/cotterpin/adapters/cotterfiber"
	"github.com/cotterpin/cotterpin/core"
)

func BenchmarkAdapter(b *testing.B) {
	adaptertest.Bench(b, func(b *testing.B, load adaptertest.Load) func() {
		b.Helper()
		app := fiber.New(fiber.Config{
			ReadBufferSize:               cotterfiber.MinReadBufferSize,
			DisablePreParseMultipartForm: true,
		})
		if load.Kit != nil {
			if err := cotterfiber.Mount(app, load.Kit); err != nil {
				b.Fatal(err)
			}
		}
		handlers := []fiber.Handler{func(*fiber.Ctx) error { return nil }}
		if load.Guard {
			handlers = append([]fiber.Handler{cotterfiber.Require(load.Kit, core.Guard{})}, handlers...)
		}
		app.Get("/guarded", handlers...)

		var ctx fasthttp.RequestCtx
		ctx.Init(&fasthttp.Request{}, &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 4711}, nil)
		sent := "GET /guarded HTTP/1.1\r\nHost: localhost:8080\r\n" + load.Header + ": " + load.Line + "\r\n\r\n"
		if err := ctx.Request.Read(bufio.NewReader(strings.NewReader(sent))); err != nil {
			b.Fatal(err)
		}
		handle := app.Handler()
		return func() {
			handle(&ctx)
			ctx.ResetUserValues() // as between two requests of a connection
		}
	})
}
