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

func TestSignInEndsWithTokensOfTheIdentifier(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	answer := b.getIdentity(t, b.signIn(t))
	wantStatus(t, answer, http.StatusOK)
	var got identityAnswer
	decode(t, answer.Body, &got)
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
	if len(answer.Cookies) != 1 || !strings.HasPrefix(answer.Cookies[0], "refreshToken="+o.Refresh+"; Path=/api/v0/token/"+apiKey+";") ||
		!strings.Contains(answer.Cookies[0], "HttpOnly") {
		t.Errorf("cookies %q", answer.Cookies)
	}
}

// The whole journey over sockets, from the hosted page to the tokens.
func TestSignInOverNetHTTP(t *testing.T) {
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
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer, text
	}
	user := browser{t: t, transport: func(method, target, body string) (int, string, []byte) {
		answer, text := do(method, target, body, "application/x-www-form-urlencoded")
		return answer.StatusCode, answer.Header.Get("Location"), text
	}}

	_, location, _ := user.submit(user.open("/app?"+appQuery().Encode()), "identifier", ada)
	page := user.open(location)
	_, mail := do(http.MethodGet, "/_emulator/mailbox", "", "")
	var box struct{ Messages []letter }
	decode(t, mail, &box)
	if len(box.Messages) != 1 || box.Messages[0].Link != server.URL+location {
		t.Fatalf("mailbox %s, want one message with the link to %s", mail, location)
	}
	status, location, _ := user.submit(page, "code", box.Messages[0].Code)
	if status != http.StatusFound {
		t.Fatalf("status %d after the code", status)
	}
	answer, text := do(http.MethodPost, "/api/v0/verify/get_identity?oauth_token=true", encode(t, exchangeFrom(t, location)), "application/json")
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("get_identity: %d %s", answer.StatusCode, text)
	}
	var got identityAnswer
	decode(t, text, &got)
	if claims := part(t, got.OAuthToken.Access, 1); claims["iss"] != server.URL || claims["identifier"] != ada {
		t.Errorf("claims %v", claims)
	}
}

func TestTheMailboxKeepsTheLastHundredMessages(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	query := appQuery()
	query.Set("direct_login", "true")
	query.Set("input", ada)
	for range 101 {
		wantStatus(t, b.serve(t, request(http.MethodGet, "/app?"+query.Encode(), "")), http.StatusFound)
	}
	letters := b.letters(t)
	if len(letters) != 100 {
		t.Fatalf("%d messages, want 100", len(letters))
	}
	if l := letters[0]; l.To != ada || l.Channel != "EMAIL" || len(l.Code) != 6 || l.SentAt != "2026-11-22T10:00:00.000Z" ||
		!strings.HasPrefix(l.Link, issuer+"/app/code?id=") {
		t.Errorf("message %+v", l)
	}
}

func TestAnEmptyMailboxIsAnEmptyArray(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if got := b.serve(t, request(http.MethodGet, "/_emulator/mailbox", "")).Body; !bytes.Equal(got, []byte(`{"messages":[]}`)) {
		t.Errorf("mailbox %s", got)
	}
}

func TestAPhoneSignsInBySMS(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	query := appQuery()
	query.Set("type", "PHONE")
	browser := b.browser(t)
	status, _, page := browser.submit(browser.open("/app?"+query.Encode()), "identifier", ada)
	if status != http.StatusBadRequest || !strings.Contains(page, `role="alert"`) {
		t.Fatalf("an e-mail address as phone: status %d", status)
	}
	status, _, _ = browser.submit(page, "identifier", "+442079460000")
	if letters := b.letters(t); status != http.StatusSeeOther || len(letters) != 1 || letters[0].Channel != "SMS" {
		t.Fatalf("status %d, letters %v", status, letters)
	}
}

func TestFourWrongCodesLeaveTheFifthAttempt(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	page := b.codePage(t)
	for range 4 {
		status, _, next := b.browser(t).submit(page, "code", "wrong")
		if status != http.StatusBadRequest {
			t.Fatalf("status %d for a wrong code", status)
		}
		page = next
	}
	if status, location, _ := b.browser(t).submit(page, "code", b.lastCode(t)); status != http.StatusFound || !strings.Contains(location, "code=") {
		t.Fatalf("the right code at the fifth attempt: %d %s", status, location)
	}
}

