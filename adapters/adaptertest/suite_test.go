package adaptertest_test

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/adapters/adaptertest"
	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/web"
)

// faultVariable is the environment variable that selects the fault of the adapter
// under the suite.
const faultVariable = "ADAPTERTEST_FAULT"

// faults maps each fault of an adapter to the part of the suite that must fail,
// and to what its output must contain.
var faults = map[string]struct{ part, output string }{
	"kit not mounted":             {"login", "--- FAIL"},
	"handler without context":     {"guard", "--- FAIL"},
	"guard that admits all":       {"guard", "--- FAIL"},
	"inner guard dropped":         {"nested_guards", "--- FAIL"},
	"Principal without caller":    {"guard", "--- FAIL"},
	"framework without caller":    {"guard", "--- FAIL"},
	"User of another caller":      {"user", "--- FAIL"},
	"Fail with one status":        {"errors", "--- FAIL"},
	"Fail with the error":         {"errors", "--- FAIL"},
	"Fail without CORS":           {"errors", "--- FAIL"},
	"no recovery":                 {"panic_of_a_handler", "panic: secret inside"}, // the process ends
	"no CORS":                     {"CORS_of_the_application", "--- FAIL"},
	"CORS without preflight":      {"CORS_of_the_application", "--- FAIL"},
	"CORS for all origins":        {"CORS_of_the_application", "--- FAIL"},
	"remote from X-Forwarded-For": {"remote_address", "--- FAIL"},
	"remote from X-Real-Ip":       {"remote_address", "--- FAIL"},
	"remote of a Unix socket":     {"Unix_socket", "--- FAIL"},
	"host from X-Forwarded-Host":  {"cross-origin_requests", "--- FAIL"},
	"method from a header":        {"methods", "--- FAIL"},
	"decoded path":                {"paths", "--- FAIL"},
	"joined header lines":         {"header_lines", "--- FAIL"},
	"no route":                    {"logged_route", "--- FAIL"},
	"path as route":               {"logged_route", "--- FAIL"},
	"unchecked guard":             {"guard_warnings", "--- FAIL"},
	"cached response":             {"caching", "--- FAIL"},
	"response never cached":       {"caching", "--- FAIL"},
	"no Upgrade":                  {"upgrades", "--- FAIL"},
}

// A12.
func TestRun_FindsFaults(t *testing.T) {
	t.Parallel()
	if os.Getenv(faultVariable) != "" {
		t.Skip("this process is one of those below")
	}
	for fault, want := range faults {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			if output, err := runPart(t, "none", want.part); err != nil || !strings.Contains(output, "--- PASS: TestRun_Adapter/"+want.part) {
				t.Fatalf("the sound adapter fails: %v\n%s", err, output)
			}
			if output, err := runPart(t, fault, want.part); err == nil || !strings.Contains(output, want.output) {
				t.Errorf("%s does not find the fault: %v\n%s", want.part, err, output)
			}
		})
	}
}

// runPart runs a part of the suite over an adapter with the fault.
func runPart(t *testing.T, fault, part string) (output string, err error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run=^TestRun_Adapter$/^"+part+"$")
	command.Env = append(os.Environ(), faultVariable+"="+fault)
	text, err := command.CombinedOutput()
	return string(text), err
}

func TestRun_Adapter(t *testing.T) {
	t.Parallel()
	adaptertest.Run(t, adapter{os.Getenv(faultVariable)}.serve)
}

// adapter is an adapter for net/http with a fault.
type adapter struct{ fault string }

func (a adapter) serve(t *testing.T, kit *core.Kit, listener net.Listener, routes []adaptertest.Route) {
	mux := http.NewServeMux()
	for _, route := range routes {
		handler := a.handler(kit, route)
		guards := route.Guards
		if a.fault == "inner guard dropped" && len(guards) > 1 {
			guards = guards[:1]
		}
		for _, guard := range slices.Backward(guards) {
			handler = a.require(kit, guard, handler)
		}
		mux.Handle(route.Method+" "+route.Path, handler)
	}
	server := &http.Server{
		Handler:           a.recovery(a.mount(kit, a.cors(kit, mux))),
		ReadHeaderTimeout: 5 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0), // the panics of handlers
	}
	t.Cleanup(func() { server.Close() })
	go server.Serve(listener)
}

