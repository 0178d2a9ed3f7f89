// Package cotterhttp mounts cotterpin in net/http and in routers of that type,
// such as chi.
//
//	mux.Handle("GET /api/me", cotterhttp.Require(kit, core.Guard{})(me))
//	http.ListenAndServe(addr, cotterhttp.Mount(kit)(mux))
package cotterhttp

import (
	"net/http"

	"github.com/cotterpin/cotterpin/core"
)

// Mount returns a middleware that serves the kit's own routes and passes every
// other request on. It belongs outermost, around the router: inside, a router may
// clean or redirect paths before the kit.
func Mount(kit *core.Kit) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			response, ours := kit.Adapter().Serve(r.Context(), core.RequestFromHTTP(r))
			if !ours {
				next.ServeHTTP(w, r)
				return
			}
			response.WriteHTTP(w)
		})
	}
}

// Require returns a middleware that rejects requests that do not meet the guard.
func Require(kit *core.Kit, guard core.Guard) func(http.Handler) http.Handler {
	kit.Adapter().CheckGuard(guard)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, rejection := kit.Adapter().Authorize(r.Context(), core.RequestFromHTTP(r), w.Header(), guard)
			if rejection != nil {
				rejection.WriteHTTP(w)
				return
			}
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}

// CORS returns a middleware that lets the allowed origins read the responses of
// the application's own routes.
func CORS(kit *core.Kit) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if preflight := kit.Adapter().CORS(core.RequestFromHTTP(r), w.Header()); preflight != nil {
				preflight.WriteHTTP(w)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// Principal is [core.PrincipalFromContext] of the request.
func Principal(r *http.Request) (core.Principal, bool) {
	return core.PrincipalFromContext(r.Context())
}

// User is [core.UserFromContext] of the request.
func User(r *http.Request) (core.User, error) { return core.UserFromContext(r.Context()) }

// Fail responds to a request with an error, as the kit does: see package autherr.
func Fail(kit *core.Kit, w http.ResponseWriter, r *http.Request, err error) {
	kit.Adapter().Render(r.Context(), core.RequestFromHTTP(r), err).WriteHTTP(w)
}
