// Package cottergin mounts cotterpin in gin.
//
//	engine.Use(cottergin.Mount(kit))
//	engine.GET("/api/me", cottergin.Require(kit, core.Guard{}), me)
//
// Behind a guard the caller is in the request's context: [Principal],
// [core.PrincipalFromContext].
package cottergin

import (
	"github.com/gin-gonic/gin"

	"github.com/cotterpin/cotterpin/core"
)

// Mount returns a handler for engine.Use that answers the kit's own routes and
// lets everything else go on. It belongs before every route and every other
// handler but logging and recovery, and never in a group.
func Mount(kit *core.Kit) gin.HandlerFunc {
	return func(c *gin.Context) {
		response, ours := kit.Adapter().Serve(c.Request.Context(), core.RequestFromHTTP(c.Request))
		if !ours {
			return
		}
		c.Abort()
		response.WriteHTTP(c.Writer)
	}
}

// Require returns a handler that lets through whom the guard admits.
func Require(kit *core.Kit, guard core.Guard) gin.HandlerFunc {
	kit.Adapter().CheckGuard(guard)
	return func(c *gin.Context) {
		ctx, refusal := kit.Adapter().Authorize(c.Request.Context(), core.RequestFromHTTP(c.Request), guard)
		if refusal != nil {
			c.Abort()
			refusal.WriteHTTP(c.Writer)
			return
		}
		c.Request = c.Request.WithContext(ctx)
	}
}

// Principal returns the caller that a guard recognised; false for strangers.
func Principal(c *gin.Context) (core.Principal, bool) {
	return core.PrincipalFromContext(c.Request.Context())
}

// CORS returns a handler that lets the allowed origins read what the
// application's own routes answer. It belongs in engine.Use, so that preflight
// requests reach it.
func CORS(kit *core.Kit) gin.HandlerFunc {
	return func(c *gin.Context) {
		fields, preflight := kit.Adapter().CORS(core.RequestFromHTTP(c.Request))
		if preflight != nil {
			c.Abort()
			preflight.WriteHTTP(c.Writer)
			return
		}
		for _, f := range fields {
			c.Writer.Header().Add(f.Name, f.Value)
		}
	}
}
