package integration_test

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// flowBlocks are two provider blocks of one issuer that sign users in by redirects.
func flowBlocks(issuer *providertest.Issuer) string {
	return fmt.Sprintf(`
provider "oidc" "corp" {
  issuer        = %[1]q
  audience      = [%[2]q]
  client_id     = %[2]q
  client_secret = %[3]q
  trust         = ["email"]
}

provider "oidc" "second" {
  issuer    = %[1]q
  audience  = ["second"]
  client_id = "second"
}
`, issuer.URL(), providertest.Audience, providertest.ClientSecret)
}

// flowBrowser sends the cookies that a browser stores for base_url.
type flowBrowser struct {
	*program
	issuer *providertest.Issuer
	jar    *cookiejar.Jar
}

var flowOrigin = &url.URL{Scheme: "http", Host: "localhost:8080", Path: "/"}

func newFlowBrowser(t *testing.T, p *program, issuer *providertest.Issuer) *flowBrowser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &flowBrowser{p, issuer, jar}
}

// visit sends a GET request as a browser that another site leads there.
func (b *flowBrowser) visit(t *testing.T, target string) reply {
	t.Helper()
	changes := []with{line("Sec-Fetch-Site", "cross-site")}
	for _, stored := range b.jar.Cookies(flowOrigin) {
		changes = append(changes, line("Cookie", stored.Name+"="+stored.Value))
	}
	a := b.send(t, "GET", target, changes...)
	b.jar.SetCookies(flowOrigin, a.Cookies)
	for _, set := range a.Cookies {
		b.add(set.Value) // no log contains it
	}
	return a
}

// begin begins a sign-in, and returns what the provider redirects back to.
func (b *flowBrowser) begin(t *testing.T, returnTo string) (callback string) {
	t.Helper()
	a := b.visit(t, "/auth/login/corp?return_to="+url.QueryEscape(returnTo))
	if a.Status != http.StatusSeeOther {
		t.Fatalf("login: %d %s", a.Status, a.Body)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Get(a.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	callback, ours := strings.CutPrefix(response.Header.Get("Location"), "http://localhost:8080")
	if !ours {
		t.Fatalf("the provider redirects to %q", response.Header.Get("Location"))
	}
	return callback
}

// arrives checks that a callback leads there with a session.
func (b *flowBrowser) arrives(t *testing.T, callback, returnTo string) {
	t.Helper()
	a := b.visit(t, callback)
	if a.Status != http.StatusSeeOther || a.Header.Get("Location") != returnTo {
		t.Errorf("got %d to %q %s, want 303 to %q", a.Status, a.Header.Get("Location"), a.Body, returnTo)
	}
	b.visit(t, "/api/me").is(t, http.StatusOK, "")
}

// refused checks that a callback is 400, exchanges nothing and begins no session.
func (b *flowBrowser) refused(t *testing.T, callback string) {
	t.Helper()
	exchanged := b.issuer.Requests(providertest.TokenPath)
	b.visit(t, callback).is(t, http.StatusBadRequest, "invalid_request")
	if b.issuer.Requests(providertest.TokenPath) != exchanged {
		t.Error("the code was exchanged")
	}
	b.visit(t, "/api/me").is(t, http.StatusUnauthorized, "unauthenticated")
}

// fails checks that a callback leads to "/after" with an error and without a session.
func (b *flowBrowser) fails(t *testing.T, callback, code string) {
	t.Helper()
	a := b.visit(t, callback)
	form := regexp.MustCompile(`\A/after\?a=b&auth_error=` + code + `&request_id=[A-Z2-7]{26}#f\z`)
	if a.Status != http.StatusSeeOther || !form.MatchString(a.Header.Get("Location")) {
		t.Errorf("got %d to %q %s, want 303 with auth_error=%s", a.Status, a.Header.Get("Location"), a.Body, code)
	}
	b.visit(t, "/api/me").is(t, http.StatusUnauthorized, "unauthenticated")
}

// TestFlow signs users in by redirects, and sends callbacks that do not belong to a
// sign-in of the browser, which exchange nothing.
//
// Cases: W01, W02, W03, W04, W05, W06. Frameworks: nethttp, gin, fiber. Databases: sqlite.
func TestFlow(t *testing.T) {
	t.Parallel()
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		issuer := providertest.NewIssuer(t)
		configuration := edited(t, configuration(issuer, ownSession), []edit{{"session \"own\"", flowBlocks(issuer) + "\nsession \"own\""}})
		p := start(t, framework, configuration)
		browser := func() *flowBrowser { return newFlowBrowser(t, p, issuer) }

		tabs := browser()
		first, second := tabs.begin(t, "/first"), tabs.begin(t, allowedOrigin+"/second?a=b#f")
		tabs.arrives(t, second, allowedOrigin+"/second?a=b#f")
		tabs.arrives(t, first, "/first")
		tabs.visit(t, first).is(t, http.StatusBadRequest, "invalid_request") // replayed

		const after = "/after?a=b#f"
		b := browser()
		browser().refused(t, b.begin(t, after)) // the code of another browser
		b.refused(t, strings.Replace(b.begin(t, after), "/corp", "/second", 1))
		b.refused(t, b.begin(t, after)+"x")
		b.refused(t, "/auth/callback/corp?code=x")

		six := browser()
		oldest := six.begin(t, "/1")
		for i := range 5 {
			callback := six.begin(t, "/"+string(rune('2'+i)))
			defer six.arrives(t, callback, "/"+string(rune('2'+i)))
		}
		six.refused(t, oldest)

		b = browser()
		b.fails(t, b.begin(t, after)+"&iss="+url.QueryEscape("https://other.example"), "invalid_request")
		issuer.SetAuthorization(url.Values{"error": {"access_denied"}})
		b.fails(t, b.begin(t, after), "unauthenticated")
		browser().refused(t, b.begin(t, after))
		issuer.SetAuthorization(nil)
		issuer.SetTokenResponse(nil, providertest.Claim("nonce", "other"))
		b.fails(t, b.begin(t, after), "invalid_token")
		issuer.SetTokenResponse(nil)
		b.arrives(t, b.begin(t, "/"), "/")

		for _, returnTo := range []string{"//evil.example", "/\\evil.example", "/%5cevil.example", "/a\r\nX: y", "https://evil.example/", "javascript:alert(1)"} {
			b.visit(t, "/auth/login/corp?return_to="+url.QueryEscape(returnTo)).is(t, http.StatusBadRequest, "invalid_request")
		}
		for _, path := range []string{"/auth/login/corp", "/auth/callback/corp"} {
			for _, method := range []string{"HEAD", "POST"} {
				if a := p.send(t, method, path); a.Status != http.StatusMethodNotAllowed || a.Header.Get("Allow") != "GET" {
					t.Errorf("%s %s: %d, Allow %q", method, path, a.Status, a.Header.Get("Allow"))
				}
			}
		}
		p.send(t, "GET", "/auth/login/cotter").is(t, http.StatusNotFound, "not_found")
		want := `{"providers":[{"name":"cotter","type":"cotter","display_name":"cotter","login_url":null},` +
			`{"name":"corp","type":"oidc","display_name":"corp","login_url":"http://localhost:8080/auth/login/corp"},` +
			`{"name":"second","type":"oidc","display_name":"second","login_url":"http://localhost:8080/auth/login/second"}]}`
		if a := p.send(t, "GET", "/auth/providers"); a.Body != want {
			t.Errorf("the providers are %s", a.Body)
		}
	})
}
