package emulator_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/provider/emulator"
)

func TestSignIn_Tokens(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	response := b.getIdentity(t, b.signIn(t))
	wantStatus(t, response, http.StatusOK)
	var got identityResponse
	decode(t, response.Body, &got)
	if got.User["identifier"] != ada || got.User["issuer"] != apiKey || got.User["deleted_at"] != "0001-01-01T00:00:00Z" {
		t.Errorf("user %v", got.User)
	}
	if got.Identifier["identifier"] != ada || got.Identifier["identifier_type"] != "EMAIL" || got.Identifier["deleted_at"] != nil {
		t.Errorf("identifier %v", got.Identifier)
	}
	if got.Token["receiver"] != apiKey || got.Token["signature"] == "" {
		t.Errorf("token %v", got.Token)
	}
	o := got.OAuthToken
	if o.Expires != 3600 || o.Type != "Bearer" || o.Method != "OTP" || part(t, o.Access, 1)["sub"] != got.User["ID"] {
		t.Errorf("oauth_token %+v", o)
	}
	if len(response.Cookies) != 1 || !strings.HasPrefix(response.Cookies[0], "refreshToken="+o.Refresh+"; Path=/api/v0/token/"+apiKey+";") ||
		!strings.Contains(response.Cookies[0], "HttpOnly") {
		t.Errorf("cookies %q", response.Cookies)
	}
}

// The complete sign-in over sockets, from the hosted page to the tokens.
func TestSignIn_NetHTTP(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(nil)
	e, err := emulator.New(emulator.Options{APIKeyID: apiKey, IssuerURL: "http://" + server.Listener.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = e
	server.Start()
	t.Cleanup(server.Close)
	client := server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

	do := func(method, target, body, contentType string) (*http.Response, []byte) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL+target, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("API_KEY_ID", apiKey)
		response, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response, text
	}
	user := browser{t: t, transport: func(method, target, body string) (int, string, []byte) {
		response, text := do(method, target, body, "application/x-www-form-urlencoded")
		return response.StatusCode, response.Header.Get("Location"), text
	}}

	_, location, _ := user.submit(user.open("/app?"+appQuery().Encode()), "identifier", ada)
	page := user.open(location)
	_, mail := do(http.MethodGet, "/_emulator/mailbox", "", "")
	var box struct{ Messages []message }
	decode(t, mail, &box)
	if len(box.Messages) != 1 || box.Messages[0].Link != server.URL+location {
		t.Fatalf("mailbox %s, want one message with the link to %s", mail, location)
	}
	status, location, _ := user.submit(page, "code", box.Messages[0].Code)
	if status != http.StatusFound {
		t.Fatalf("status %d after the code", status)
	}
	response, text := do(http.MethodPost, "/api/v0/verify/get_identity?oauth_token=true", encode(t, exchangeFrom(t, location)), "application/json")
	if response.StatusCode != http.StatusOK {
		t.Fatalf("get_identity: %d %s", response.StatusCode, text)
	}
	var got identityResponse
	decode(t, text, &got)
	if claims := part(t, got.OAuthToken.Access, 1); claims["iss"] != server.URL || claims["identifier"] != ada {
		t.Errorf("claims %v", claims)
	}
}

func TestMailbox_Bounded(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	query := appQuery()
	query.Set("direct_login", "true")
	query.Set("input", ada)
	for range 101 {
		wantStatus(t, b.serve(t, request(http.MethodGet, "/app?"+query.Encode(), "")), http.StatusFound)
	}
	messages := b.messages(t)
	if len(messages) != 100 {
		t.Fatalf("%d messages, want 100", len(messages))
	}
	if l := messages[0]; l.To != ada || l.Channel != "EMAIL" || len(l.Code) != 6 || l.SentAt != "2026-11-22T10:00:00.000Z" ||
		!strings.HasPrefix(l.Link, issuer+"/app/code?id=") {
		t.Errorf("message %+v", l)
	}
}

func TestMailbox_Empty(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if got := b.serve(t, request(http.MethodGet, "/_emulator/mailbox", "")).Body; !bytes.Equal(got, []byte(`{"messages":[]}`)) {
		t.Errorf("mailbox %s", got)
	}
}

func TestSignIn_Phone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	query := appQuery()
	query.Set("type", "PHONE")
	browser := b.browser(t)
	status, location, _ := browser.submit(browser.open("/app?"+query.Encode()), "identifier", ada)
	if status != http.StatusSeeOther {
		t.Fatalf("an email address as phone: status %d", status)
	}
	page := browser.open(location)
	if !strings.Contains(page, `role="alert"`) || !strings.Contains(page, `value="`+ada+`"`) {
		t.Fatalf("an email address as phone: %s", page)
	}
	status, _, _ = browser.submit(page, "identifier", "+442079460000")
	if messages := b.messages(t); status != http.StatusSeeOther || len(messages) != 1 || messages[0].Channel != "SMS" {
		t.Fatalf("status %d, messages %v", status, messages)
	}
}

func TestSignIn_FifthAttempt(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	page := b.codePage(t)
	for range 4 {
		status, location, _ := b.browser(t).submit(page, "code", "wrong")
		if status != http.StatusSeeOther {
			t.Fatalf("status %d for a wrong code", status)
		}
		if page = b.browser(t).open(location); !strings.Contains(page, "That is not the code.") {
			t.Fatalf("after a wrong code: %s", page)
		}
	}
	if status, location, _ := b.browser(t).submit(page, "code", b.lastCode(t)); status != http.StatusFound || !strings.Contains(location, "code=") {
		t.Fatalf("the right code at the fifth attempt: %d %s", status, location)
	}
}