func TestTheFifthWrongCodeEndsTheSignIn(t *testing.T) {
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
	if status, _, _ := b.browser(t).submit(page, "code", b.lastCode(t)); status != http.StatusBadRequest {
		t.Fatalf("the right code after it: status %d", status)
	}
}

func TestAOneTimeCodeIsGoodForFiveMinutesAndOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	page := b.codePage(t)
	b.advance(5*time.Minute - time.Second)
	if status, _, _ := b.browser(t).submit(page, "code", b.lastCode(t)); status != http.StatusFound {
		t.Fatalf("in time: status %d", status)
	}
	if status, _, _ := b.browser(t).submit(page, "code", b.lastCode(t)); status != http.StatusBadRequest {
		t.Fatalf("twice: status %d", status)
	}
	page = b.codePage(t)
	b.advance(5 * time.Minute)
	status, _, late := b.browser(t).submit(page, "code", b.lastCode(t))
	if status != http.StatusBadRequest || !strings.Contains(late, "Start again") {
		t.Fatalf("too late: status %d; %s", status, late)
	}
}

func TestGetIdentityRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*bench, *exchange)
		text   string
	}{
		"AnotherVerifier":     {func(_ *bench, x *exchange) { x.Verifier += "x" }, "verifier is not valid"},
		"NoVerifier":          {func(_ *bench, x *exchange) { x.Verifier = "" }, "verifier is not valid"},
		"AnotherCode":         {func(_ *bench, x *exchange) { x.Code += "x" }, "code is not valid"},
		"AnotherChallenge":    {func(_ *bench, x *exchange) { x.ChallengeID = 1 }, "code is not valid"},
		"AChallengeAsText":    {func(_ *bench, x *exchange) { x.ChallengeID = "1001" }, "must be an integer"},
		"AnotherOrigin":       {func(_ *bench, x *exchange) { x.Redirect = "http://localhost:3001/back?from=app" }, "redirect URL is not valid"},
		"TheTextUndefined":    {func(_ *bench, x *exchange) { x.Redirect = "undefined" }, "redirect URL is not valid"},
		"AnExpiredCode":       {func(b *bench, _ *exchange) { b.advance(5 * time.Minute) }, "code is not valid"},
		"AChallengeOfNothing": {func(_ *bench, x *exchange) { x.ChallengeID = nil }, "must be an integer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			wantStatus(t, b.getIdentity(t, b.signIn(t)), http.StatusOK)
			x := b.signIn(t)
			c.change(b, &x)
			wantRefusal(t, b.getIdentity(t, x), http.StatusBadRequest, c.text)
		})
	}
}

func TestAnAuthorizationCodeIsGoodOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	x := b.signIn(t)
	wantStatus(t, b.getIdentity(t, x), http.StatusOK)
	wantRefusal(t, b.getIdentity(t, x), http.StatusBadRequest, "code is not valid")
}

func TestTheOriginOfTheRedirectIsEnoughAtTheExchange(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	x := b.signIn(t)
	x.Redirect = "http://LOCALHOST:3000"
	wantStatus(t, b.getIdentity(t, x), http.StatusOK)
}

func TestTokensAreHandedOutOnlyWhenAskedFor(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	answer := b.serve(t, apiRequest(http.MethodPost, "/api/v0/verify/get_identity", encode(t, b.signIn(t))))
	wantStatus(t, answer, http.StatusOK)
	if bytes.Contains(answer.Body, []byte("oauth_token")) || len(answer.Cookies) != 0 {
		t.Errorf("body %s, cookies %q", answer.Body, answer.Cookies)
	}
}

func TestTheAPIKeyMustBeKnown(t *testing.T) {
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
		wantRefusal(t, b.serve(t, request(method, path, "{}")), http.StatusUnauthorized, "API_KEY_ID")
		wantRefusal(t, b.serve(t, withHeader(request(method, path, "{}"), "Api_key_id", strings.ToUpper(apiKey))), http.StatusUnauthorized, "API_KEY_ID")
	}
	wantRefusal(t, b.serve(t, apiRequest(http.MethodPost, "/api/v0/token/another", "{}")), http.StatusUnauthorized, "API_KEY_ID")
}
