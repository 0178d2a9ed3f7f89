package adaptertest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

const (
	realm     = "cotterpin" // of every WWW-Authenticate challenge
	maxCookie = 4096        // bytes of name and value that browsers keep (RFC 6265, section 6.1)
)

const ada = "ada@example.com"

func testLogin(t *testing.T, c *client) {
	first := c.login(t, c.issuer.Login(ada).Body())
	first.is(t, http.StatusCreated, "")
	again := c.login(t, c.issuer.Login(ada).Body())
	again.is(t, http.StatusOK, "")

	var one, two struct {
		User struct{ ID, Email string }
	}
	first.decode(t, &one)
	again.decode(t, &two)
	if one.User.ID == "" || one.User.ID != two.User.ID || one.User.Email != ada {
		t.Errorf("the second login has %+v, the first had %+v", two, one)
	}
	if len(first.Cookies) != 1 || !first.Cookies[0].HttpOnly || first.Cookies[0].Path != "/" {
		t.Errorf("Set-Cookie: %q", first.Header["Set-Cookie"])
	}
	if strings.Contains(string(first.Body), first.Cookies[0].Value) {
		t.Error("the body contains the cookie's value")
	}
}

func testGuard(t *testing.T, c *client) {
	token := c.signIn(t, ada)
	c.send(t, "GET", "/guarded", bearer(token)).calls(t, known(ada))
	c.send(t, "POST", "/guarded", bearer(token)).calls(t, known(ada))
	c.send(t, "GET", "/optional", bearer(token)).calls(t, known(ada))
	c.send(t, "GET", "/optional").calls(t, caller{})
	c.send(t, "GET", "/optional", bearer("bad")).calls(t, caller{})
	c.send(t, "GET", "/open", bearer(token)).calls(t, caller{})
	c.send(t, "GET", "/elsewhere", bearer(token)).is(t, http.StatusForbidden, "insufficient_scope")

	unauthenticated := c.send(t, "GET", "/guarded")
	unauthenticated.is(t, http.StatusUnauthorized, "unauthenticated")
	if got := unauthenticated.Header.Get("WWW-Authenticate"); got != `Bearer realm="`+realm+`"` {
		t.Errorf("WWW-Authenticate: %s", got)
	}
	c.send(t, "GET", "/guarded", bearer("bad")).is(t, http.StatusUnauthorized, "invalid_token")
	c.send(t, "POST", "/guarded", bearer("bad")).is(t, http.StatusUnauthorized, "invalid_token")
	if head := c.send(t, "HEAD", "/auth/session", bearer("bad")); head.Status != http.StatusUnauthorized || len(head.Body) != 0 {
		t.Errorf("HEAD: %d %q", head.Status, head.Body)
	}
}

// testFreshness calls routes that require a recent sign-in, or another method.
func testFreshness(t *testing.T, c *client) {
	signInWith := func(edits ...providertest.Edit) with {
		t.Helper()
		token := c.issuer.AccessToken(ada, edits...)
		a := c.login(t, marshal(t, map[string]any{"oauth_token": map[string]any{"access_token": token}, "transport": config.TransportBearer}))
		return bearer(a.token(t))
	}
	fresh := signInWith()
	c.send(t, "GET", "/fresh", fresh).calls(t, known(ada))
	old := signInWith(providertest.Claim("iat", time.Now().Add(-14*time.Minute).Unix()))
	c.send(t, "GET", "/guarded", old).calls(t, known(ada))
	c.send(t, "GET", "/fresh", old).requiresSignIn(t, `max_age="600"`)

	strong := signInWith(providertest.Claim("authentication_method", "WEBAUTHN"))
	c.send(t, "GET", "/strong", strong).calls(t, known(ada))
	c.send(t, "GET", "/strong", fresh).requiresSignIn(t, `acr_values="WEBAUTHN"`)
}

// testRefreshIsNoSignIn calls a route that requires a recent sign-in with a
// token that was just issued and does not contain the time of the sign-in.
func testRefreshIsNoSignIn(t *testing.T, c *client) {
	login := c.issuer.Login(ada)
	c.login(t, login.Body()).is(t, http.StatusCreated, "")
	c.send(t, "GET", "/fresh", bearer(login.AccessToken)).requiresSignIn(t, `max_age="600"`)
	refreshed := c.send(t, "POST", "/auth/refresh", header("Content-Type", "application/json"),
		body(string(marshal(t, map[string]string{"refresh_token": login.RefreshToken}))))
	refreshed.is(t, http.StatusOK, "")
	c.send(t, "GET", "/guarded", bearer(refreshed.token(t))).calls(t, known(ada))
	c.send(t, "GET", "/fresh", bearer(refreshed.token(t))).requiresSignIn(t, `max_age="600"`)
}