func (a adapter) handler(kit *core.Kit, route adaptertest.Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		principal, _ := core.PrincipalFromContext(r.Context())
		if a.fault == "Principal without caller" {
			principal = core.Principal{}
		}
		call := adaptertest.Call{Context: r.Context(), Principal: principal}
		call.User = func() (core.User, error) { //nolint:contextcheck // as the verb of an adapter
			user, err := core.UserFromContext(r.Context())
			if a.fault == "User of another caller" {
				user.Email = "mallory@example.com"
			}
			return user, err
		}
		if a.fault == "framework without caller" {
			call.Framework = context.Background()
		}
		body, err := route.Respond(call)
		if err != nil {
			a.fail(kit, w, r, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if route.CacheControl != "" && a.fault != "response never cached" {
			w.Header().Set("Cache-Control", route.CacheControl)
		}
		_, _ = w.Write(body)
	})
}

func (a adapter) fail(kit *core.Kit, w http.ResponseWriter, r *http.Request, err error) {
	response := kit.Adapter().Render(r.Context(), a.request(r), err)
	switch a.fault {
	case "Fail with one status":
		response.Status = http.StatusInternalServerError
	case "Fail with the error":
		response.Body = append(response.Body[:len(response.Body)-1], `,"error":"`+err.Error()+`"}`...)
	case "Fail without CORS":
		w.Header().Del("Access-Control-Allow-Origin")
		response.Header = slices.DeleteFunc(slices.Clone(response.Header), func(f web.Field) bool {
			return f.Name == "Access-Control-Allow-Origin"
		})
	}
	response.WriteHTTP(w)
}

func (a adapter) require(kit *core.Kit, guard core.Guard, next http.Handler) http.Handler {
	if a.fault != "unchecked guard" {
		kit.Adapter().CheckGuard(guard)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		if a.fault == "cached response" {
			header = http.Header{}
		}
		ctx, rejection := kit.Adapter().Authorize(r.Context(), a.request(r), header, guard)
		if rejection != nil && a.fault == "guard that admits all" {
			ctx, rejection = r.Context(), nil
		}
		if rejection != nil {
			rejection.WriteHTTP(w)
			return
		}
		if a.fault == "handler without context" {
			ctx = r.Context()
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func (a adapter) mount(kit *core.Kit, next http.Handler) http.Handler {
	if a.fault == "kit not mounted" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		response, ours := kit.Adapter().Serve(r.Context(), a.request(r))
		if !ours {
			next.ServeHTTP(w, r)
			return
		}
		response.WriteHTTP(w)
	})
}

func (a adapter) cors(kit *core.Kit, next http.Handler) http.Handler {
	if a.fault == "no CORS" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		preflight := kit.Adapter().CORS(a.request(r), w.Header())
		if a.fault == "CORS for all origins" {
			w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
		}
		if preflight != nil && a.fault != "CORS without preflight" {
			preflight.WriteHTTP(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// recovery runs each request in its own goroutine if it is faulty, so that
// a panic ends the process, as it does in servers that do not recover.
func (a adapter) recovery(next http.Handler) http.Handler {
	if a.fault != "no recovery" {
		return next // net/http recovers
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			next.ServeHTTP(w, r)
		}()
		<-done
	})
}

func (a adapter) request(r *http.Request) core.Request {
	converted := core.RequestFromHTTP(r)
	from := func(field *string, name string) {
		if value := r.Header.Get(name); value != "" {
			*field = value
		}
	}
	switch a.fault {
	case "remote from X-Forwarded-For":
		from(&converted.Remote, "X-Forwarded-For")
	case "remote from X-Real-Ip":
		from(&converted.Remote, "X-Real-Ip")
	case "remote of a Unix socket":
		if converted.Remote == "" || converted.Remote == "@" {
			converted.Remote = "127.0.0.1:1"
		}
	case "host from X-Forwarded-Host":
		from(&converted.Host, "X-Forwarded-Host")
	case "method from a header":
		from(&converted.Method, "X-Http-Method-Override")
	case "decoded path":
		converted.Path = r.URL.Path
	case "joined header lines":
		converted.Header = joined{r.Header}
	case "no Upgrade":
		converted.Header = withoutUpgrade{r.Header}
	case "no route":
		converted.Route = ""
	case "path as route":
		converted.Route = r.URL.Path
	}
	return converted
}

// withoutUpgrade is a header without the fields of one connection, which some
// frameworks keep elsewhere.
type withoutUpgrade struct{ http.Header }

func (w withoutUpgrade) Values(name string) []string {
	if name == "Upgrade" {
		return nil
	}
	return w.Header.Values(name)
}

// joined is a header whose lines are joined, as some frameworks do.
type joined struct{ http.Header }

func (j joined) Values(name string) []string {
	if lines := j.Header.Values(name); len(lines) > 0 {
		return []string{strings.Join(lines, ", ")}
	}
	return nil
}