func TestSignIn_FiveWrongCodes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	page := b.codePage(t)
	for range 4 {
		b.browser(t).submit(page, "code", "wrong")
	}
	status, location, _ := b.browser(t).submit(page, "code", "wrong")
	if status != http.StatusFound || !strings.Contains(location, "error=access_denied") || strings.Contains(location, "code=") {
		t.Fatalf("after the fifth wrong code: %d %s", status, location)
	}
	if text := b.openOver(t, page); !strings.Contains(text, "This sign-in is over") {
		t.Fatalf("the right code after the fifth wrong one: %s", text)
	}
}

func TestSignIn_CodeExpiresAndIsUsedUp(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	page := b.codePage(t)
	b.advance(5*time.Minute - time.Second)
	if status, _, _ := b.browser(t).submit(page, "code", b.lastCode(t)); status != http.StatusFound {
		t.Fatalf("one second before expiry: status %d", status)
	}
	if text := b.openOver(t, page); !strings.Contains(text, "Start again") {
		t.Fatalf("the second time: %s", text)
	}
	page = b.codePage(t)
	b.advance(5 * time.Minute)
	if text := b.openOver(t, page); !strings.Contains(text, "Start again") {
		t.Fatalf("at expiry: %s", text)
	}
}

// openOver submits the right code to a sign-in that is over, and returns the page
// that its redirect leads to.
func (b *bench) openOver(t *testing.T, codePage string) string {
	t.Helper()
	status, location, _ := b.browser(t).submit(codePage, "code", b.lastCode(t))
	if status != http.StatusSeeOther {
		t.Fatalf("status %d, want a redirect", status)
	}
	response := b.serve(t, request(http.MethodGet, location, ""))
	wantStatus(t, response, http.StatusBadRequest)
	return string(response.Body)
}

func TestGetIdentity_Rejects(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*bench, *exchange)
		text   string
	}{
		"other verifier":      {func(_ *bench, x *exchange) { x.Verifier += "x" }, "verifier is not valid"},
		"no verifier":         {func(_ *bench, x *exchange) { x.Verifier = "" }, "verifier is not valid"},
		"other code":          {func(_ *bench, x *exchange) { x.Code += "x" }, "code is not valid"},
		"other challenge":     {func(_ *bench, x *exchange) { x.ChallengeID = 1 }, "code is not valid"},
		"challenge as string": {func(_ *bench, x *exchange) { x.ChallengeID = "1001" }, "must be an integer"},
		"other origin":        {func(_ *bench, x *exchange) { x.Redirect = "http://localhost:3001/back?from=app" }, "redirect URL is not valid"},
		"undefined redirect":  {func(_ *bench, x *exchange) { x.Redirect = "undefined" }, "redirect URL is not valid"},
		"expired code":        {func(b *bench, _ *exchange) { b.advance(5 * time.Minute) }, "code is not valid"},
		"null challenge":      {func(_ *bench, x *exchange) { x.ChallengeID = nil }, "must be an integer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			wantStatus(t, b.getIdentity(t, b.signIn(t)), http.StatusOK)
			x := b.signIn(t)
			c.change(b, &x)
			wantError(t, b.getIdentity(t, x), http.StatusBadRequest, c.text)
		})
	}
}

func TestGetIdentity_CodeIsUsedUp(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	x := b.signIn(t)
	wantStatus(t, b.getIdentity(t, x), http.StatusOK)
	wantError(t, b.getIdentity(t, x), http.StatusBadRequest, "code is not valid")
}

func TestGetIdentity_RedirectOrigin(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	x := b.signIn(t)
	x.Redirect = "http://LOCALHOST:3000"
	wantStatus(t, b.getIdentity(t, x), http.StatusOK)
}

func TestGetIdentity_WithoutTokens(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	response := b.serve(t, apiRequest(http.MethodPost, "/api/v0/verify/get_identity", encode(t, b.signIn(t))))
	wantStatus(t, response, http.StatusOK)
	if bytes.Contains(response.Body, []byte("oauth_token")) || len(response.Cookies) != 0 {
		t.Errorf("unrequested tokens: body %s, cookies %q", response.Body, response.Cookies)
	}
}

func TestEmulator_RequiresAPIKey(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, target := range []string{
		"POST /api/v0/verify/get_identity", "POST /api/v0/token", "POST /api/v0/token/" + apiKey,
		"DELETE /api/v0/token/" + apiKey, "POST /api/v0/user/create", "GET /api/v0/user?identifier=x",
	} {
		method, path, _ := strings.Cut(target, " ")
		if known := b.serve(t, apiRequest(method, path, "{}")); known.Status == http.StatusUnauthorized {
			t.Errorf("%s with the key: %d", target, known.Status)
		}
		wantError(t, b.serve(t, request(method, path, "{}")), http.StatusUnauthorized, "API_KEY_ID")
		wantError(t, b.serve(t, withHeader(request(method, path, "{}"), "Api_key_id", strings.ToUpper(apiKey))), http.StatusUnauthorized, "API_KEY_ID")
	}
	wantError(t, b.serve(t, apiRequest(http.MethodPost, "/api/v0/token/another", "{}")), http.StatusUnauthorized, "API_KEY_ID")
}
