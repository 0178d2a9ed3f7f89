package emulator_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/web"
)

const embedder = "http://localhost:3000"

// signupQuery returns the query with which the SDK opens the form for one-time
// codes.
func signupQuery() url.Values {
	return url.Values{
		"challenge":    {challenge()},
		"type":         {"EMAIL"},
		"domain":       {embedder},
		"api_key":      {apiKey},
		"redirect_url": {"undefined"},
		"state":        {"k3x"},
		"id":           {"w1cotter-form-container"},
	}
}

// loginQuery returns the query with which the SDK opens the form for magic links.
// The SDK escapes its redirect_url twice.
func loginQuery() url.Values {
	query := signupQuery()
	query.Del("challenge")
	query.Set("auth_method", "MAGIC_LINK")
	query.Set("code_challenge", challenge())
	query.Set("redirect_url", url.QueryEscape(returnTo))
	query.Set("redirect_link", "true")
	return query
}

// frameCode is the form's response to an identifier.
type frameCode struct {
	ID, Code, Link string
	Opens          bool
}

// frameResult is what the form passes to the SDK.
type frameResult struct {
	AuthorizationCode string `json:"authorization_code"`
	ChallengeID       string `json:"challenge_id"`
	State             string
}

// frame sends a request of the form's script.
func (b *bench) frame(t *testing.T, path string, query url.Values, body map[string]string) web.Response {
	t.Helper()
	return b.serve(t, withHeader(request(http.MethodPost, path+"?"+query.Encode(), encode(t, body)),
		"Sec-Fetch-Site", "same-origin", "Origin", issuer))
}

// sendFrameCode submits Ada's identifier to the form.
func (b *bench) sendFrameCode(t *testing.T, path string, query url.Values) frameCode {
	t.Helper()
	response := b.frame(t, path, query, map[string]string{"identifier": ada, "client_json": `{"nickname":"Countess"}`})
	wantStatus(t, response, http.StatusOK)
	var sent frameCode
	decode(t, response.Body, &sent)
	if last := b.messages(t); last[len(last)-1].Code != sent.Code || last[len(last)-1].Link != sent.Link || last[len(last)-1].To != ada {
		t.Fatalf("message %+v, want that of %+v", last[len(last)-1], sent)
	}
	return sent
}

// exchangeOf returns the exchange of the SDK.
func exchangeOf(t *testing.T, response web.Response, redirect string) exchange {
	t.Helper()
	wantStatus(t, response, http.StatusOK)
	var result frameResult
	decode(t, response.Body, &result)
	if result.State != "k3x" || result.AuthorizationCode == "" {
		t.Fatalf("result %s", response.Body)
	}
	var number int
	decode(t, []byte(result.ChallengeID), &number)
	return exchange{Verifier: verifier, Code: result.AuthorizationCode, ChallengeID: number, Redirect: redirect}
}

func TestFrame_Policy(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for path, query := range map[string]url.Values{"/signup": signupQuery(), "/login": loginQuery()} {
		response := b.serve(t, request(http.MethodGet, path+"?"+query.Encode(), ""))
		wantStatus(t, response, http.StatusOK)
		policy := field(response, "Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'; ") || !strings.HasSuffix(policy, "; frame-ancestors "+embedder) {
			t.Errorf("%s: policy %q", path, policy)
		}
		for _, part := range []string{`data-embedder="` + embedder + `"`, `data-instance="w1cotter-form-container"`, `<script src="app/frame.js">`, `href="app/style.css"`} {
			if !strings.Contains(string(response.Body), part) {
				t.Errorf("%s: no %s on the page", path, part)
			}
		}
	}
	script := b.serve(t, request(http.MethodGet, "/app/frame.js", ""))
	if field(script, "Content-Type") != "text/javascript; charset=utf-8" || strings.Contains(string(script.Body), "innerHTML") {
		t.Errorf("script with header %v", script.Header)
	}
}

