// Package cotterfiber mounts cotterpin in fiber v2, natively: nothing is
// bridged through net/http, and nothing that fiber will use again is kept.
// Behind a guard the caller is in c.UserContext(): [Principal],
// [core.PrincipalFromContext].
package cotterfiber

import (
	"errors"
	"fmt"

	"github.com/gofiber/fiber/v2"

	"github.com/cotterpin/cotterpin/core"
)

// MinReadBufferSize is the least fiber.Config.ReadBufferSize. With fiber's own
// 4096 bytes a user who has one full cookie gets 431, from the logout too.
const MinReadBufferSize = 16 << 10

// Mount makes the application answer the kit's own routes, and is called before
// every route and app.Use but those for logging and recovery. An error says what
// in the application's configuration the kit cannot live with.
func Mount(app *fiber.App, kit *core.Kit) error {
	if c := app.Config(); c.ReadBufferSize < MinReadBufferSize || c.StreamRequestBody || !c.DisablePreParseMultipartForm {
		return fmt.Errorf("cotterfiber: fiber.Config needs ReadBufferSize %d or more, StreamRequestBody off, DisablePreParseMultipartForm on", MinReadBufferSize)
	}
	app.Use(func(c *fiber.Ctx) error {
		response, ours := kit.Adapter().Serve(c.UserContext(), Request(c))
		if !ours {
			return c.Next()
		}
		return Write(c, response)
	})
	return nil
}

// Require returns a handler that lets through whom the guard admits.
func Require(kit *core.Kit, guard core.Guard) fiber.Handler {
	kit.Adapter().CheckGuard(guard)
	return func(c *fiber.Ctx) error {
		ctx, refusal := kit.Adapter().Authorize(c.UserContext(), Request(c), guard)
		if refusal != nil {
			return Write(c, *refusal)
		}
		c.SetUserContext(ctx)
		return c.Next()
	}
}

// Principal returns the caller that a guard recognised; false for strangers.
func Principal(c *fiber.Ctx) (core.Principal, bool) {
	return core.PrincipalFromContext(c.UserContext())
}

// CORS returns a handler for app.Use that lets the allowed origins read what the application answers.
func CORS(kit *core.Kit) fiber.Handler {
	return func(c *fiber.Ctx) error {
		fields, preflight := kit.Adapter().CORS(Request(c))
		if preflight != nil {
			return Write(c, *preflight)
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
			if response, known := kit.Adapter().RenderStatus(refused.Code); known {
				return Write(c, response)
			}
			return fiber.DefaultErrorHandler(c, err)
		}
		return Write(c, kit.Adapter().Render(err))
	}
}

// Request describes a request of fiber, for what the kit does beside guards.
// Header and body are read while c is valid.
func Request(c *fiber.Ctx) core.Request {
	r := c.Request()
	described := core.RequestFromBuffers(
		r.Header.Method(), r.URI().PathOriginal(), r.URI().QueryString(), r.Header.Host(), r.Body(), c.Context().RemoteAddr())
	described.TLS = c.Context().IsTLS()
	described.ContentLength = int64(max(r.Header.ContentLength(), -1))
	described.Header = (*header)(c)
	return described
}

// header reads the header as it was sent: fiber's own ways join, rewrite or
// leave out lines.
type header fiber.Ctx

// Values returns the lines of a field.
func (h *header) Values(name string) []string {
	return core.HeaderLines((*fiber.Ctx)(h).Request().Header.AllInOrder(), name)
}

// Write answers with a response of the kit.
func Write(c *fiber.Ctx, response core.Response) error {
	for _, f := range response.Header {
		c.Response().Header.Set(f.Name, f.Value)
	}
	for _, line := range response.Cookies {
		c.Response().Header.Add("Set-Cookie", line)
	}
	return c.Status(response.Status).Send(response.Body)
}
