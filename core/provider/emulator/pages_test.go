package emulator_test

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/provider/emulator"
)

func TestTheHostedPageRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ parameter, value string }{
		"AnotherAPIKey":        {"api_key", "another"},
		"NoAPIKey":             {"api_key", ""},
		"NoRedirect":           {"redirect_url", ""},
		"RedirectUndefined":    {"redirect_url", "undefined"},
		"RedirectElsewhere":    {"redirect_url", "https://evil.example/"},
		"RedirectLikeLoopback": {"redirect_url", "http://localhost.evil.example/"},
		"RedirectWithUser":     {"redirect_url", "http://localhost:3000@evil.example/"},
		"RedirectBackslash":    {"redirect_url", `http://localhost\@evil.example/`},
		"RedirectNoScheme":     {"redirect_url", "//localhost/"},
		"RedirectScript":       {"redirect_url", "javascript:alert(1)//localhost"},
		"RedirectData":         {"redirect_url", "data:text/html,x"},
		"RedirectCRLF":         {"redirect_url", "http://localhost/\r\nSet-Cookie: a=b"},
		"NoState":              {"state", ""},
		"LongState":            {"state", strings.Repeat("s", 2049)},
		"NoChallenge":          {"code_challenge", ""},
		"ShortChallenge":       {"code_challenge", challenge()[1:]},
		"PaddedChallenge":      {"code_challenge", challenge() + "="},
		"NoType":               {"type", ""},
		"AnotherType":          {"type", "NAME"},
		"AnotherMethod":        {"auth_method", "WEBAUTHN"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			query := appQuery()
			wantStatus(t, b.serve(t, request(http.MethodGet, "/app?"+query.Encode(), "")), http.StatusOK)
			query.Set(c.parameter, c.value)
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				answer := b.serve(t, request(method, "/app?"+query.Encode(), "identifier="+ada))
				wantStatus(t, answer, http.StatusBadRequest)
				if field(answer, "Location") != "" || !strings.Contains(string(answer.Body), `role="alert"`) {
					t.Errorf("%v %s", answer.Header, answer.Body)
				}
			}
		})
	}
}

func TestTheOwnOriginIsAnApplicationToo(t *testing.T) {
	t.Parallel()
	b := newBench(t, remote, func(o *emulator.Options) { o.IssuerURL = "http://emulator.example/auth/emulator" })
	query := appQuery()
	query.Set("redirect_url", "http://emulator.example:80/")
	wantStatus(t, b.serve(t, request(http.MethodGet, "/app?"+query.Encode(), "")), http.StatusOK)
}

func TestDirectLoginSkipsTheFirstPage(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	query := appQuery()
	query.Set("input", ada)
	answer := b.serve(t, request(http.MethodGet, "/app?"+query.Encode(), ""))
	wantStatus(t, answer, http.StatusOK)
	if !strings.Contains(string(answer.Body), `value="`+ada+`"`) {
		t.Errorf("the input is not filled in: %s", answer.Body)
	}
	query.Set("direct_login", "true")
	if page := b.browser(t).open("/app?" + query.Encode()); !strings.Contains(page, b.lastCode(t)) {
		t.Errorf("no code on %s", page)
	}
	query.Set("input", "no address")
	wantStatus(t, b.serve(t, request(http.MethodGet, "/app?"+query.Encode(), "")), http.StatusOK)
}

func TestTheCodePageShowsTheCode(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	page := b.codePage(t)
	for _, part := range []string{b.lastCode(t), "Cotter emulator", "mailbox", `autocomplete="one-time-code"`, `inputmode="numeric"`, `<label for="code">`, `lang="en"`} {
		if !strings.Contains(page, part) {
			t.Errorf("no %q on the page", part)
		}
	}
}

func TestThePageSuggestsTheUsersOfTheFile(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(o *emulator.Options) { o.Users = []string{ada, "+442079460000"} })
	page := b.browser(t).open("/app?" + appQuery().Encode())
	if !strings.Contains(page, `<option value="`+ada+`">`) || strings.Contains(page, "+44") {
		t.Errorf("suggestions on %s", page)
	}
}

