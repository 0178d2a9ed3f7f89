package integration_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// helperPath is the path of the browser helper.
const helperPath = "/auth/client.js"

const (
	jwtSession = "session \"own\" {\n transport = [\"cookie\", \"bearer\"]\n format = \"jwt\"\n}"
	jwtBrief   = "session \"own\" {\n transport = [\"cookie\", \"bearer\"]\n format = \"jwt\"\n access_ttl = \"2s\"\n}"
)

// helperScript is the script of the page. With the query "plain" the browser has
// neither Web Locks nor BroadcastChannel; with "local" tokens are in localStorage.
const helperScript = `
const options = new URLSearchParams(location.search);
if (options.has("plain")) {
  Object.defineProperty(navigator, "locks", { value: undefined });
  globalThis.BroadcastChannel = undefined;
}
const { createClient } = await import("ORIGIN/auth/client.js");
globalThis.auth = createClient({ storage: options.has("local") ? localStorage : undefined });
globalThis.states = [];
globalThis.changedAt = 0;
auth.onChange((state) => {
  states.push(state);
  changedAt = Date.now();
});
globalThis.statusOf = async (path, init) => (await auth.fetch(path, init)).status;
globalThis.failure = (call) => call.then(() => "", ({ name, code, status, temporary }) => [name, code, status, temporary].join(" "));
`

// lostOnce is the fault that loses the response of the application to one refresh.
const lostOnce = -1

// helperPage is a page that uses the browser helper. Its server passes other paths
// to a demo application, so that both have one origin.
type helperPage struct {
	*program
	issuer *providertest.Issuer
	origin string

	elsewhere string // URL of the same page at another origin, which is allowed

	mu        sync.Mutex
	refreshes int           // requests to /auth/refresh
	fault     int           // status of the next responses of /auth/refresh; 0: that of the application; or lostOnce
	held      chan struct{} // holds the responses of /auth/refresh until it is closed
	denied    chan struct{} // receives a value for each response 401 of /api/me
	next      http.Handler
}

func newHelperPage(t *testing.T, framework, session string) *helperPage {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	page := &helperPage{
		issuer: providertest.NewIssuer(t),
		origin: "http://localhost:" + portOf(server.Listener),
		denied: make(chan struct{}, 1000),
	}
	other := httptest.NewServer(http.HandlerFunc(page.servePage))
	t.Cleanup(other.Close)
	otherOrigin := "http://localhost:" + portOf(other.Listener)
	page.elsewhere = otherOrigin + "/page"
	page.program = start(t, framework, edited(t, configuration(page.issuer, session), []edit{
		{"http://localhost:8080", page.origin},
		{allowedOrigin, otherOrigin},
	}))
	behind, err := url.Parse(page.program.origin)
	if err != nil {
		t.Fatal(err)
	}
	page.next = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(behind)
		r.Out.Host = r.In.Host
	}, ModifyResponse: page.watch}
	server.Config.Handler = page
	server.Config.SetKeepAlivesEnabled(false) // browsers repeat requests themselves that fail on a connection that was used before
	server.Start()
	t.Cleanup(server.Close)
	return page
}

func (p *helperPage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/page", "/page.js":
		p.servePage(w, r)
	case "/auth/refresh":
		p.serveRefresh(w, r)
	default:
		p.next.ServeHTTP(w, r)
	}
}

func (p *helperPage) servePage(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/page.js" {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = fmt.Fprint(w, strings.ReplaceAll(helperScript, "ORIGIN", p.origin))
		return
	}
	w.Header().Set("Content-Security-Policy",
		fmt.Sprintf("default-src 'none'; script-src 'self' %s; connect-src 'self' %[1]s http://127.0.0.1:*; img-src data:", p.origin))
	_, _ = fmt.Fprint(w, `<!DOCTYPE html><title>Helper</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>`)
}

