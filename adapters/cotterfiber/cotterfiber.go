// Package cotterfiber mounts cotterpin in fiber v2, natively: nothing is bridged
// through net/http, and no buffer that fiber reuses is kept.
//
//	err := cotterfiber.Mount(app, kit)
//	app.Get("/api/me", cotterfiber.Require(kit, core.Guard{}), me)
package cotterfiber

import (
	"errors"
	"fmt"

	"github.com/gofiber/fiber/v2"

	"github.com/cotterpin/cotterpin/core"
)

// MinReadBufferSize is the minimum fiber.Config.ReadBufferSize: a provider token
// in a header may have 16 KiB. With fiber's own 4096 bytes a client with one full
// cookie gets 431, also from the logout.
const MinReadBufferSize = 32 << 10

// Mount makes the application serve the kit's own routes. It is called before
// every route and app.Use except those for logging and recovery. It returns an
// error if the application's configuration does not suffice.
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

// Require returns a handler that rejects requests that do not meet the guard.
func Require(kit *core.Kit, guard core.Guard) fiber.Handler {
	kit.Adapter().CheckGuard(guard)
	return func(c *fiber.Ctx) error {
		ctx, rejection := kit.Adapter().Authorize(c.UserContext(), routed(c), &c.Response().Header, guard)
		if rejection != nil {
			return Write(c, *rejection)
		}
		c.SetUserContext(ctx)
		c.Context().SetUserValue(core.CallerKey, ctx.Value(core.CallerKey)) // c.Context() is a context too
		return c.Next()
	}
}

// CORS returns a handler for app.Use that lets the allowed origins read the
// responses of the application's own routes.
func CORS(kit *core.Kit) fiber.Handler {
	return func(c *fiber.Ctx) error {
		if preflight := kit.Adapter().CORS(Request(c), &c.Response().Header); preflight != nil {
			return Write(c, *preflight)
		}
		return c.Next()
	}
}

// Principal is [core.PrincipalFromContext] of the request.
func Principal(c *fiber.Ctx) (core.Principal, bool) {
	return core.PrincipalFromContext(c.UserContext())
}

// User is [core.UserFromContext] of the request.
func User(c *fiber.Ctx) (core.User, error) { return core.UserFromContext(c.UserContext()) }

// Fail responds to a request with an error, as the kit does: see package autherr.
func Fail(kit *core.Kit, c *fiber.Ctx, err error) error {
	return Write(c, kit.Adapter().Render(c.UserContext(), routed(c), err))
}

// ErrorHandler responds to errors of handlers, and to requests that fiber rejects
// by itself, as the kit does.
func ErrorHandler(kit *core.Kit) fiber.ErrorHandler {
	return func(c *fiber.Ctx, err error) error {
		if rejected, ok := errors.AsType[*fiber.Error](err); ok {
			if response, known := kit.Adapter().RenderStatus(rejected.Code); known {
				return Write(c, response)
			}
			return fiber.DefaultErrorHandler(c, err)
		}
		return Write(c, kit.Adapter().Render(c.UserContext(), Request(c), err))
	}
}

// Request converts a request of fiber. Header and body are read while c is valid.
func Request(c *fiber.Ctx) core.Request {
	r := c.Request()
	converted := core.RequestFromBuffers(
		r.Header.Method(), r.URI().PathOriginal(), r.URI().QueryString(), r.Header.Host(), r.Body(), c.Context().RemoteAddr())
	converted.TLS = c.Context().IsTLS()
	converted.ContentLength = int64(max(r.Header.ContentLength(), -1))
	converted.Header = (*header)(c)
	return converted
}

// routed is Request with the pattern of the route, which a handler alone has.
func routed(c *fiber.Ctx) core.Request {
	r := Request(c)
	r.Route = c.Route().Path
	return r
}

// header reads the header as it was sent: fiber's own methods join, rewrite or
// omit lines.
type header fiber.Ctx

// Values returns the lines of a field.
func (h *header) Values(name string) []string {
	return core.HeaderLines((*fiber.Ctx)(h).Request().Header.AllInOrder(), name)
}

// Write responds with a response of the kit.
func Write(c *fiber.Ctx, response core.Response) error {
	response.SetHeader(&c.Response().Header)
	return c.Status(response.Status).Send(response.Body)
}