// requiresSignIn checks the challenge of RFC 9470, section 3.
func (a received) requiresSignIn(t *testing.T, parameter string) {
	t.Helper()
	a.is(t, http.StatusUnauthorized, "reauthentication_required")
	want := `Bearer realm="` + realm + `", error="insufficient_user_authentication", ` + parameter
	if got := a.Header.Get("WWW-Authenticate"); got != want {
		t.Errorf("WWW-Authenticate: %s", got)
	}
}

func testLogout(t *testing.T, c *client) {
	value := c.signInByCookie(t, ada)
	c.send(t, "GET", "/guarded", cookie(value)).calls(t, known(ada))
	out := c.send(t, "POST", "/auth/logout", cookie(value))
	out.is(t, http.StatusNoContent, "")
	if len(out.Cookies) != 1 || out.Cookies[0].MaxAge >= 0 || out.Cookies[0].Value != "" {
		t.Errorf("Set-Cookie: %q", out.Header["Set-Cookie"])
	}
	if len(out.Body) != 0 || out.Header.Get("Content-Type") != "" {
		t.Errorf("204 with body %q of type %q", out.Body, out.Header.Get("Content-Type"))
	}
	c.send(t, "GET", "/guarded", cookie(value)).is(t, http.StatusUnauthorized, "invalid_token")
	c.send(t, "POST", "/auth/logout", cookie(value)).is(t, http.StatusNoContent, "")
}

func testHeaderLines(t *testing.T, c *client) {
	token, value := c.signIn(t, ada), c.signInByCookie(t, "bob@example.com")
	c.send(t, "GET", "/guarded", bearer(token), cookie(value)).calls(t, known(ada))
	c.send(t, "GET", "/guarded", header("authorization", "bEARER "+token)).calls(t, known(ada))
	c.send(t, "GET", "/guarded", header("Authorization", "Basic eDp5"), cookie(value)).calls(t, known("bob@example.com"))
	c.send(t, "GET", "/guarded", header("Cookie", "a=b", cookieName+"="+value, "c=d")).calls(t, known("bob@example.com"))

	c.send(t, "GET", "/guarded", header("Authorization", "Bearer "+token, "Bearer "+token)).
		is(t, http.StatusBadRequest, "invalid_request")
	c.send(t, "GET", "/guarded", header("Authorization", "Bearer "+token, "Basic eDp5")).
		is(t, http.StatusBadRequest, "invalid_request")
	c.send(t, "GET", "/guarded", header("Cookie", cookieName+"="+value, cookieName+"="+value)).
		is(t, http.StatusBadRequest, "invalid_request")
	c.send(t, "GET", "/guarded", header("Cookie", cookieName+"="+value+"; "+cookieName+"=x")).
		is(t, http.StatusBadRequest, "invalid_request")
	for _, bad := range []string{"Bearer", "Bearer  " + token, "Bearer " + token + " x", "Bearer\t" + token, "Bearer " + token + "\xc3\xa4"} {
		c.send(t, "GET", "/guarded", header("Authorization", bad), cookie(value)).
			is(t, http.StatusUnauthorized, "invalid_token")
	}
	c.send(t, "GET", "/guarded", header("Authorization", "Bearer2 "+token), cookie(value)).calls(t, known("bob@example.com"))
	c.login(t, c.issuer.Login(ada).Body(), header("Cookie", cookieName+"=x; "+cookieName+"=y")).is(t, http.StatusOK, "")
}

func testFullCookie(t *testing.T, c *client) {
	full := strings.Repeat("x", maxCookie-len(cookieName))
	c.send(t, "GET", "/guarded", cookie(full)).is(t, http.StatusUnauthorized, "invalid_token")
	c.send(t, "POST", "/auth/logout", cookie(full)).is(t, http.StatusNoContent, "")
	c.send(t, "GET", "/optional", header("X-Filler", strings.Repeat("x", 11<<10)), cookie(full)).calls(t, caller{})
}

