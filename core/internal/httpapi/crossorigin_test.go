package httpapi_test

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/internal/httpapi"
	"github.com/cotterpin/cotterpin/core/web"
)

var trustedOrigins = []string{"https://app.example.com", "http://localhost:8080"}

var guard = httpapi.NewCrossOriginGuard(trustedOrigins...)

// request returns a request; lines alternates names and values.
func request(method, target, host string, lines ...string) web.Request {
	header := http.Header{}
	for i := 0; i < len(lines); i += 2 {
		header.Add(lines[i], lines[i+1])
	}
	path, query, _ := strings.Cut(target, "?")
	return web.Request{
		Method: method,
		Path:   path,
		Query:  query,
		Host:   host,
		Remote: "192.0.2.1:4711",
		Header: header,
		Body:   http.NoBody,
	}
}

func standardAllows(t testing.TB, method, site, origin, host string) bool {
	t.Helper()
	var standard http.CrossOriginProtection
	for _, trusted := range trustedOrigins {
		if err := standard.AddTrustedOrigin(trusted); err != nil {
			t.Fatal(err)
		}
	}
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.Method, r.Host = method, host
	if site != "" {
		r.Header.Set("Sec-Fetch-Site", site)
	}
	if origin != "" {
		r.Header.Set("Origin", origin)
	}
	return standard.Check(r) == nil
}

func guardAllows(method, site, origin, host string) bool {
	var lines []string
	if site != "" {
		lines = append(lines, "Sec-Fetch-Site", site)
	}
	if origin != "" {
		lines = append(lines, "Origin", origin)
	}
	return guard.Allows(request(method, "/", host, lines...))
}

func TestCrossOriginGuard_MatchesStandard(t *testing.T) {
	t.Parallel()
	const tuples = 10_000
	methods := []string{"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "post", ""}
	sites := []string{"", "same-origin", "same-site", "cross-site", "none", "None", "other"}
	hosts := []string{"localhost:8080", "api.example.com", "app.example.com", "evil.example", "", "null", "[::1]:80"}
	origins := []string{
		"", "null", "https://app.example.com", "http://app.example.com", "https://app.example.com:443",
		"https://app.example.com/", "http://localhost:8080", "http://localhost:8081", "https://evil.example",
		"https://api.example.com", "HTTPS://APP.EXAMPLE.COM", "//app.example.com", "http://[::1]:80", "%zz", "https://u@api.example.com",
	}
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(from []string) string { return from[random.IntN(len(from))] }
	allowed := 0
	for range tuples {
		method, site, origin, host := pick(methods), pick(sites), pick(origins), pick(hosts)
		want := standardAllows(t, method, site, origin, host)
		if got := guardAllows(method, site, origin, host); got != want {
			t.Fatalf("%q, Sec-Fetch-Site %q, Origin %q, Host %q: got %v, http.CrossOriginProtection returns %v", method, site, origin, host, got, want)
		}
		if want {
			allowed++
		}
	}
	if allowed == 0 || allowed == tuples {
		t.Errorf("%d of %d tuples were allowed: nothing was compared", allowed, tuples)
	}
}

// S02.
func TestCrossOriginGuard_Upgrades(t *testing.T) {
	t.Parallel()
	const host = "api.example.com"
	for _, method := range []string{"GET", "HEAD", "OPTIONS", "CONNECT", "POST"} {
		for _, protocol := range []string{"websocket", "WebSocket", "h2c, websocket", ""} {
			for origin, want := range map[string]bool{
				"": true, "https://api.example.com": true, "https://app.example.com": true, "https://evil.example": false, "null": false,
			} {
				lines := []string{"Connection", "X-Option, Upgrade", "Upgrade", protocol}
				if origin != "" {
					lines = append(lines, "Origin", origin)
				}
				if got := guard.Allows(request(method, "/", host, lines...)); got != want {
					t.Errorf("%s, Upgrade %q, Origin %q: got %v, want %v", method, protocol, origin, got, want)
				}
			}
		}
	}
	if !guardAllows("GET", "", "https://evil.example", host) || guardAllows("CONNECT", "", "https://evil.example", host) {
		t.Error("without Upgrade, GET must be allowed and CONNECT not")
	}
}

func FuzzCrossOriginGuard_MatchesStandard(f *testing.F) {
	f.Add("POST", "cross-site", "https://evil.example", "api.example.com")
	f.Add("POST", "", "https://api.example.com", "api.example.com")
	f.Add("DELETE", "", "null", "")
	f.Fuzz(func(t *testing.T, method, site, origin, host string) {
		want := standardAllows(t, method, site, origin, host)
		if got := guardAllows(method, site, origin, host); got != want {
			t.Errorf("got %v, http.CrossOriginProtection returns %v", got, want)
		}
	})
}
