// Package cotterfiber mounts cotterpin in fiber v2, natively: nothing is
// bridged through net/http, and nothing that fiber will use again is kept.
// Behind a guard the caller is in c.UserContext() ([core.FromContext]) and in
// fiber's locals ([Principal]).
package cotterfiber

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/cotterpin/cotterpin/core"
)

// MinReadBufferSize is the least fiber.Config.ReadBufferSize. With fiber's own
// 4096 bytes a user who has one full cookie gets 431, from the logout too.
const MinReadBufferSize = 16 << 10

type principalKey struct{}

// Mount makes the application answer the kit's own routes, and is called before
// every route and app.Use but those for logging and recovery. An error says what
// in the application's configuration the kit cannot live with.
func Mount(app *fiber.App, kit *core.Kit) error {
	if c := app.Config(); c.ReadBufferSize < MinReadBufferSize || c.StreamRequestBody || !c.DisablePreParseMultipartForm {
		return fmt.Errorf("cotterfiber: fiber.Config needs ReadBufferSize %d or more, StreamRequestBody off, DisablePreParseMultipartForm on", MinReadBufferSize)
	}
	app.Use(func(c *fiber.Ctx) error {
		response, ours := kit.Serve(c.UserContext(), request(c))
		if !ours {
			return c.Next()
		}
		return write(c, response)
	})
	return nil
}

// Require returns a handler that lets through whom the guard admits.
func Require(kit *core.Kit, guard core.Guard) fiber.Handler {
	return func(c *fiber.Ctx) error {
		ctx, refusal := kit.Authorize(c.UserContext(), request(c), guard)
		if refusal != nil {
			return write(c, *refusal)
		}
		c.SetUserContext(ctx)
		if principal, ok := core.FromContext(ctx); ok {
			c.Locals(principalKey{}, principal)
		}
		return c.Next()
	}
}

// Principal returns the caller that a guard recognised; false for strangers.
func Principal(c *fiber.Ctx) (core.Principal, bool) {
	principal, ok := c.Locals(principalKey{}).(core.Principal)
	return principal, ok
}

// CORS returns a handler for app.Use that lets the allowed origins read what the application answers.
func CORS(kit *core.Kit) fiber.Handler {
	return func(c *fiber.Ctx) error {
		fields, preflight := kit.CORS(request(c))
		if preflight != nil {
			return write(c, *preflight)
		}
		for _, f := range fields {
			c.Response().Header.Add(f.Name, f.Value)
		}
		return c.Next()
	}
}

// ErrorHandler renders panics, and what fiber refuses by itself, as the kit does.
func ErrorHandler(kit *core.Kit) fiber.ErrorHandler {
	return func(c *fiber.Ctx, err error) error {
		if refused, ok := errors.AsType[*fiber.Error](err); ok {
			if response, known := kit.RenderStatus(refused.Code); known {
				return write(c, response)
			}
			return fiber.DefaultErrorHandler(c, err)
		}
		return write(c, kit.Render(err))
	}
}

// request describes a request of fiber: copied, but for the body.
func request(c *fiber.Ctx) core.Request {
	r := c.Request()
	return core.Request{
		Method:        string(r.Header.Method()),
		Path:          string(r.URI().PathOriginal()),
		Query:         string(r.URI().QueryString()),
		Host:          string(r.Header.Host()),
		Remote:        c.Context().RemoteAddr().String(),
		TLS:           c.Context().IsTLS(),
		ContentLength: int64(max(r.Header.ContentLength(), -1)),
		Header: func(name string) (lines []string) {
			for key, value := range r.Header.AllInOrder() {
				if strings.EqualFold(string(key), name) {
					lines = append(lines, string(bytes.Trim(value, " \t")))
				}
			}
			return lines
		},
		Body: bytes.NewReader(r.Body()),
	}
}

func write(c *fiber.Ctx, response core.Response) error {
	for _, f := range response.Header {
		c.Response().Header.Set(f.Name, f.Value)
	}
	for _, line := range response.Cookies {
		c.Response().Header.Add("Set-Cookie", line)
	}
	return c.Status(response.Status).Send(response.Body)
}