func TestFrame_RejectsParameters(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		parameter, value string
		ancestors        string // who may frame the error
	}{
		"no domain":                {"domain", "", "'none'"},
		"domain on another host":   {"domain", "https://evil.example", "'none'"},
		"domain like loopback":     {"domain", "http://localhost.evil.example", "'none'"},
		"domain with path":         {"domain", embedder + "/", "'none'"},
		"domain with user":         {"domain", "http://localhost@evil.example", "'none'"},
		"domain list":              {"domain", embedder + " https://evil.example", "'none'"},
		"domain wildcard":          {"domain", "http://*:3000", "'none'"},
		"opaque domain":            {"domain", "null", "'none'"},
		"IPv6 domain":              {"domain", "http://[::1]:3000", "'none'"},
		"other API key":            {"api_key", "another", embedder},
		"redirect to another host": {"redirect_url", "https://evil.example/", embedder},
		"escaped redirect":         {"redirect_url", "https%3A%2F%2Fevil.example%2F", embedder},
		"no state":                 {"state", "", embedder},
		"no challenge":             {"challenge", "", embedder},
		"other type":               {"type", "NAME", embedder},
		"other method":             {"auth_method", "WEBAUTHN", embedder},
		"no instance":              {"id", "", embedder},
		"long instance":            {"id", strings.Repeat("i", 2049), embedder},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			query := signupQuery()
			wantStatus(t, b.serve(t, request(http.MethodGet, "/signup?"+query.Encode(), "")), http.StatusOK)
			b.sendFrameCode(t, "/signup", query)
			query.Set(c.parameter, c.value)
			response := b.serve(t, request(http.MethodGet, "/signup?"+query.Encode(), ""))
			wantStatus(t, response, http.StatusBadRequest)
			if policy := field(response, "Content-Security-Policy"); !strings.HasSuffix(policy, "; frame-ancestors "+c.ancestors) {
				t.Errorf("policy %q", policy)
			}
			wantStatus(t, b.frame(t, "/signup", query, map[string]string{"identifier": ada}), http.StatusBadRequest)
		})
	}
}

func TestFrame_EscapesParameters(t *testing.T) {
	t.Parallel()
	const attack = `"><script>alert(1)</script>`
	b := newBench(t)
	query := signupQuery()
	query.Set("id", attack)
	query.Set("state", attack)
	page := string(b.serve(t, request(http.MethodGet, "/signup?"+query.Encode(), "")).Body)
	if strings.Count(page, "<script") != 1 || !strings.Contains(page, `data-instance="&#34;&gt;&lt;script&gt;`) {
		t.Errorf("unescaped: %s", page)
	}
}

func TestFrame_SignIn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ configured, redirect string }{
		"page":              {"undefined", embedder},
		"back end":          {"http://localhost:8080/auth/login", "http://localhost:8080/auth/login"},
		"page or back end":  {"http://localhost:8080/auth/login", embedder},
		"nothing":           {"", embedder},
		"null":              {"null", embedder},
		"address of a page": {returnTo, embedder},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			query := signupQuery()
			query.Set("redirect_url", c.configured)
			sent := b.sendFrameCode(t, "/signup", query)
			wantError(t, b.frame(t, "/app/frame/code", query, map[string]string{"id": sent.ID, "code": "wrong"}), http.StatusBadRequest, "not the code")
			x := exchangeOf(t, b.frame(t, "/app/frame/code", query, map[string]string{"id": sent.ID, "code": sent.Code}), c.redirect)
			wantStatus(t, b.getIdentity(t, x), http.StatusOK)

			wantError(t, b.frame(t, "/app/frame/code", query, map[string]string{"id": sent.ID, "code": sent.Code}), http.StatusGone, "is over")
		})
	}
}