func (p *helperPage) serveRefresh(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.refreshes++
	fault, held := p.fault, p.held
	p.mu.Unlock()
	if held != nil {
		<-held
	}
	switch fault {
	case 0:
		p.next.ServeHTTP(w, r)
		return
	case lostOnce:
		p.next.ServeHTTP(httptest.NewRecorder(), r)
		p.setFault(0)
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Retry-After", "5")
	w.WriteHeader(fault)
	_, _ = fmt.Fprint(w, `{"code":"temporarily_unavailable","title":"Temporarily unavailable"}`)
}

// watch reports the rejected requests.
func (p *helperPage) watch(r *http.Response) error {
	if r.StatusCode == http.StatusUnauthorized && r.Request.URL.Path == "/api/me" {
		p.denied <- struct{}{}
	}
	return nil
}

// setFault sets the status of the next refreshes, 0 for that of the application.
func (p *helperPage) setFault(status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = status
}

// hold holds the responses of refreshes until the returned function is called.
func (p *helperPage) hold() (release func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	held := make(chan struct{})
	p.held = held
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.held = nil
		close(held)
	}
}

// refreshed returns the number of refreshes since the last call.
func (p *helperPage) refreshed() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	count := p.refreshes
	p.refreshes = 0
	return count
}

// open opens the page in the tab.
func (p *helperPage) open(b *browser, query string) *browser {
	b.t.Helper()
	b.do(chromedp.Navigate(p.origin + "/page?" + query))
	p.ready(b)
	return b
}

// ready waits until the script of the page has run.
func (p *helperPage) ready(b *browser) {
	b.t.Helper()
	if _, err := runAction(b, chromedp.Poll[bool]("Boolean(globalThis.failure)", chromedp.WithPollingTimeout(patience))); err != nil {
		b.t.Fatal(err)
	}
}

// tabs opens the page in several tabs, of which the first has signed in.
func (p *helperPage) tabs(t *testing.T, count int, query string) []*browser {
	t.Helper()
	first := p.open(newBrowser(t), query)
	p.signInAt(first, ada, "cookie")
	all := []*browser{first}
	for range count - 1 {
		all = append(all, p.open(newTab(first.ctx, t), query))
	}
	for _, tab := range all {
		tab.status(http.StatusOK)
	}
	p.refreshed()
	return all
}

// signInAt logs in with the helper.
func (p *helperPage) signInAt(b *browser, identifier, transport string) {
	b.t.Helper()
	payload := p.issuer.Login(identifier).Payload()
	payload["transport"] = transport
	p.addTokens(payload)
	if got := awaited[string](b, fmt.Sprintf("auth.login(%s).then((body) => Object.keys(body).join())", encode(payload))); got != "created,user,session" {
		b.t.Fatalf("the login returned %s", got)
	}
}

// expire removes the cookie of the access token, as the browser does when it
// expires.
func (p *helperPage) expire(b *browser) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, network.DeleteCookies, network.DeleteCookiesParams{Name: cookieName, URL: p.origin}); err != nil {
		b.t.Fatal(err)
	}
}

// awaited returns the value of a promise.
func awaited[T any](b *browser, expression string) T {
	b.t.Helper()
	return evaluate[T](b, expression, chromedp.EvalAwaitPromise)
}

// status checks the status of a guarded route.
func (b *browser) status(want int) {
	b.t.Helper()
	if got := awaited[int](b, `statusOf("/api/me")`); got != want {
		b.t.Errorf("got %d, want %d", got, want)
	}
}

// states checks the changes of the state that the tab has been notified of.
func (b *browser) states(want ...string) {
	b.t.Helper()
	expression := fmt.Sprintf("states.join() === %q", strings.Join(want, ","))
	poll := chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(patience))
	if _, err := runAction(b, poll); err != nil {
		b.t.Errorf("the states are %s, want %v", evaluate[string](b, "states.join()"), want)
	}
}

// conditions sets the network of the tab.
func (b *browser) conditions(c network.Conditions) {
	b.t.Helper()
	c.DownloadThroughput, c.UploadThroughput = -1, -1
	rules := network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: []*network.Conditions{&c}}
	if _, err := chromedp.Call(b.ctx, network.EmulateNetworkConditionsByRule, rules); err != nil {
		b.t.Fatal(err)
	}
}

