// Package cottergin mounts cotterpin in gin.
//
//	engine.Use(cottergin.Mount(kit))
//	engine.GET("/api/me", cottergin.Require(kit, core.Guard{}), me)
package cottergin

import (
	"github.com/gin-gonic/gin"

	"github.com/cotterpin/cotterpin/core"
)

// Mount returns a handler for engine.Use that serves the kit's own routes and
// passes every other request on. It belongs before every route and every other
// handler except logging and recovery, and never in a group.
func Mount(kit *core.Kit) gin.HandlerFunc {
	return func(c *gin.Context) {
		if response, ours := kit.Adapter().Serve(c.Request.Context(), request(c)); ours {
			end(c, response)
		}
	}
}

// Require returns a handler that rejects requests that do not meet the guard.
func Require(kit *core.Kit, guard core.Guard) gin.HandlerFunc {
	kit.Adapter().CheckGuard(guard)
	return func(c *gin.Context) {
		ctx, rejection := kit.Adapter().Authorize(c.Request.Context(), request(c), c.Writer.Header(), guard)
		if rejection != nil {
			end(c, *rejection)
			return
		}
		c.Request = c.Request.WithContext(ctx)
		c.Set(core.CallerKey, ctx.Value(core.CallerKey)) // c is a context too
	}
}

// CORS returns a handler that lets the allowed origins read the responses of the
// application's own routes. It belongs in engine.Use, so that it receives
// preflight requests.
func CORS(kit *core.Kit) gin.HandlerFunc {
	return func(c *gin.Context) {
		if preflight := kit.Adapter().CORS(request(c), c.Writer.Header()); preflight != nil {
			end(c, *preflight)
		}
	}
}

// Principal is [core.PrincipalFromContext] of the request.
func Principal(c *gin.Context) (core.Principal, bool) {
	return core.PrincipalFromContext(c.Request.Context())
}

// User is [core.UserFromContext] of the request.
func User(c *gin.Context) (core.User, error) { return core.UserFromContext(c.Request.Context()) }

// Fail responds to a request with an error, as the kit does, and aborts the chain: see
// package autherr.
func Fail(kit *core.Kit, c *gin.Context, err error) {
	end(c, kit.Adapter().Render(c.Request.Context(), request(c), err))
}

func request(c *gin.Context) core.Request {
	r := core.RequestFromHTTP(c.Request)
	r.Route = c.FullPath()
	return r
}

// end writes a response of the kit, after which no handler runs.
func end(c *gin.Context, response core.Response) {
	c.Abort()
	response.WriteHTTP(c.Writer)
}
