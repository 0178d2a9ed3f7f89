package emulator_test

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/provider/emulator"
)

func TestPage_RejectsParameters(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ parameter, value string }{
		"other API key":            {"api_key", "another"},
		"no API key":               {"api_key", ""},
		"no redirect":              {"redirect_url", ""},
		"undefined redirect":       {"redirect_url", "undefined"},
		"redirect to another host": {"redirect_url", "https://evil.example/"},
		"redirect like loopback":   {"redirect_url", "http://localhost.evil.example/"},
		"redirect with user":       {"redirect_url", "http://localhost:3000@evil.example/"},
		"redirect with backslash":  {"redirect_url", `http://localhost\@evil.example/`},
		"redirect without scheme":  {"redirect_url", "//localhost/"},
		"script redirect":          {"redirect_url", "javascript:alert(1)//localhost"},
		"data redirect":            {"redirect_url", "data:text/html,x"},
		"redirect with CRLF":       {"redirect_url", "http://localhost/\r\nSet-Cookie: a=b"},
		"no state":                 {"state", ""},
		"long state":               {"state", strings.Repeat("s", 2049)},
		"no challenge":             {"code_challenge", ""},
		"short challenge":          {"code_challenge", challenge()[1:]},
		"padded challenge":         {"code_challenge", challenge() + "="},
		"no type":                  {"type", ""},
		"other type":               {"type", "NAME"},
		"other method":             {"auth_method", "WEBAUTHN"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			query := appQuery()
			wantStatus(t, b.serve(t, request(http.MethodGet, "/app?"+query.Encode(), "")), http.StatusOK)
			query.Set(c.parameter, c.value)
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				response := b.serve(t, request(method, "/app?"+query.Encode(), "identifier="+ada))
				wantStatus(t, response, http.StatusBadRequest)
				if field(response, "Location") != "" || !strings.Contains(string(response.Body), `role="alert"`) {
					t.Errorf("want an error page, got header %v, body %s", response.Header, response.Body)
				}
			}
		})
	}
}

func TestPage_OwnOrigin(t *testing.T) {
	t.Parallel()
	b := newBench(t, remote, func(o *emulator.Options) { o.IssuerURL = "http://emulator.example/auth/emulator" })
	query := appQuery()
	query.Set("redirect_url", "http://emulator.example:80/")
	wantStatus(t, b.serve(t, request(http.MethodGet, "/app?"+query.Encode(), "")), http.StatusOK)
}

func TestPage_DirectLogin(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	query := appQuery()
	query.Set("input", ada)
	response := b.serve(t, request(http.MethodGet, "/app?"+query.Encode(), ""))
	wantStatus(t, response, http.StatusOK)
	if !strings.Contains(string(response.Body), `value="`+ada+`"`) {
		t.Errorf("the input is not filled in: %s", response.Body)
	}
	query.Set("direct_login", "true")
	if page := b.browser(t).open("/app?" + query.Encode()); !strings.Contains(page, b.lastCode(t)) {
		t.Errorf("no code on %s", page)
	}
	query.Set("input", "no address")
	wantStatus(t, b.serve(t, request(http.MethodGet, "/app?"+query.Encode(), "")), http.StatusOK)
}

func TestPage_ShowsCode(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	page := b.codePage(t)
	for _, part := range []string{b.lastCode(t), "Cotter emulator", "mailbox", `autocomplete="one-time-code"`, `inputmode="numeric"`, `<label for="code">`, `lang="en"`} {
		if !strings.Contains(page, part) {
			t.Errorf("no %q on the page", part)
		}
	}
}

func TestPage_SuggestsUsers(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(o *emulator.Options) { o.Users = []string{ada, "+442079460000"} })
	page := b.browser(t).open("/app?" + appQuery().Encode())
	if !strings.Contains(page, `<option value="`+ada+`">`) || strings.Contains(page, "+44") {
		t.Errorf("suggestions on %s", page)
	}
}

func TestPage_Cancel(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, page := range []string{b.browser(t).open("/app?" + appQuery().Encode()), b.codePage(t)} {
		_, after, _ := strings.Cut(page, `<a href="http://localhost:3000`)
		link, _, _ := strings.Cut(after, `"`)
		back, err := url.Parse(html.UnescapeString("http://localhost:3000" + link))
		if err != nil || back.Query().Get("error") != "access_denied" || back.Query().Get("state") != "st&te <1>" || back.Query().Has("code") {
			t.Errorf("cancel leads to %q", link)
		}
	}
}

func TestPage_StartAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, after, _ := strings.Cut(b.codePage(t), `<a href="/app?`)
	link, _, _ := strings.Cut(after, `"`)
	if page := b.browser(t).open("/app?" + html.UnescapeString(link)); !strings.Contains(page, `name="identifier"`) {
		t.Errorf("start again leads to %s", page)
	}
}

