// Package cotterhttp mounts cotterpin in net/http and in every router of its
// kind, such as chi.
//
//	mux.Handle("GET /api/me", cotterhttp.Require(kit, core.Guard{})(me))
//	http.ListenAndServe(addr, cotterhttp.Mount(kit)(mux))
//
// Behind a guard the caller is in the request's context: [core.PrincipalFromContext].
package cotterhttp

import (
	"net/http"

	"github.com/cotterpin/cotterpin/core"
)

// Mount returns a middleware that answers the kit's own routes and hands
// everything else on. It belongs outermost, around the router: inside, a router
// may clean or redirect paths before the kit sees them.
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

// Require returns a middleware that lets through whom the guard admits.
func Require(kit *core.Kit, guard core.Guard) func(http.Handler) http.Handler {
	kit.Adapter().CheckGuard(guard)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, refusal := kit.Adapter().Authorize(r.Context(), core.RequestFromHTTP(r), guard)
			if refusal != nil {
				refusal.WriteHTTP(w)
				return
			}
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}

// CORS returns a middleware that lets the allowed origins read what the
// application's own routes answer.
func CORS(kit *core.Kit) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fields, preflight := kit.Adapter().CORS(core.RequestFromHTTP(r))
			if preflight != nil {
				preflight.WriteHTTP(w)
				return
			}
			for _, f := range fields {
				w.Header().Add(f.Name, f.Value)
			}
			next.ServeHTTP(w, r)
		})
	}
}