// onEachTab runs a function in all tabs at once.
func onEachTab(tabs []*browser, run func(tab *browser)) {
	atOnce(len(tabs), func(i int) { run(tabs[i]) })
}

// TestHelper_Tabs lets the access token of several tabs expire. One of them refreshes,
// and all requests succeed, on a fast network and while the refresh is slow.
func TestHelper_Tabs(t *testing.T) {
	t.Parallel()
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		page := newHelperPage(t, framework, jwtSession)
		for _, count := range []int{2, 5} {
			tabs := page.tabs(t, count, "")
			page.expire(tabs[0])
			onEachTab(tabs, func(tab *browser) {
				if got := awaited[string](tab, `Promise.all([1, 2, 3].map(() => statusOf("/api/me"))).then(String)`); got != "200,200,200" {
					t.Errorf("%d tabs: got %s", count, got)
				}
			})
			if got := page.refreshed(); got != 1 {
				t.Errorf("%d tabs: %d refreshes, want 1", count, got)
			}

			release := page.hold()
			drain(page.denied)
			page.expire(tabs[0])
			var group sync.WaitGroup
			group.Go(func() { onEachTab(tabs, func(tab *browser) { tab.status(http.StatusOK) }) })
			for range tabs {
				<-page.denied
			}
			release()
			group.Wait()
			if got := page.refreshed(); got != 1 {
				t.Errorf("%d tabs, slow: %d refreshes, want 1", count, got)
			}
		}
	})
}

// TestHelper_LostResponse loses the response to a refresh, and closes a tab during
// another. The refresh token is presented again, and the session survives.
func TestHelper_LostResponse(t *testing.T) {
	t.Parallel()
	page := newHelperPage(t, "nethttp", jwtSession)
	tabs := page.tabs(t, 2, "")
	page.setFault(lostOnce)
	page.expire(tabs[0])
	onEachTab(tabs, func(tab *browser) { tab.status(http.StatusOK) })
	if got := page.refreshed(); got != 2 {
		t.Errorf("lost response: %d refreshes, want 2", got)
	}

	release := page.hold()
	page.expire(tabs[0])
	closing := page.open(newTab(tabs[0].ctx, t), "")
	evaluate[any](closing, `void auth.refresh()`)
	page.awaitRefreshes(t, 1)
	closing.do(chromedp.Navigate("about:blank"))
	var group sync.WaitGroup
	group.Go(func() { tabs[0].status(http.StatusOK) })
	page.awaitRefreshes(t, 2)
	release()
	group.Wait()
	page.expire(tabs[0])
	onEachTab(tabs, func(tab *browser) { tab.status(http.StatusOK) })
	if got := page.refreshed(); got != 3 {
		t.Errorf("closed tab: %d refreshes, want 3", got)
	}
}

// awaitRefreshes waits until a number of refreshes have arrived.
func (p *helperPage) awaitRefreshes(t *testing.T, count int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		p.mu.Lock()
		arrived := p.refreshes
		p.mu.Unlock()
		switch {
		case arrived >= count:
			return
		case ctx.Err() != nil:
			t.Fatalf("%d refreshes, want %d", arrived, count)
		}
		runtime.Gosched()
	}
}

// TestHelper_Unauthenticated opens a page without a session.
func TestHelper_Unauthenticated(t *testing.T) {
	t.Parallel()
	page := newHelperPage(t, "nethttp", jwtSession)
	tab := page.open(newBrowser(t), "")
	if got := awaited[string](tab, `auth.session().then(String)`); got != "null" {
		t.Errorf("the session is %s", got)
	}
	for range 3 {
		tab.status(http.StatusUnauthorized)
	}
	tab.states("signed-out")
	if got := page.refreshed(); got != 1 {
		t.Errorf("%d refreshes, want 1", got)
	}
	if got := awaited[string](tab, `failure(auth.login({ oauth_token: { access_token: "x.y.z" } }))`); got != "AuthError invalid_token 401 false" {
		t.Errorf("a bad login: %s", got)
	}
	page.signInAt(tab, ada, "cookie")
	tab.status(http.StatusOK)
	tab.states("signed-out", "signed-in")
}

