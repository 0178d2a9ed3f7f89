package bench_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"testing"

	jwtmiddleware "github.com/auth0/go-jwt-middleware/v2"
	"github.com/gin-gonic/gin"
	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/cotterpin/cotterpin/adapters/cotterfiber"
	"github.com/cotterpin/cotterpin/adapters/cottergin"
	"github.com/cotterpin/cotterpin/adapters/cotterhttp"
	"github.com/cotterpin/cotterpin/core"
)

// BenchmarkGuard is a request to a guarded route, through the whole framework,
// without a socket.
func BenchmarkGuard(b *testing.B) {
	s := newSigned(b)
	for _, framework := range []string{"net/http", "gin", "fiber"} {
		contenders := []contender{
			{"the bare route", func(b *testing.B) func() error { b.Helper(); return serving[framework](b, nil, s.token) }},
			{"cotterpin, a cached token", func(b *testing.B) func() error {
				b.Helper()
				return serving[framework](b, newKit(b, configuration(s.issuer, 10_000, tokenAlone, "")), s.token)
			}},
			{"cotterpin, and its user", func(b *testing.B) func() error {
				b.Helper()
				kit := newKit(b, configuration(s.issuer, 10_000, tokenUser, `database "sqlite" {}`))
				login(b, kit, s.issuer)
				return serving[framework](b, kit, s.token)
			}},
		}
		if framework == "net/http" {
			contenders = append(contenders, contender{"auth0/go-jwt-middleware v2", s.auth0Middleware})
		}
		compare(b, "a guarded route of "+framework, contenders...)
	}
}

// serving are the frameworks: each returns a request to a route that is guarded
// unless kit is nil.
var serving = map[string]func(b *testing.B, kit *core.Kit, token string) func() error{
	"net/http": func(_ *testing.B, kit *core.Kit, token string) func() error {
		if kit == nil {
			return requesting(http.HandlerFunc(hello), token)
		}
		return requesting(guarded(kit), token)
	},
	"gin": func(_ *testing.B, kit *core.Kit, token string) func() error {
		gin.SetMode(gin.ReleaseMode)
		engine := gin.New()
		handlers := []gin.HandlerFunc{func(c *gin.Context) { hello(c.Writer, c.Request) }}
		if kit != nil {
			handlers = append([]gin.HandlerFunc{cottergin.Require(kit, core.Guard{})}, handlers...)
		}
		engine.GET("/api/me", handlers...)
		return requesting(engine, token)
	},
	"fiber": func(_ *testing.B, kit *core.Kit, token string) func() error {
		app := fiber.New(fiber.Config{DisableStartupMessage: true, ReadBufferSize: cotterfiber.MinReadBufferSize})
		handlers := []fiber.Handler{func(c *fiber.Ctx) error { return c.SendString("hello") }}
		if kit != nil {
			handlers = append([]fiber.Handler{cotterfiber.Require(kit, core.Guard{})}, handlers...)
		}
		app.Get("/api/me", handlers...)
		handle := app.Handler()
		sent := []byte("GET /api/me HTTP/1.1\r\nHost: localhost:8080\r\nAuthorization: Bearer " + token + "\r\n\r\n")
		var (
			ctx    fasthttp.RequestCtx
			source bytes.Reader
			reader = bufio.NewReaderSize(&source, 16<<10)
		)
		return func() error { // fiber's headers are those that were read, so reading is part of it
			source.Reset(sent)
			reader.Reset(&source)
			ctx.Response.Reset()
			if err := ctx.Request.Read(reader); err != nil {
				return fmt.Errorf("reading the request: %w", err)
			}
			handle(&ctx)
			return isOK(ctx.Response.StatusCode())
		}
	},
}

func guarded(kit *core.Kit) http.Handler {
	return cotterhttp.Require(kit, core.Guard{})(http.HandlerFunc(hello))
}

func hello(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }

// requesting returns a request to a handler of net/http.
func requesting(handler http.Handler, token string) func() error {
	request := bearerRequest(token)
	return func() error {
		var w recorder
		handler.ServeHTTP(&w, request)
		return isOK(w.status)
	}
}

func isOK(status int) error {
	if status != http.StatusOK && status != 0 {
		return fmt.Errorf("status %d", status)
	}
	return nil
}

// recorder discards a response.
type recorder struct {
	status int
	header http.Header
}

func (r *recorder) Header() http.Header {
	if r.header == nil {
		r.header = http.Header{}
	}
	return r.header
}
func (r *recorder) Write(p []byte) (int, error) { return len(p), nil }
func (r *recorder) WriteHeader(status int)      { r.status = status }

func (s signed) auth0Middleware(b *testing.B) func() error {
	b.Helper()
	return requesting(s.auth0Handler(b), s.token)
}

func (s signed) auth0Handler(b *testing.B) http.Handler {
	b.Helper()
	return jwtmiddleware.New(s.newAuth0Validator(b).ValidateToken).CheckJWT(http.HandlerFunc(hello))
}
