// Command nethttp is the demo application on net/http.
package main

import (
	"net/http"

	"github.com/cotterpin/cotterpin/adapters/cotterhttp"
	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/examples/internal/demo"
)

func main() { demo.Main(mount) }

func mount(app *demo.App) demo.Server {
	required := cotterhttp.Require(app.Kit, core.Guard{})
	optional := cotterhttp.Require(app.Kit, core.Guard{Optional: true})

	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { app.Page().WriteHTTP(w) })
	mux.Handle("GET /api/me", required(http.HandlerFunc(caller)))
	mux.Handle("GET /api/public", optional(http.HandlerFunc(caller)))
	mux.Handle("GET /api/stream", required(http.HandlerFunc(app.StreamHTTP)))
	mux.Handle("POST /api/notes", required(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		note, err := demo.Note(r.Body)
		if err != nil {
			cotterhttp.Fail(app.Kit, w, r, err)
			return
		}
		note.WriteHTTP(w)
	})))
	return demo.HTTPServer(cotterhttp.Mount(app.Kit)(cotterhttp.CORS(app.Kit)(mux)))
}

func caller(w http.ResponseWriter, r *http.Request) {
	principal, _ := cotterhttp.Principal(r)
	demo.Caller(principal).WriteHTTP(w)
}