// TestHelper_OtherOrigin imports the module from another origin, which is allowed.
func TestHelper_OtherOrigin(t *testing.T) {
	t.Parallel()
	page := newHelperPage(t, "nethttp", jwtSession)
	tab := newBrowser(t)
	tab.do(chromedp.Navigate(page.elsewhere))
	page.ready(tab)
	page.signInAt(tab, ada, "cookie")
	for range 2 {
		page.expire(tab)
		if got := awaited[int](tab, fmt.Sprintf(`statusOf(%q)`, page.origin+"/api/me")); got != http.StatusOK {
			t.Errorf("got %d", got)
		}
	}
	if got := page.refreshed(); got != 2 {
		t.Errorf("%d refreshes, want 2", got)
	}
	awaited[any](tab, `auth.logout()`)
	if got := awaited[int](tab, fmt.Sprintf(`statusOf(%q)`, page.origin+"/api/me")); got != http.StatusUnauthorized {
		t.Errorf("after the sign-out: got %d", got)
	}
}

// TestHelper_SlowNetwork has a latency of two seconds in all tabs.
func TestHelper_SlowNetwork(t *testing.T) {
	t.Parallel()
	page := newHelperPage(t, "nethttp", jwtSession)
	tabs := page.tabs(t, 5, "")
	for _, tab := range tabs {
		tab.conditions(network.Conditions{Latency: 2000})
	}
	page.expire(tabs[0])
	onEachTab(tabs, func(tab *browser) { tab.status(http.StatusOK) })
	if got := page.refreshed(); got != 1 {
		t.Errorf("%d refreshes, want 1", got)
	}
}

// TestHelper_Expiry waits for the end of an access token.
func TestHelper_Expiry(t *testing.T) {
	t.Parallel()
	page := newHelperPage(t, "nethttp", jwtBrief)
	tab := page.tabs(t, 1, "")[0]
	awaited[bool](tab, `(async () => { while ((await fetch("/api/me")).ok); return true; })()`)
	tab.status(http.StatusOK)
	if got := page.refreshed(); got != 1 {
		t.Errorf("%d refreshes, want 1", got)
	}
	page.expire(tab)
	const post = `auth.fetch(new Request("/api/notes", { method: "POST", body: '{"note":"x"}', headers: { "Content-Type": "application/json" } }))`
	if got := awaited[string](tab, post+`.then((response) => response.text())`); got != `{"note":"x"}` {
		t.Errorf("the repeated request returned %s", got)
	}
	page.expire(tab)
	if !awaited[bool](tab, `auth.refresh()`) {
		t.Error("a refresh without a request failed")
	}
	if got := awaited[int](tab, `fetch("/api/me").then((response) => response.status)`); got != http.StatusOK {
		t.Errorf("after a refresh: got %d", got)
	}
}

// TestHelper_SignOut signs out in one of five tabs, of which one has no access token.
func TestHelper_SignOut(t *testing.T) {
	t.Parallel()
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		for _, session := range []string{ownSession, jwtSession} {
			page := newHelperPage(t, framework, session)
			tabs := page.tabs(t, 5, "")
			ended := awaited[int](tabs[1], `auth.logout().then(() => Date.now())`)
			for i, tab := range tabs {
				tab.states([][]string{{"signed-in", "signed-out"}, {"signed-out"}}[min(i, 1)]...)
				if delay := evaluate[int](tab, `changedAt`) - ended; delay > 1000 {
					t.Errorf("tab %d was signed out after %d ms", i, delay)
				}
				tab.status(http.StatusUnauthorized)
			}
			if got := page.refreshed(); got != 0 {
				t.Errorf("%d refreshes after the sign-out", got)
			}

			page.signInAt(tabs[2], "bob@example.com", "cookie")
			for i, tab := range tabs {
				tab.states([][]string{{"signed-in", "signed-out", "signed-in"}, {"signed-out", "signed-in"}}[min(i, 1)]...)
				if got := awaited[string](tab, `auth.session().then((body) => body.user.email)`); got != "bob@example.com" {
					t.Errorf("tab %d: the user is %s", i, got)
				}
			}
		}
	})
}

