package core_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/cotterpin/cotterpin/adapters/cotterhttp"
	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/provider/cotter"
	"github.com/cotterpin/cotterpin/ent/sqlite"
)

// A configuration file, and the kit's routes in front of those of the application.
func ExampleOpen() {
	kit, err := core.Open(context.Background(), "testdata/auth.hcl", core.WithTypes(cotter.Type, sqlite.Type))
	if err != nil {
		log.Fatal(err) // all problems of the file, with their lines
	}
	defer kit.Close()

	application := http.NewServeMux()
	application.Handle("GET /api/notes", cotterhttp.Require(kit, core.Guard{})(http.HandlerFunc(listNotes)))
	handler := cotterhttp.Mount(kit)(application)

	for _, path := range []string{"/auth/ok", "/api/notes"} {
		response := httptest.NewRecorder()
		handler.ServeHTTP(response, httptest.NewRequest(http.MethodGet, path, http.NoBody))
		fmt.Println(path, response.Code)
	}
	// Output:
	// /auth/ok 200
	// /api/notes 401
}

func listNotes(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "[]") }
