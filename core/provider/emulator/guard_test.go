package emulator_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/provider/emulator"
	"github.com/cotterpin/cotterpin/core/web"
)

func remote(o *emulator.Options) { o.InsecureRemote = true }

func TestEmulator_LoopbackOnly(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*web.Request)
		status int
	}{
		"IPv4":                       {func(r *web.Request) { r.Remote, r.Host = "127.8.9.1:1", "127.0.0.1:1234" }, http.StatusOK},
		"IPv6":                       {func(r *web.Request) { r.Remote, r.Host = "[::1]:1", "[::1]:1234" }, http.StatusOK},
		"IPv4 in IPv6":               {func(r *web.Request) { r.Remote = "[::ffff:127.0.0.1]:1" }, http.StatusOK},
		"address without port":       {func(r *web.Request) { r.Remote, r.Host = "::1", "localhost" }, http.StatusOK},
		"other peer":                 {func(r *web.Request) { r.Remote = "192.0.2.1:1" }, http.StatusNotFound},
		"no peer":                    {func(r *web.Request) { r.Remote = "" }, http.StatusNotFound},
		"other host":                 {func(r *web.Request) { r.Host = "evil.example:1234" }, http.StatusNotFound},
		"host like localhost":        {func(r *web.Request) { r.Host = "localhost.evil.example" }, http.StatusNotFound},
		"host begins like IPv4":      {func(r *web.Request) { r.Host = "127.0.0.1.evil.example" }, http.StatusNotFound},
		"no host":                    {func(r *web.Request) { r.Host = "" }, http.StatusNotFound},
		"forwarded remote address":   {func(r *web.Request) { *r = withHeader(*r, "X-Forwarded-For", "192.0.2.1") }, http.StatusOK},
		"forwarded loopback address": {func(r *web.Request) { *r = withHeader(*r, "X-Forwarded-For", "127.0.0.1"); r.Remote = "192.0.2.1:1" }, http.StatusNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, target := range []string{jwksPath, "/app?" + appQuery().Encode(), "/_emulator/mailbox"} {
				r := request(http.MethodGet, target, "")
				wantStatus(t, newBench(t).serve(t, r), http.StatusOK)
				c.change(&r)
				wantStatus(t, newBench(t).serve(t, r), c.status)
			}
		})
	}
}

func TestEmulator_InsecureRemoteWarns(t *testing.T) {
	t.Parallel()
	b := newBench(t, remote, func(o *emulator.Options) { o.IssuerURL = "http://emulator.example" })
	r := request(http.MethodGet, jwksPath, "")
	r.Remote, r.Host = "192.0.2.1:1", "emulator.example"
	wantStatus(t, b.serve(t, r), http.StatusOK)
	if !strings.Contains(b.log.String(), "level=WARN") {
		t.Errorf("log %q, want a warning", b.log.String())
	}
}

func TestNew_NoWarning(t *testing.T) {
	t.Parallel()
	if b := newBench(t); b.log.Len() != 0 {
		t.Errorf("log %q, want nothing", b.log.String())
	}
}

func TestEmulator_RejectsCrossOrigin(t *testing.T) {
	t.Parallel()
	for _, target := range []string{
		"GET /_emulator/mailbox", "POST /_emulator/mint", "POST /_emulator/faults", "POST /app", "POST /app/code",
		"POST /signup", "POST /login", "POST /app/frame/code", "POST /app/frame/approval",
	} {
		for name, c := range map[string]struct {
			header   []string
			rejected bool
		}{
			"no browser":                     {nil, false},
			"typed address":                  {[]string{"Sec-Fetch-Site", "none"}, false},
			"own page":                       {[]string{"Sec-Fetch-Site", "same-origin", "Origin", issuer}, false},
			"own page in an old browser":     {[]string{"Origin", issuer}, false},
			"same-site page":                 {[]string{"Sec-Fetch-Site", "same-site", "Origin", "http://localhost:3000"}, true},
			"cross-site page":                {[]string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, true},
			"cross-site link":                {[]string{"Sec-Fetch-Site", "cross-site"}, true},
			"other origin in an old browser": {[]string{"Origin", "http://localhost:3000"}, true},
			"sandbox in an old browser":      {[]string{"Origin", "null"}, true},
		} {
			t.Run(target+"/"+name, func(t *testing.T) {
				t.Parallel()
				method, path, _ := strings.Cut(target, " ")
				response := newBench(t).serve(t, withHeader(request(method, path, `{}`), c.header...))
				if got := response.Status == http.StatusForbidden; got != c.rejected {
					t.Errorf("status %d, want 403: %t", response.Status, c.rejected)
				}
				if field(response, "Access-Control-Allow-Origin") != "" {
					t.Error("the response has CORS header fields")
				}
			})
		}
	}
}