func testBodies(t *testing.T, c *client) {
	valid := string(c.issuer.Login(ada).Body())
	c.login(t, []byte(valid)).is(t, http.StatusCreated, "")
	c.login(t, []byte(valid), chunked).is(t, http.StatusOK, "")
	c.login(t, []byte(valid), header("Content-Type", "APPLICATION/json; charset=UTF-8")).is(t, http.StatusOK, "")
	brim := valid + strings.Repeat(" ", 64<<10-len(valid))
	c.login(t, []byte(brim)).is(t, http.StatusOK, "")

	c.login(t, []byte(brim+" ")).is(t, http.StatusRequestEntityTooLarge, "payload_too_large")
	c.login(t, []byte(brim+" "), chunked).is(t, http.StatusRequestEntityTooLarge, "payload_too_large")
	c.login(t, []byte(valid), header("Content-Encoding", "gzip")).is(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
	for _, mediaType := range [][]string{
		nil,
		{"text/plain"},
		{"application/json; charset=utf-16"},
		{"application/json", "application/json"},
		{"application/x-www-form-urlencoded"},
		{"multipart/form-data; boundary=x"},
	} {
		c.login(t, []byte(valid), header("Content-Type", mediaType...)).
			is(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
	}
	for _, bad := range []string{
		"", "[]", "null", valid + "x", "\ufeff" + valid, strings.Replace(valid, "{", `{"email":"x",`, 1),
		strings.Replace(valid, `"oauth_token"`, `"OAUTH_TOKEN"`, 1), strings.Replace(valid, `"access_token"`, `"Access_Token"`, 1),
		strings.Replace(valid, "{", `{"x":`+strings.Repeat("[", 40)+strings.Repeat("]", 40)+`,`, 1),
		strings.Replace(valid, "{", `{"x":[{"Access_Token":"y"}],`, 1), strings.Replace(valid, "{", `{"provider":"",`, 1),
		strings.Replace(valid, "{", `{"transport":"",`, 1), strings.Replace(valid, "{", `{"transport":"header",`, 1),
		strings.Replace(valid, "{", `{"provider":"unknown",`, 1), `{"email":"ada@example.com"}`,
	} {
		c.login(t, []byte(bad)).is(t, http.StatusBadRequest, "invalid_request")
	}
	c.send(t, "POST", "/auth/logout").is(t, http.StatusNoContent, "")
	c.send(t, "POST", "/auth/logout", body("x=y"), header("Content-Type", "application/x-www-form-urlencoded")).
		is(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
}

func testCrossOrigin(t *testing.T, c *client) {
	valid := c.issuer.Login(ada).Body()
	value := c.signInByCookie(t, ada)
	for _, passing := range []with{
		header("Sec-Fetch-Site", "same-origin"), header("Sec-Fetch-Site", "none"), header("Origin", baseURL),
		header("Origin", c.origin), header("Origin", allowedOrigin),
	} {
		c.login(t, valid, passing).is(t, http.StatusOK, "")
		c.send(t, "POST", "/guarded", cookie(value), passing).calls(t, known(ada))
	}
	for _, foreign := range []with{
		header("Sec-Fetch-Site", "cross-site"), header("Sec-Fetch-Site", "same-site"),
		header("Origin", "https://evil.example"), header("Origin", "null"),
	} {
		refused := c.login(t, valid, foreign)
		refused.is(t, http.StatusForbidden, "cross_origin")
		if len(refused.Cookies) != 0 {
			t.Errorf("Set-Cookie: %q", refused.Header["Set-Cookie"])
		}
		c.send(t, "POST", "/guarded", cookie(value), foreign).is(t, http.StatusForbidden, "cross_origin")
		c.send(t, "POST", "/auth/logout", cookie(value), foreign).is(t, http.StatusForbidden, "cross_origin")
		c.send(t, "GET", "/guarded", cookie(value), foreign).calls(t, known(ada))
	}
	c.login(t, valid, header("Origin", "https://evil.example"), header("X-Forwarded-Host", "evil.example")).
		is(t, http.StatusForbidden, "cross_origin")
}

func testPaths(t *testing.T, c *client) {
	c.send(t, "GET", "/auth/ok").is(t, http.StatusOK, "")
	c.send(t, "GET", "/auth/ok?x=1").is(t, http.StatusOK, "")
	for _, unknown := range []string{"/auth", "/auth/", "/auth/ok/", "/auth/OK", "/auth/%6Fk", "/auth/refresh", "/auth/caf%C3%A9"} {
		c.send(t, "GET", unknown).is(t, http.StatusNotFound, "not_found")
	}
	c.send(t, "GET", "/authentic").calls(t, caller{})
	for _, notOurs := range []string{"/AUTH/ok", "/auth%2Fok", "/%61uth/ok"} {
		a := c.send(t, "GET", notOurs)
		if a.Header.Get("Content-Type") == "application/problem+json" || strings.Contains(string(a.Body), `"status":"ok"`) {
			t.Errorf("%s was handled by the kit: %d %s", notOurs, a.Status, a.Body)
		}
	}
}

func testMethods(t *testing.T, c *client) {
	for path, allow := range map[string]string{"/auth/session": "GET, HEAD", "/auth/login": "POST"} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE"} {
			if strings.Contains(allow, method) || method == "CONNECT" {
				continue // net/http's client cannot send a CONNECT for a path
			}
			a := c.send(t, method, path)
			if a.Status != http.StatusMethodNotAllowed || a.Header.Get("Allow") != allow {
				t.Errorf("%s %s: %d, Allow %q", method, path, a.Status, a.Header.Get("Allow"))
			}
		}
	}
	get, head := c.send(t, "GET", "/auth/ok"), c.send(t, "HEAD", "/auth/ok")
	if head.Status != http.StatusOK || len(head.Body) != 0 || head.Header.Get("Content-Length") != fmt.Sprint(len(get.Body)) {
		t.Errorf("HEAD: %d, Content-Length %q, body %q", head.Status, head.Header.Get("Content-Length"), head.Body)
	}
	c.send(t, "GET", "/auth/login", header("X-HTTP-Method-Override", "POST")).is(t, http.StatusMethodNotAllowed, "method_not_allowed")
}

func testFields(t *testing.T, c *client) {
	for _, a := range []received{
		c.login(t, c.issuer.Login(ada).Body()),
		c.send(t, "GET", "/auth/ok"),
		c.send(t, "GET", "/auth/nothing"),
		c.send(t, "GET", "/auth/login"),
		c.send(t, "POST", "/auth/logout"),
		c.send(t, "GET", "/guarded"),
	} {
		for name, want := range map[string]string{
			"Cache-Control":          "no-store",
			"X-Content-Type-Options": "nosniff",
			"Referrer-Policy":        "no-referrer",
			"Vary":                   "Origin",
		} {
			if got := a.Header.Values(name); len(got) != 1 || got[0] != want {
				t.Errorf("%d %s: %s is %q", a.Status, a.Body, name, got)
			}
		}
	}
}

// testCaching checks that a guarded response is not stored by a cache, unless the
// handler specifies it (S03).
func testCaching(t *testing.T, c *client) {
	token := c.signIn(t, ada)
	for path, want := range map[string][]string{
		"/open": nil, "/guarded": {"no-store"}, "/optional": {"no-store"}, "/nested": {"no-store"}, "/cached": {"private, max-age=60"},
	} {
		a := c.send(t, "GET", path, bearer(token))
		a.is(t, http.StatusOK, "")
		if got := a.Header.Values("Cache-Control"); !slices.Equal(got, want) {
			t.Errorf("%s: Cache-Control is %q, want %q", path, got, want)
		}
	}
	a := c.send(t, "GET", "/optional")
	a.calls(t, caller{})
	if got := a.Header.Values("Cache-Control"); !slices.Equal(got, []string{"no-store"}) {
		t.Errorf("without a caller: Cache-Control is %q", got)
	}
}

// testUpgrades requests another protocol, as a page of any origin may do in a
// browser, which sends the cookies (S02).
func testUpgrades(t *testing.T, c *client) {
	value := c.signInByCookie(t, ada)
	foreign := header("Origin", "https://evil.example")
	for _, upgrade := range [][]with{
		{header("Connection", "Upgrade"), header("Upgrade", "websocket")},
		{header("connection", "X-Option, UPGRADE"), header("upgrade", "WebSocket")},
		{header("Connection", "X-Option", "upgrade"), header("Upgrade", "h2c, foo/2", "websocket")},
		{header("Upgrade", "websocket")},
	} {
		for _, passing := range [][]with{
			{cookie(value)},
			{cookie(value), header("Origin", allowedOrigin)},
			{cookie(value), header("Origin", c.origin)},
		} {
			c.send(t, "GET", "/guarded", append(passing, upgrade...)...).calls(t, known(ada))
		}
		for _, path := range []string{"/guarded", "/optional"} {
			c.send(t, "GET", path, append(upgrade, foreign, cookie(value))...).is(t, http.StatusForbidden, "cross_origin")
		}
		c.send(t, "GET", "/guarded", append(upgrade, header("Sec-Fetch-Site", "cross-site"), cookie(value))...).
			is(t, http.StatusForbidden, "cross_origin")
		c.send(t, "GET", "/optional", append(upgrade, foreign)...).calls(t, caller{}) // without the cookie
	}
	c.send(t, "GET", "/guarded", foreign, cookie(value)).calls(t, known(ada))
}

func testCORS(t *testing.T, c *client) {
	const allowOrigin = "Access-Control-Allow-Origin"
	requested := header("Access-Control-Request-Method", "POST")
	for _, path := range []string{"/auth/login", "/auth/session"} {
		a := c.send(t, "OPTIONS", path, header("Origin", allowedOrigin), requested)
		allowed := a.Header.Get(allowOrigin) == allowedOrigin && a.Header.Get("Access-Control-Allow-Credentials") == "true"
		if a.Status != http.StatusNoContent || !allowed {
			t.Errorf("preflight: %d %v", a.Status, a.Header)
		}
		a = c.send(t, "OPTIONS", path, header("Origin", "https://evil.example"), requested)
		if a.Status != http.StatusNoContent || a.Header.Get(allowOrigin) != "" {
			t.Errorf("preflight from elsewhere: %d %v", a.Status, a.Header)
		}
		c.send(t, "OPTIONS", path, header("Origin", allowedOrigin)).is(t, http.StatusMethodNotAllowed, "method_not_allowed")
	}
	a := c.send(t, "GET", "/auth/session", header("Origin", allowedOrigin))
	a.is(t, http.StatusUnauthorized, "unauthenticated")
	if a.Header.Get(allowOrigin) != allowedOrigin {
		t.Errorf("%v", a.Header)
	}
	if a := c.send(t, "GET", "/auth/session", header("Origin", "https://evil.example")); a.Header.Get(allowOrigin) != "" {
		t.Errorf("%v", a.Header)
	}
}

// testConcurrentCallers finds strings in buffers that a framework reuses for the
// next request, so that one caller is confused with another.
func testConcurrentCallers(t *testing.T, c *client) {
	const callers, rounds = 16, 40
	var group sync.WaitGroup
	for i := range callers {
		identifier := fmt.Sprintf("caller-%02d@example.com", i)
		token := c.signIn(t, identifier)
		group.Go(func() {
			for range rounds {
				c.send(t, "GET", "/guarded", bearer(token)).calls(t, known(identifier))
			}
		})
	}
	group.Wait()
}

// testRetainedStrings keeps strings of one request while many others are served
// over the same connection. Strings in buffers that a framework reuses change.
func testRetainedStrings(t *testing.T, c *client) {
	const alice, mallory, others = "ALICE-ALICE", "MALLORY-MAL", 1000
	signedIn := c.login(t, c.issuer.Login(ada).Body(), header("User-Agent", alice))
	for range others {
		c.send(t, "GET", "/open", header("User-Agent", mallory)).calls(t, caller{})
	}
	sessions := c.send(t, "GET", "/auth/sessions", cookie(signedIn.Cookies[0].Value))
	if !strings.Contains(string(sessions.Body), `"user_agent":"`+alice+`"`) {
		t.Errorf("got sessions %s", sessions.Body)
	}

	first := make(chan Call, 1)
	c.mount(t, newBenchKit(t, c.issuer), []Route{{
		Method: "GET", Path: "/guarded", Guards: []core.Guard{{}},
		Respond: func(call Call) ([]byte, error) {
			select {
			case first <- call:
			default:
			}
			return []byte("{}"), nil
		},
	}})
	aliceToken, malloryToken := c.issuer.AccessToken(alice), c.issuer.AccessToken(mallory)
	for name, send := range map[string]func(token string) with{"bearer": bearer, "cookie": cookie} {
		c.send(t, "GET", "/guarded", send(aliceToken)).is(t, http.StatusOK, "")
		for range others {
			c.send(t, "GET", "/guarded", send(malloryToken)).is(t, http.StatusOK, "")
		}
		retained := <-first
		found, _ := core.PrincipalFromContext(retained.Context)
		if want := providertest.SubjectOf(alice); retained.Principal.Subject != want || found.Subject != want {
			t.Errorf("%s: got %q from Principal and %q from the context, want %q", name, retained.Principal.Subject, found.Subject, want)
		}
	}
}