func TestPage_EscapesInput(t *testing.T) {
	t.Parallel()
	const attack = `"><script>alert(1)</script><a href='javascript:alert(1)`
	b := newBench(t)
	query := appQuery()
	query.Set("state", attack)
	query.Set("redirect_url", "http://localhost:3000/"+url.PathEscape(attack)+"?x="+url.QueryEscape(attack))
	query.Set("input", attack)
	browser := b.browser(t)
	first := browser.open("/app?" + query.Encode())
	_, location, _ := browser.submit(first, "identifier", attack)
	again := browser.open(location)
	_, location, _ = browser.submit(first, "identifier", `<script>alert(1)</script>@example.com`)
	second := browser.open(location)
	_, location, _ = browser.submit(second, "code", attack)
	wrong := browser.open(location)
	for _, page := range []string{first, again, second, wrong} {
		if !strings.Contains(page, "<h1>") {
			t.Fatalf("not a page: %q", page)
		}
		if strings.Contains(page, "<script") || strings.Contains(page, `href="javascript:`) || strings.Contains(page, `href='javascript:`) {
			t.Errorf("unescaped: %s", page)
		}
	}
}

func TestPage_ContentSecurityPolicy(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for redirect, target := range map[string]string{
		"http://localhost:3000/x": "http://localhost:3000",
		"http://[::1]:3000/x":     "http:",
	} {
		query := appQuery()
		query.Set("redirect_url", redirect)
		response := b.serve(t, request(http.MethodGet, "/app?"+query.Encode(), ""))
		want := "default-src 'none'; style-src 'self'; form-action 'self' " + target + "; base-uri 'none'; frame-ancestors 'none'"
		if got := field(response, "Content-Security-Policy"); got != want {
			t.Errorf("policy %q, want %q", got, want)
		}
	}
}

func TestPage_LinksBelowMount(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(o *emulator.Options) {
		o.IssuerURL, o.BasePath = "http://localhost:1234/auth/emulator", "/auth/emulator"
	})
	page := string(b.serve(t, request(http.MethodGet, "/app?"+appQuery().Encode(), "")).Body)
	form := formPattern.FindStringSubmatch(page)
	if form == nil || !strings.HasPrefix(form[1], "/auth/emulator/app?") || !strings.Contains(page, `href="/auth/emulator/app/style.css"`) {
		t.Fatalf("links or form outside of the mount: %s", page)
	}
	response := b.serve(t, request(http.MethodPost, "/app?"+appQuery().Encode(), "identifier="+ada))
	if location := field(response, "Location"); !strings.HasPrefix(location, "/auth/emulator/app/code?id=") {
		t.Errorf("location %q", location)
	}
	if link := b.messages(t)[0].Link; !strings.HasPrefix(link, "http://localhost:1234/auth/emulator/app/code?id=") {
		t.Errorf("link %q", link)
	}
	minted := b.mint(t, `{"identifier":"`+ada+`"}`)
	refreshed := b.serve(t, refreshRequest(t, ownTokenPath, minted.Refresh))
	if len(refreshed.Cookies) != 1 || !strings.Contains(refreshed.Cookies[0], "; Path=/auth/emulator/api/v0/token/"+apiKey+";") {
		t.Errorf("cookies %q", refreshed.Cookies)
	}
}

func TestPage_StyleSheet(t *testing.T) {
	t.Parallel()
	response := newBench(t).serve(t, request(http.MethodGet, "/app/style.css", ""))
	wantStatus(t, response, http.StatusOK)
	if field(response, "Content-Type") != "text/css; charset=utf-8" || !strings.Contains(string(response.Body), "light-dark(") {
		t.Errorf("header %v", response.Header)
	}
}

// FuzzPage checks that no query leads to another machine or to a line break in the
// header.
func FuzzPage(f *testing.F) {
	f.Add(returnTo, "state", ada)
	f.Add("http://localhost:3000\\@evil.example", "\r\nX: y", "a@b")
	f.Add("http://[::1%25evil]:80/", "\x00", `"@<script>`)
	f.Add("https://127.0.0.1:99999?a;b#c", "%0d%0a", "+1")
	f.Fuzz(func(t *testing.T, redirect, state, input string) {
		b := newBench(t)
		query := appQuery()
		query.Set("redirect_url", redirect)
		query.Set("state", state)
		query.Set("input", input)
		query.Set("direct_login", "true")
		response := b.serve(t, request(http.MethodGet, "/app?"+query.Encode(), ""))
		for _, h := range response.Header {
			if strings.ContainsAny(h.Value, "\r\n\x00") {
				t.Fatalf("header field %s: %q", h.Name, h.Value)
			}
		}
		if response.Status != http.StatusFound {
			return
		}
		_, location, _ := b.browser(t).submit(b.browser(t).open(field(response, "Location")), "code", b.lastCode(t))
		back, err := url.Parse(location)
		if err != nil || back.Query().Get("state") != state || back.Query().Get("code") == "" {
			t.Fatalf("redirected to %q", location)
		}
		if host := back.Hostname(); !strings.EqualFold(host, "localhost") && host != "::1" && !strings.HasPrefix(host, "127.") && !strings.HasPrefix(host, "::ffff:127.") {
			t.Fatalf("redirected to %q", location)
		}
	})
}