// TestHelper_SessionRevoked revokes the session elsewhere. The tabs notice it at the
// first request, all at once.
func TestHelper_SessionRevoked(t *testing.T) {
	t.Parallel()
	for session, refreshes := range map[string]int{ownSession: 0, jwtSession: 1} {
		page := newHelperPage(t, "nethttp", session)
		tabs := page.tabs(t, 2, "")
		if got := awaited[string](tabs[1], `auth.session().then((body) => body.user.email)`); got != ada {
			t.Fatalf("the user is %q", got)
		}
		elsewhere := page.signInByToken(t, page.issuer, ada)
		page.send(t, "POST", "/auth/sessions/revoke", elsewhere.credential, line("Origin", page.origin), posting(`{"all":true}`)).is(t, http.StatusNoContent, "")
		page.expire(tabs[0])
		tabs[1].status(http.StatusUnauthorized)
		tabs[0].states("signed-in", "signed-out")
		tabs[1].states("signed-in", "signed-out")
		tabs[0].status(http.StatusUnauthorized)
		if got := awaited[string](tabs[0], `auth.session().then(String)`); got != "null" {
			t.Errorf("the session is %s", got)
		}
		tabs[1].states("signed-in", "signed-out")
		if got := page.refreshed(); got < refreshes || got > 2*refreshes {
			t.Errorf("%d refreshes", got)
		}
	}
}

// TestHelper_Offline loses the network while the access token expires. No tab is
// signed out, and all work again later.
func TestHelper_Offline(t *testing.T) {
	t.Parallel()
	page := newHelperPage(t, "nethttp", jwtSession)
	tabs := page.tabs(t, 2, "")
	for _, tab := range tabs {
		tab.conditions(network.Conditions{Offline: true})
	}
	page.expire(tabs[0])
	for _, tab := range tabs {
		for call, want := range map[string]string{
			`auth.fetch("/api/me")`: "TypeError   ", // as with fetch
			`auth.refresh()`:        "AuthError network_error 0 true",
			`auth.session()`:        "AuthError network_error 0 true",
			`auth.logout()`:         "AuthError network_error 0 true",
		} {
			if got := awaited[string](tab, "failure("+call+")"); got != want {
				t.Errorf("%s: got %s, want %s", call, got, want)
			}
		}
	}
	for _, tab := range tabs {
		tab.conditions(network.Conditions{})
		tab.status(http.StatusOK)
	}
	if got := page.refreshed(); got != 1 {
		t.Errorf("%d refreshes, want 1", got)
	}
	tabs[0].states("signed-in")
}

// TestHelper_ServerFault fails the refreshes. The session remains.
func TestHelper_ServerFault(t *testing.T) {
	t.Parallel()
	page := newHelperPage(t, "nethttp", jwtSession)
	tabs := page.tabs(t, 2, "")
	for _, status := range []int{
		http.StatusServiceUnavailable, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusForbidden,
	} {
		page.setFault(status)
		page.expire(tabs[0])
		want := fmt.Sprintf("AuthError temporarily_unavailable %d %t", status, status != http.StatusForbidden)
		onEachTab(tabs, func(tab *browser) {
			for _, call := range []string{`auth.fetch("/api/me")`, `auth.session()`, `auth.refresh()`} {
				if got := awaited[string](tab, "failure("+call+")"); got != want {
					t.Errorf("%s: got %q, want %q", call, got, want)
				}
			}
		})
		page.setFault(0)
		onEachTab(tabs, func(tab *browser) { tab.status(http.StatusOK) })
	}
	tabs[0].states("signed-in")
}

