package cotterhttp_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/cotterpin/cotterpin/adapters/cotterhttp"
	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/provider/emulator"
)

const configuration = `
auth {
  mode            = "development"
  base_url        = "http://localhost:8080"
  allowed_origins = ["http://localhost:5173"]
}
provider "emulator" {}
session "provider_token" {
  user = "none"
}
`

func newKit() *core.Kit {
	settings, err := core.Parse(context.Background(), "auth.hcl", []byte(configuration), core.WithTypes(emulator.Type))
	if err != nil {
		panic(err)
	}
	kit, err := core.New(context.Background(), settings)
	if err != nil {
		panic(err)
	}
	return kit
}

func Example() {
	kit := newKit() // of a file: core.Open
	defer kit.Close()

	mux := http.NewServeMux()
	mux.Handle("GET /api/me", cotterhttp.Require(kit, core.Guard{})(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			caller, _ := cotterhttp.Principal(r)
			fmt.Fprint(w, caller.Subject)
		})))
	mux.HandleFunc("GET /api/notes/{id}", func(w http.ResponseWriter, r *http.Request) {
		cotterhttp.Fail(kit, w, r, autherr.New(autherr.NotFound, "no_such_note"))
	})
	server := httptest.NewServer(cotterhttp.Mount(kit)(cotterhttp.CORS(kit)(mux)))
	defer server.Close()

	for _, path := range []string{"/auth/ok", "/api/me", "/api/notes/7"} {
		response, err := http.Get(server.URL + path)
		if err != nil {
			panic(err)
		}
		response.Body.Close()
		fmt.Println(path, response.StatusCode)
	}
	// Output:
	// /auth/ok 200
	// /api/me 401
	// /api/notes/7 404
}