func TestFrame_ExchangeOrigin(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	exchangeWith := func(redirect string) web.Response {
		sent := b.sendFrameCode(t, "/signup", signupQuery())
		return b.getIdentity(t, exchangeOf(t, b.frame(t, "/app/frame/code", signupQuery(), map[string]string{"id": sent.ID, "code": sent.Code}), redirect))
	}
	wantStatus(t, exchangeWith(embedder), http.StatusOK)
	wantError(t, exchangeWith("http://localhost:3001"), http.StatusBadRequest, "redirect URL")
}

func TestFrame_Identifier(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	query := signupQuery()
	query.Set("type", "PHONE")
	wantStatus(t, b.frame(t, "/signup", query, map[string]string{"identifier": " +442079460000 "}), http.StatusOK)
	if messages := b.messages(t); messages[0].Channel != "SMS" || messages[0].To != "+442079460000" {
		t.Errorf("messages %+v", messages)
	}
	wantError(t, b.frame(t, "/signup", query, map[string]string{"identifier": ada}), http.StatusBadRequest, "phone number")
	wantError(t, b.frame(t, "/signup", query, map[string]string{"identifier": "+442079460000", "client_json": strings.Repeat("x", 2049)}),
		http.StatusBadRequest, "too long")
}

func TestFrame_FiveWrongCodes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	sent := b.sendFrameCode(t, "/signup", signupQuery())
	for range 4 {
		wantStatus(t, b.frame(t, "/app/frame/code", signupQuery(), map[string]string{"id": sent.ID, "code": "wrong"}), http.StatusBadRequest)
	}
	wantStatus(t, b.frame(t, "/app/frame/code", signupQuery(), map[string]string{"id": sent.ID, "code": "wrong"}), http.StatusGone)
	wantStatus(t, b.frame(t, "/app/frame/code", signupQuery(), map[string]string{"id": sent.ID, "code": sent.Code}), http.StatusGone)
}

// A page of another origin cannot complete a sign-in that began elsewhere, whatever
// redirect_url its form has.
func TestFrame_OtherEmbedder(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	other := signupQuery()
	other.Set("domain", "http://localhost:4000")
	other.Set("redirect_url", returnTo)
	for _, path := range []string{"/app/frame/code", "/app/frame/approval"} {
		sent := b.sendFrameCode(t, "/signup", signupQuery())
		b.openLink(t, sent.Link, http.StatusOK)
		body := map[string]string{"id": sent.ID, "code": sent.Code}
		wantError(t, b.frame(t, path, other, body), http.StatusGone, "is over")
		exchangeOf(t, b.frame(t, path, signupQuery(), body), embedder)
	}

	b.codePage(t) // of the hosted page
	hosted := b.messages(t)
	_, id, _ := strings.Cut(hosted[len(hosted)-1].Link, "?id=")
	wantStatus(t, b.frame(t, "/app/frame/code", signupQuery(), map[string]string{"id": id, "code": b.lastCode(t)}), http.StatusGone)
}

// openLink opens a link of the mailbox as a browser does.
func (b *bench) openLink(t *testing.T, link string, status int) web.Response {
	t.Helper()
	response := b.serve(t, request(http.MethodGet, strings.TrimPrefix(link, issuer), ""))
	wantStatus(t, response, status)
	return response
}

func TestMagicLink_OpensPage(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	sent := b.sendFrameCode(t, "/login", loginQuery())
	if !sent.Opens {
		t.Error("the link does not open the page")
	}
	back, err := url.Parse(field(b.openLink(t, sent.Link, http.StatusSeeOther), "Location"))
	if err != nil || !strings.HasPrefix(back.String(), "http://localhost:3000/back?") {
		t.Fatalf("the link opens %s, %v", back, err)
	}
	query := back.Query()
	for name, want := range map[string]string{
		"from": "app", "auth_method": "MAGIC_LINK", "id_type": "EMAIL", "id": ada, "client_json": `{"nickname":"Countess"}`, "state": "", "code": "",
	} {
		if got := query.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}

	id, code, _ := strings.Cut(query.Get("challenge"), ".")
	wantStatus(t, b.frame(t, "/app/frame/code", loginQuery(), map[string]string{"id": id, "code": "wrong"}), http.StatusBadRequest)
	response := b.frame(t, "/app/frame/code", loginQuery(), map[string]string{"id": id, "code": code})
	wantStatus(t, b.getIdentity(t, exchangeOf(t, response, embedder)), http.StatusOK)
	b.openLink(t, sent.Link, http.StatusBadRequest)
}