// TestHelper_WithoutLocks has neither Web Locks nor BroadcastChannel. Each tab
// refreshes at most once, and the session survives.
func TestHelper_WithoutLocks(t *testing.T) {
	t.Parallel()
	page := newHelperPage(t, "nethttp", jwtSession)
	tabs := page.tabs(t, 2, "plain")
	for range 3 {
		page.expire(tabs[0])
		onEachTab(tabs, func(tab *browser) {
			if got := awaited[string](tab, `Promise.all([1, 2, 3].map(() => statusOf("/api/me"))).then(String)`); got != "200,200,200" {
				t.Errorf("got %s", got)
			}
		})
		if got := page.refreshed(); got < 1 || got > 2 {
			t.Errorf("%d refreshes, want one or two", got)
		}
	}
	awaited[any](tabs[0], `auth.logout()`)
	tabs[1].status(http.StatusUnauthorized)
	tabs[1].states("signed-in", "signed-out")
	page.signInAt(tabs[0], ada, "cookie")
	page.expire(tabs[0])
	tabs[1].status(http.StatusOK)
}

// TestHelper_Bearer keeps tokens in memory, or in localStorage if the page wants
// that. Other origins do not get them.
func TestHelper_Bearer(t *testing.T) {
	t.Parallel()
	var authorized []string
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		authorized = append(authorized, r.Header.Get("Authorization")+r.Header.Get("Access-Control-Request-Headers"))
		w.Header().Set("Access-Control-Allow-Origin", "*")
	}))
	t.Cleanup(other.Close)
	page := newHelperPage(t, "nethttp", jwtBrief)
	for query, stored := range map[string]int{"": 0, "local": 1} {
		one := page.open(newBrowser(t), query)
		two := page.open(newTab(one.ctx, t), query)
		page.signInAt(one, ada, "bearer")
		if query == "" {
			two.status(http.StatusUnauthorized)
			page.signInAt(two, ada, "bearer")
		}
		page.refreshed()
		for refreshes := 0; refreshes < 4; refreshes += page.refreshed() {
			onEachTab([]*browser{one, two}, func(tab *browser) { tab.status(http.StatusOK) })
		}
		if got := evaluate[int](one, `localStorage.length + sessionStorage.length + document.cookie.length`); got != stored {
			t.Errorf("the storage has %d entries, want %d", got, stored)
		}
		awaited[any](one, fmt.Sprintf(`auth.fetch(%q)`, other.URL))
		awaited[any](one, `auth.logout()`)
		for _, tab := range []*browser{one, two} {
			tab.status(http.StatusUnauthorized)
		}
		if got := evaluate[int](two, `localStorage.length`); got != 0 {
			t.Error("the tokens are still stored")
		}
	}
	if got := strings.Join(authorized, ""); got != "" || len(authorized) == 0 {
		t.Errorf("the other origin received %d requests with %q", len(authorized), got)
	}
}

// TestHelper_Route requires the same response of all frameworks.
func TestHelper_Route(t *testing.T) {
	t.Parallel()
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		p := start(t, framework, "")
		first := p.send(t, "GET", helperPath)
		etag := first.Header.Get("ETag")
		if first.Status != http.StatusOK || etag == "" || first.Header.Get("Cache-Control") != "no-cache" ||
			first.Header.Get("Content-Type") != "text/javascript; charset=utf-8" || first.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Fatalf("got %d %v", first.Status, first.Header)
		}
		if a := p.send(t, "GET", helperPath, line("If-None-Match", etag)); a.Status != http.StatusNotModified || a.Body != "" ||
			a.Header.Get("ETag") != etag || a.Header.Get("Cache-Control") != "no-cache" {
			t.Errorf("got %d %v", a.Status, a.Header)
		}
		if a := p.send(t, "HEAD", helperPath); a.Status != http.StatusOK || a.Body != "" || a.Header.Get("ETag") != etag {
			t.Errorf("HEAD: got %d %v", a.Status, a.Header)
		}
	})
}

func drain(c chan struct{}) {
	for len(c) > 0 {
		<-c
	}
}