func TestCancelReturnsWithAnErrorAndTheState(t *testing.T) {
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

func TestStartAgainLeadsToTheFirstPage(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, after, _ := strings.Cut(b.codePage(t), `<a href="/app?`)
	link, _, _ := strings.Cut(after, `"`)
	if page := b.browser(t).open("/app?" + html.UnescapeString(link)); !strings.Contains(page, `name="identifier"`) {
		t.Errorf("start again leads to %s", page)
	}
}

func TestWhatIsTypedIsEscaped(t *testing.T) {
	t.Parallel()
	const attack = `"><script>alert(1)</script><a href='javascript:alert(1)`
	b := newBench(t)
	query := appQuery()
	query.Set("state", attack)
	query.Set("redirect_url", "http://localhost:3000/"+url.PathEscape(attack)+"?x="+url.QueryEscape(attack))
	query.Set("input", attack)
	browser := b.browser(t)
	first := browser.open("/app?" + query.Encode())
	_, _, again := browser.submit(first, "identifier", attack)
	_, location, _ := browser.submit(first, "identifier", `<script>alert(1)</script>@example.com`)
	second := browser.open(location)
	_, _, wrong := browser.submit(second, "code", attack)
	for _, page := range []string{first, again, second, wrong} {
		if !strings.Contains(page, "<h1>") {
			t.Fatalf("no page: %q", page)
		}
		if strings.Contains(page, "<script") || strings.Contains(page, `href="javascript:`) || strings.Contains(page, `href='javascript:`) {
			t.Errorf("unescaped: %s", page)
		}
	}
}

func TestPagesAllowNoScriptAndNoOtherHost(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for redirect, target := range map[string]string{
		"http://localhost:3000/x": "http://localhost:3000",
		"http://[::1]:3000/x":     "http:",
	} {
		query := appQuery()
		query.Set("redirect_url", redirect)
		answer := b.serve(t, request(http.MethodGet, "/app?"+query.Encode(), ""))
		want := "default-src 'none'; style-src 'self'; form-action 'self' " + target + "; base-uri 'none'; frame-ancestors 'none'"
		if got := field(answer, "Content-Security-Policy"); got != want {
			t.Errorf("policy %q, want %q", got, want)
		}
	}
}

func TestLinksKeepToTheMount(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(o *emulator.Options) {
		o.IssuerURL, o.BasePath = "http://localhost:1234/auth/emulator", "/auth/emulator"
	})
	page := string(b.serve(t, request(http.MethodGet, "/app?"+appQuery().Encode(), "")).Body)
	form := formPattern.FindStringSubmatch(page)
	if form == nil || !strings.HasPrefix(form[1], "/auth/emulator/app?") || !strings.Contains(page, `href="/auth/emulator/app/style.css"`) {
		t.Fatalf("page %s", page)
	}
	answer := b.serve(t, request(http.MethodPost, "/app?"+appQuery().Encode(), "identifier="+ada))
	if location := field(answer, "Location"); !strings.HasPrefix(location, "/auth/emulator/app/code?id=") {
		t.Errorf("location %q", location)
	}
	if link := b.letters(t)[0].Link; !strings.HasPrefix(link, "http://localhost:1234/auth/emulator/app/code?id=") {
		t.Errorf("link %q", link)
	}
	minted := b.mint(t, `{"identifier":"`+ada+`"}`)
	refreshed := b.serve(t, refreshRequest(t, ownTokenPath, minted.Refresh))
	if len(refreshed.Cookies) != 1 || !strings.Contains(refreshed.Cookies[0], "; Path=/auth/emulator/api/v0/token/"+apiKey+";") {
		t.Errorf("cookies %q", refreshed.Cookies)
	}
}

func TestTheStyleSheet(t *testing.T) {
	t.Parallel()
	answer := newBench(t).serve(t, request(http.MethodGet, "/app/style.css", ""))
	wantStatus(t, answer, http.StatusOK)
	if field(answer, "Content-Type") != "text/css; charset=utf-8" || !strings.Contains(string(answer.Body), "light-dark(") {
		t.Errorf("%v", answer.Header)
	}
}

// Whatever the query, nobody is sent to another machine and nothing in the
// answer breaks a line.
func FuzzTheHostedPage(f *testing.F) {
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
		answer := b.serve(t, request(http.MethodGet, "/app?"+query.Encode(), ""))
		for _, h := range answer.Header {
			if strings.ContainsAny(h.Value, "\r\n\x00") {
				t.Fatalf("%s: %q", h.Name, h.Value)
			}
		}
		if answer.Status != http.StatusFound {
			return
		}
		_, location, _ := b.browser(t).submit(b.browser(t).open(field(answer, "Location")), "code", b.lastCode(t))
		back, err := url.Parse(location)
		if err != nil || back.Query().Get("state") != state || back.Query().Get("code") == "" {
			t.Fatalf("returned to %q", location)
		}
		if host := back.Hostname(); !strings.EqualFold(host, "localhost") && host != "::1" && !strings.HasPrefix(host, "127.") && !strings.HasPrefix(host, "::ffff:127.") {
			t.Fatalf("returned to %q", location)
		}
	})
}
