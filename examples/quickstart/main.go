// Command quickstart is the program of the README.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/cotterpin/cotterpin/adapters/cotterhttp"
	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/provider/cotter"
	"github.com/cotterpin/cotterpin/core/provider/emulator"
	"github.com/cotterpin/cotterpin/core/provider/oidc"
	"github.com/cotterpin/cotterpin/ent/sqlite"
)

func main() {
	kit, err := core.Open(context.Background(), "auth.hcl", core.WithTypes(cotter.Type, oidc.Type, emulator.Type, sqlite.Type))
	if err != nil {
		log.Fatal(err) // every problem of the file, with its line
	}
	mux := http.NewServeMux()
	mux.Handle("GET /api/me", cotterhttp.Require(kit, core.Guard{})(http.HandlerFunc(me)))

	server := http.Server{
		Addr:        "127.0.0.1:8080",
		Handler:     cotterhttp.Mount(kit)(mux),
		ReadTimeout: 5 * time.Second,
	}
	log.Fatal(server.ListenAndServe())
}

func me(w http.ResponseWriter, r *http.Request) {
	caller, _ := core.PrincipalFromContext(r.Context())
	fmt.Fprintln(w, "user", caller.UserID, "by", caller.Provider)
}
