package cotterhttp_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

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

// A stream ends with the session of its caller, or when the client disconnects. The
// server's ReadTimeout would end the context of the request, so the handler removes
// the deadline.
func Example_stream() {
	kit := newKit()
	defer kit.Close()

	handler := func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		if err := control.SetReadDeadline(time.Time{}); err != nil {
			panic(err) // a middleware hides the connection
		}
		w.Header().Set("Content-Type", "text/event-stream")
		ctx := kit.Watch(r.Context())
		seconds := time.NewTicker(time.Second)
		defer seconds.Stop()
		for tick := 1; ; tick++ {
			if _, err := fmt.Fprintf(w, "data: {\"tick\":%d}\n\n", tick); err != nil {
				return
			}
			if err := control.Flush(); err != nil {
				return
			}
			select {
			case <-seconds.C:
			case <-ctx.Done():
				if code := autherr.CodeOf(context.Cause(ctx)); code.Status() < http.StatusInternalServerError {
					fmt.Fprintf(w, "event: end\ndata: {\"code\":%q}\n\n", code)
				}
				return
			}
		}
	}
	mux := http.NewServeMux()
	mux.Handle("GET /api/stream", cotterhttp.Require(kit, core.Guard{})(http.HandlerFunc(handler)))
	server := httptest.NewUnstartedServer(cotterhttp.Mount(kit)(mux))
	server.Config.ReadTimeout = 10 * time.Second
	server.Start()
	defer server.Close()

	response, err := http.Get(server.URL + "/api/stream")
	if err != nil {
		panic(err)
	}
	response.Body.Close()
	fmt.Println(response.StatusCode)
	// Output: 401
}
