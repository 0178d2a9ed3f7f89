package emulator_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/provider/emulator"
	"github.com/cotterpin/cotterpin/core/web"
)

func remote(o *emulator.Options) { o.InsecureRemote = true }

func TestOnlyThisMachineIsAnswered(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*web.Request)
		status int
	}{
		"IPv4":                {func(r *web.Request) { r.Remote, r.Host = "127.8.9.1:1", "127.0.0.1:1234" }, http.StatusOK},
		"IPv6":                {func(r *web.Request) { r.Remote, r.Host = "[::1]:1", "[::1]:1234" }, http.StatusOK},
		"IPv4InIPv6":          {func(r *web.Request) { r.Remote = "[::ffff:127.0.0.1]:1" }, http.StatusOK},
		"AddressAlone":        {func(r *web.Request) { r.Remote, r.Host = "::1", "localhost" }, http.StatusOK},
		"AnotherPeer":         {func(r *web.Request) { r.Remote = "192.0.2.1:1" }, http.StatusNotFound},
		"NoPeer":              {func(r *web.Request) { r.Remote = "" }, http.StatusNotFound},
		"AnotherHost":         {func(r *web.Request) { r.Host = "evil.example:1234" }, http.StatusNotFound},
		"HostLikeLocalhost":   {func(r *web.Request) { r.Host = "localhost.evil.example" }, http.StatusNotFound},
		"HostBeginsLikeIPv4":  {func(r *web.Request) { r.Host = "127.0.0.1.evil.example" }, http.StatusNotFound},
		"NoHost":              {func(r *web.Request) { r.Host = "" }, http.StatusNotFound},
		"ForwardedIsNobodys":  {func(r *web.Request) { *r = withHeader(*r, "X-Forwarded-For", "192.0.2.1") }, http.StatusOK},
		"ForwardedIsNotProof": {func(r *web.Request) { *r = withHeader(*r, "X-Forwarded-For", "127.0.0.1"); r.Remote = "192.0.2.1:1" }, http.StatusNotFound},
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

func TestInsecureRemoteAnswersEverybodyAndSaysSo(t *testing.T) {
	t.Parallel()
	b := newBench(t, remote, func(o *emulator.Options) { o.IssuerURL = "http://emulator.example" })
	r := request(http.MethodGet, jwksPath, "")
	r.Remote, r.Host = "192.0.2.1:1", "emulator.example"
	wantStatus(t, b.serve(t, r), http.StatusOK)
	if !strings.Contains(b.log.String(), "level=WARN") {
		t.Errorf("log %q", b.log.String())
	}
}

func TestAnOrdinaryStartWarnsOfNothing(t *testing.T) {
	t.Parallel()
	if b := newBench(t); b.log.Len() != 0 {
		t.Errorf("log %q", b.log.String())
	}
}

func TestOtherSitesDoNotReachTheTestEndpoints(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"GET /_emulator/mailbox", "POST /_emulator/mint", "POST /_emulator/faults", "POST /app", "POST /app/code"} {
		for name, c := range map[string]struct {
			header  []string
			refused bool
		}{
			"NoBrowser":       {nil, false},
			"Typed":           {[]string{"Sec-Fetch-Site", "none"}, false},
			"OwnPage":         {[]string{"Sec-Fetch-Site", "same-origin", "Origin", issuer}, false},
			"OldOwnPage":      {[]string{"Origin", issuer}, false},
			"PageNextDoor":    {[]string{"Sec-Fetch-Site", "same-site", "Origin", "http://localhost:3000"}, true},
			"PageElsewhere":   {[]string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, true},
			"LinkElsewhere":   {[]string{"Sec-Fetch-Site", "cross-site"}, true},
			"OldPageNextDoor": {[]string{"Origin", "http://localhost:3000"}, true},
			"OldSandbox":      {[]string{"Origin", "null"}, true},
		} {
			t.Run(target+"/"+name, func(t *testing.T) {
				t.Parallel()
				method, path, _ := strings.Cut(target, " ")
				answer := newBench(t).serve(t, withHeader(request(method, path, `{}`), c.header...))
				if got := answer.Status == http.StatusForbidden; got != c.refused {
					t.Errorf("status %d", answer.Status)
				}
				if field(answer, "Access-Control-Allow-Origin") != "" {
					t.Error("it sends CORS")
				}
			})
		}
	}
}

func TestTheAPISendsCORSToPagesItWouldReturnTo(t *testing.T) {
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
			answer := b.serve(t, r)
			got := field(answer, "Access-Control-Allow-Origin")
			if (got == origin) != allowed || !allowed && got != "" {
				t.Errorf("%s from %s: Access-Control-Allow-Origin %q", method, origin, got)
			}
			if (field(answer, "Access-Control-Allow-Credentials") == "true") != allowed || field(answer, "Vary") != "Origin" {
				t.Errorf("%s from %s: %v", method, origin, answer.Header)
			}
		}
	}
}

func TestAPreflightNamesWhatIsAllowed(t *testing.T) {
	t.Parallel()
	answer := newBench(t).serve(t, withHeader(request(http.MethodOptions, "/api/v0/verify/get_identity", ""),
		"Origin", "http://localhost:3000", "Access-Control-Request-Method", "POST"))
	wantStatus(t, answer, http.StatusNoContent)
	if field(answer, "Access-Control-Allow-Headers") != "API_KEY_ID, API_SECRET_KEY, Content-Type" ||
		field(answer, "Access-Control-Allow-Methods") != "GET, POST, PUT, DELETE, OPTIONS" {
		t.Errorf("%v", answer.Header)
	}
}

func TestWhatIsNotThere(t *testing.T) {
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
		answer := b.serve(t, request(method, path, ""))
		if answer.Status != want {
			t.Errorf("%s: status %d, want %d", target, answer.Status, want)
		}
		if (answer.Status == http.StatusMethodNotAllowed) != (field(answer, "Allow") != "") {
			t.Errorf("%s: Allow %q", target, field(answer, "Allow"))
		}
	}
}

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const limit = 64 << 10
	order := `{"identifier":"` + ada + `"}`
	full := order + strings.Repeat(" ", limit-len(order))
	for _, declared := range []int64{limit, -1} {
		r := request(http.MethodPost, "/_emulator/mint", full)
		r.ContentLength = declared
		wantStatus(t, b.serve(t, r), http.StatusOK)
	}
	for _, declared := range []int64{limit + 1, -1} {
		r := request(http.MethodPost, "/_emulator/mint", "")
		r.Body, r.ContentLength = stalled{}, declared
		wantRefusal(t, b.serve(t, r), http.StatusRequestEntityTooLarge, "too large")
	}
}

func TestEveryAnswerIsPrivate(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, target := range []string{jwksPath, "/app?" + appQuery().Encode(), "/app", "/app/style.css", "/_emulator/mailbox", "/other"} {
		answer := b.serve(t, request(http.MethodGet, target, ""))
		if field(answer, "Cache-Control") != "no-store" || field(answer, "X-Content-Type-Options") != "nosniff" ||
			field(answer, "Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %v", target, answer.Header)
		}
	}
}