// The page that the link opens may differ from the one that began in its origin,
// its code verifier and its type of identifier.
func TestMagicLink_OtherPage(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	began := loginQuery()
	began.Set("code_challenge", strings.Repeat("A", 43))
	began.Set("domain", "http://localhost:4000") // redirect_url is of localhost:3000
	sent := b.sendFrameCode(t, "/login", began)
	opened := loginQuery()
	opened.Set("type", "PHONE")
	response := b.frame(t, "/app/frame/code", opened, map[string]string{"id": sent.ID, "code": sent.Code})
	response = b.getIdentity(t, exchangeOf(t, response, embedder))
	wantStatus(t, response, http.StatusOK)
	var got identityResponse
	if decode(t, response.Body, &got); got.Identifier["identifier_type"] != "EMAIL" {
		t.Errorf("identifier %v", got.Identifier)
	}
}

func TestMagicLink_Approves(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	query := loginQuery()
	query.Set("redirect_link", "false")
	sent := b.sendFrameCode(t, "/login", query)
	body := map[string]string{"id": sent.ID}
	pending := func(over bool) {
		t.Helper()
		response := b.frame(t, "/app/frame/approval", query, body)
		wantStatus(t, response, http.StatusOK)
		var state struct{ Over *bool }
		if decode(t, response.Body, &state); state.Over == nil || *state.Over != over {
			t.Fatalf("got %s, want over %t", response.Body, over)
		}
	}
	pending(false)
	b.openLink(t, strings.Replace(sent.Link, "code=", "code=0", 1), http.StatusBadRequest)
	pending(false)
	if page := b.openLink(t, sent.Link, http.StatusOK); !strings.Contains(string(page.Body), "You have signed in") {
		t.Errorf("the link leads to %s", page.Body)
	}
	wantStatus(t, b.getIdentity(t, exchangeOf(t, b.frame(t, "/app/frame/approval", query, body), embedder)), http.StatusOK)
	pending(true)
	b.openLink(t, sent.Link, http.StatusBadRequest)
}

func TestMagicLink_Expires(t *testing.T) {
	t.Parallel()
	for _, redirects := range []string{"true", "false"} {
		b := newBench(t)
		query := loginQuery()
		query.Set("redirect_link", redirects)
		sent := b.sendFrameCode(t, "/login", query)
		b.advance(5*time.Minute - time.Second)
		wantStatus(t, b.serve(t, request(http.MethodGet, "/login?"+query.Encode(), "")), http.StatusOK)
		if status := b.serve(t, request(http.MethodGet, strings.TrimPrefix(sent.Link, issuer), "")).Status; status >= http.StatusBadRequest {
			t.Errorf("one second before expiry: status %d", status)
		}
		b.advance(time.Second)
		b.openLink(t, sent.Link, http.StatusBadRequest)
		wantStatus(t, b.frame(t, "/app/frame/code", query, map[string]string{"id": sent.ID, "code": sent.Code}), http.StatusGone)
	}
}

// A sign-in of the hosted page has no magic link.
func TestMagicLink_HostedPage(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.codePage(t)
	messages := b.messages(t)
	link := strings.Replace(messages[0].Link, "/app/code", "/app/link", 1) + "&code=" + messages[0].Code
	b.openLink(t, link, http.StatusBadRequest)
	b.openLink(t, messages[0].Link, http.StatusOK)
}