func TestEmulator_CORSOrigins(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for origin, allowed := range map[string]bool{
		"http://localhost:3000":      true,
		"https://127.0.0.1":          true,
		"https://evil.example":       false,
		"null":                       false,
		"http://localhost:3000/path": false,
		"http://localhost@evil":      false,
	} {
		for _, method := range []string{http.MethodGet, http.MethodOptions} {
			r := withHeader(request(method, jwksPath, ""), "Origin", origin, "Access-Control-Request-Method", http.MethodGet)
			response := b.serve(t, r)
			got := field(response, "Access-Control-Allow-Origin")
			if (got == origin) != allowed || !allowed && got != "" {
				t.Errorf("%s from %s: Access-Control-Allow-Origin %q", method, origin, got)
			}
			if (field(response, "Access-Control-Allow-Credentials") == "true") != allowed || field(response, "Vary") != "Origin" {
				t.Errorf("%s from %s: header %v", method, origin, response.Header)
			}
		}
	}
}

func TestEmulator_Preflight(t *testing.T) {
	t.Parallel()
	response := newBench(t).serve(t, withHeader(request(http.MethodOptions, "/api/v0/verify/get_identity", ""),
		"Origin", "http://localhost:3000", "Access-Control-Request-Method", "POST"))
	wantStatus(t, response, http.StatusNoContent)
	if field(response, "Access-Control-Allow-Headers") != "API_KEY_ID, API_SECRET_KEY, Content-Type" ||
		field(response, "Access-Control-Allow-Methods") != "GET, POST, PUT, DELETE, OPTIONS" {
		t.Errorf("header %v", response.Header)
	}
}

func TestEmulator_UnknownPathsAndMethods(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for target, want := range map[string]int{
		"GET /":                              http.StatusNotFound,
		"GET /_emulator/":                    http.StatusNotFound,
		"GET /api/v0":                        http.StatusNotFound,
		"GET /api/v0/oauth/token/list/1":     http.StatusNotImplemented,
		"POST /api/v0/event/create":          http.StatusNotImplemented,
		"POST /api/v0/token/custom":          http.StatusNotImplemented,
		"POST /api/v0/token/jwks":            http.StatusMethodNotAllowed,
		"OPTIONS /api/v0/token/jwks":         http.StatusMethodNotAllowed,
		"PUT /_emulator/mailbox":             http.StatusMethodNotAllowed,
		"HEAD /api/v0/token/jwks":            http.StatusOK,
		"GET /api/v0/token/jwks/":            http.StatusNotImplemented,
		"PATCH /api/v0/token/" + apiKey:      http.StatusMethodNotAllowed,
		"POST /api/v0/token/" + apiKey + "/": http.StatusNotImplemented,
	} {
		method, path, _ := strings.Cut(target, " ")
		response := b.serve(t, request(method, path, ""))
		if response.Status != want {
			t.Errorf("%s: status %d, want %d", target, response.Status, want)
		}
		if (response.Status == http.StatusMethodNotAllowed) != (field(response, "Allow") != "") {
			t.Errorf("%s: Allow %q", target, field(response, "Allow"))
		}
	}
}

func TestEmulator_BodyLimit(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const limit = 64 << 10
	body := `{"identifier":"` + ada + `"}`
	full := body + strings.Repeat(" ", limit-len(body))
	for _, declared := range []int64{limit, -1} {
		r := request(http.MethodPost, "/_emulator/mint", full)
		r.ContentLength = declared
		wantStatus(t, b.serve(t, r), http.StatusOK)
	}
	for _, declared := range []int64{limit + 1, -1} {
		r := request(http.MethodPost, "/_emulator/mint", "")
		r.Body, r.ContentLength = endless{}, declared
		wantError(t, b.serve(t, r), http.StatusRequestEntityTooLarge, "too large")
	}
}

func TestEmulator_ResponseHeader(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, target := range []string{jwksPath, "/app?" + appQuery().Encode(), "/app", "/app/style.css", "/signup", "/app/frame.js", "/_emulator/mailbox", "/other"} {
		response := b.serve(t, request(http.MethodGet, target, ""))
		if field(response, "Cache-Control") != "no-store" || field(response, "X-Content-Type-Options") != "nosniff" ||
			field(response, "Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: header %v", target, response.Header)
		}
	}
}
