package core_test

import (
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/oidc"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// flowHarness is a kit with the provider "corp", which can redirect, and "cotter",
// which cannot.
type flowHarness struct {
	*harness

	settings core.Settings
}

// reopened returns a kit with the same database and another state of "corp".
func (h flowHarness) reopened(t *testing.T, state string) flowHarness {
	t.Helper()
	again := &harness{issuer: h.issuer, clock: h.clock, log: h.log}
	s := h.settings
	s.Providers = slices.Clone(s.Providers)
	s.Providers[1].Common.State = state
	again.open(t, s)
	return flowHarness{again, s}
}

func newFlowHarness(t *testing.T, edit func(*core.Settings, *oidc.Settings)) flowHarness {
	t.Helper()
	h := &harness{
		issuer: providertest.NewIssuer(t),
		clock:  &clock{now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)},
		log:    &record{},
	}
	h.issuer.Now = h.clock.Now
	corp := &oidc.Settings{
		Issuer: h.issuer.URL(), Audience: []string{providertest.Audience},
		ClientID: providertest.Audience, ClientSecret: config.NewSecret(providertest.ClientSecret),
	}
	s := h.settings()
	s.Auth.AllowedOrigins = []string{"https://app.example.com"}
	s.Providers = append(s.Providers, provider.Instance{
		Type: loopbackOIDC, Name: "corp", Common: provider.Common{DisplayName: "Corporation", Trust: []string{"email"}}, Settings: corp,
	})
	if edit != nil {
		edit(&s, corp)
	}
	h.open(t, s)
	return flowHarness{h, s}
}

// flowBrowser has the cookies that a browser stores for the application.
type flowBrowser struct {
	flowHarness

	cookies map[string]string
}

func (h flowHarness) browser() *flowBrowser { return &flowBrowser{h, map[string]string{}} }

// get visits a route of the kit.
func (b *flowBrowser) get(t *testing.T, path string) core.Response {
	t.Helper()
	path, query, _ := strings.Cut(path, "?")
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(b.cookies)) {
		lines = append(lines, name+"="+b.cookies[name])
	}
	request := newRequest("GET", path, "", "Cookie", strings.Join(lines, "; "), "Sec-Fetch-Site", "cross-site")
	request.Query = query
	r, _ := b.kit.Adapter().Serve(t.Context(), request)
	for _, line := range r.Cookies {
		set, err := http.ParseSetCookie(line)
		if err != nil {
			t.Fatal(err)
		}
		if set.MaxAge < 0 {
			delete(b.cookies, set.Name)
		} else {
			b.cookies[set.Name] = set.Value
		}
	}
	return r
}

// begin begins a sign-in, and returns the request to the authorization endpoint.
func (b *flowBrowser) begin(t *testing.T, query string) (address *url.URL) {
	t.Helper()
	r := b.get(t, "/auth/login/corp"+query)
	if r.Status != http.StatusSeeOther {
		t.Fatalf("login: %d %s", r.Status, r.Body)
	}
	address, err := url.Parse(field(r, "Location"))
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// authorize signs the user in at the provider, and returns the path and query that it
// redirects to.
func (h flowHarness) authorize(t *testing.T, address *url.URL) (callback string) {
	t.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Get(address.String())
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	callback, ours := strings.CutPrefix(response.Header.Get("Location"), "https://api.example.com")
	if !ours {
		t.Fatalf("the provider redirects to %q, status %d", response.Header.Get("Location"), response.StatusCode)
	}
	return callback
}

// flows returns the names of the browser's flow cookies.
func (b *flowBrowser) flows() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(b.cookies)), func(name string) bool { return !strings.HasPrefix(name, "__Host-login_") })
}

// leadsTo checks that a response redirects there.
func leadsTo(t *testing.T, r core.Response, location string) {
	t.Helper()
	if r.Status != http.StatusSeeOther || field(r, "Location") != location {
		t.Errorf("got %d to %q %s, want 303 to %q", r.Status, field(r, "Location"), r.Body, location)
	}
}

// fails checks that a callback ended without a session, with a code for the page at
// "/after".
func (b *flowBrowser) fails(t *testing.T, r core.Response, code string) {
	t.Helper()
	form := regexp.MustCompile(`\A/after\?a=1&auth_error=` + code + `&request_id=[A-Z2-7]{26}#f\z`)
	if r.Status != http.StatusSeeOther || !form.MatchString(field(r, "Location")) {
		t.Errorf("got %d to %q %s, want 303 with auth_error=%s", r.Status, field(r, "Location"), r.Body, code)
	}
	if len(b.cookies) != 0 {
		t.Errorf("the browser has the cookies %v, want none", b.cookies)
	}
	if _, id, _ := strings.Cut(field(r, "Location"), "request_id="); !strings.Contains(b.log.String(), strings.TrimSuffix(id, "#f")) {
		t.Error("the log does not have the request id")
	}
}

const after = "?return_to=%2Fafter%3Fa%3D1%23f"

func TestCodeFlow_SignIn(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*core.Settings, *oidc.Settings){
		"own":            nil,
		"own jwt":        func(s *core.Settings, _ *oidc.Settings) { s.Own.Format = config.FormatJWT },
		"provider_token": func(s *core.Settings, _ *oidc.Settings) { providerToken(nil)(s) },
		"nonce required": func(_ *core.Settings, c *oidc.Settings) { c.Nonce, c.NonceForm = "required", "sha256" },
		"bearer first": func(s *core.Settings, _ *oidc.Settings) {
			s.Own.Transport = []string{config.TransportBearer, config.TransportCookie}
		},
		"own by bearer": func(s *core.Settings, _ *oidc.Settings) {
			s.Own.Transport = []string{config.TransportBearer}
			s.ProviderToken = &config.ProviderTokenSession{Transport: []string{config.TransportCookie}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newFlowHarness(t, edit).browser()
			for range 2 {
				callback := b.authorize(t, b.begin(t, after))
				leadsTo(t, b.get(t, callback), "/after?a=1#f")
				if flows := b.flows(); len(flows) != 0 {
					t.Errorf("the cookies %v remain", flows)
				}
				is(t, b.get(t, "/auth/session"), http.StatusOK, "")
			}
			if n := b.issuer.Requests(providertest.TokenPath); n != 2 {
				t.Errorf("%d requests to the token endpoint, want one per sign-in", n)
			}
		})
	}
}

func TestCodeFlow_Request(t *testing.T) {
	t.Parallel()
	b := newFlowHarness(t, nil).browser()
	first := b.begin(t, "?prompt=login&max_age=60&acr_values=a%20b&scope=evil&redirect_uri=https://evil.example").Query()
	for name, want := range map[string]string{
		"response_type": "code", "client_id": providertest.Audience, "scope": "openid email", "prompt": "login", "max_age": "60",
		"acr_values": "a b", "code_challenge_method": "S256", "redirect_uri": "https://api.example.com/auth/callback/corp",
	} {
		if got := first[name]; len(got) != 1 || got[0] != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	second := b.begin(t, "").Query()
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		if len(first.Get(name)) < 26 || first.Get(name) == second.Get(name) {
			t.Errorf("%s: %q, then %q: want 128 new random bits", name, first.Get(name), second.Get(name))
		}
	}
	r := b.get(t, "/auth/login/corp")
	line := strings.Join(r.Cookies, "\n")
	if form := regexp.MustCompile(`\A__Host-login_[A-Za-z0-9_-]{22}=\S+; Path=/; Max-Age=600; HttpOnly; Secure; SameSite=Lax\z`); !form.MatchString(line) {
		t.Errorf("the cookie is %q", line)
	}
	for name, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"} {
		if got := field(r, name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestCodeFlow_BadRequest(t *testing.T) {
	t.Parallel()
	b := newFlowHarness(t, nil).browser()
	b.begin(t, "?return_to=/&prompt=none")
	for name, query := range map[string]string{
		"other origin":    "return_to=https%3A%2F%2Fevil.example%2F",
		"two slashes":     "return_to=%2F%2Fevil.example",
		"too long":        "return_to=%2F" + strings.Repeat("a", 2048),
		"no query":        "return_to=%zz",
		"twice":           "return_to=/&return_to=/",
		"control":         "prompt=a%0d%0ab",
		"not ASCII":       "acr_values=%C3%BC",
		"parameter twice": "max_age=1&max_age=2",
		"long parameter":  "max_age=" + strings.Repeat("1", 257),
	} {
		r := b.get(t, "/auth/login/corp?"+query)
		is(t, r, http.StatusBadRequest, "invalid_request")
		if len(r.Cookies) != 0 {
			t.Errorf("%s: it sets %q", name, r.Cookies)
		}
	}
}

// TestCodeFlow_ForeignCallback sends callbacks that belong to no flow of the browser.
func TestCodeFlow_ForeignCallback(t *testing.T) {
	t.Parallel()
	const second = "second"
	other := func(s *core.Settings, c *oidc.Settings) {
		copied := *c
		copied.Audience, copied.ClientID = []string{second}, second
		s.Providers = append(s.Providers, provider.Instance{Type: loopbackOIDC, Name: second, Settings: &copied})
	}
	for name, callback := range map[string]func(b *flowBrowser, callback string) string{
		"other browser":  func(b *flowBrowser, callback string) string { clear(b.cookies); return callback },
		"other provider": func(_ *flowBrowser, callback string) string { return strings.Replace(callback, "corp", second, 1) },
		"other state":    func(_ *flowBrowser, callback string) string { return callback + "x" },
		"no state":       func(_ *flowBrowser, callback string) string { return strings.Replace(callback, "state", "x", 1) },
		"two states":     func(_ *flowBrowser, callback string) string { return callback + "&state=x" },
		"two codes":      func(_ *flowBrowser, callback string) string { return callback + "&code=x&code=y" },
		"no query":       func(_ *flowBrowser, callback string) string { return callback + "&%zz" },
		"expired":        func(b *flowBrowser, callback string) string { b.clock.Advance(10 * time.Minute); return callback },
		"damaged cookie": func(b *flowBrowser, callback string) string { b.cookies[b.flows()[0]] += "x"; return callback },
		"renamed cookie": func(b *flowBrowser, callback string) string {
			value := b.cookies[b.flows()[0]]
			clear(b.cookies)
			b.cookies["__Host-login_x"] = value
			return callback
		},
	} {
		for _, response := range []url.Values{nil, {"error": {"access_denied"}}} {
			t.Run(name+" "+response.Get("error"), func(t *testing.T) {
				t.Parallel()
				h := newFlowHarness(t, other)
				valid := h.browser()
				leadsTo(t, valid.get(t, h.authorize(t, valid.begin(t, after))), "/after?a=1#f")

				exchanged := h.issuer.Requests(providertest.TokenPath)
				h.issuer.SetAuthorization(response)
				b := h.browser()
				is(t, b.get(t, callback(b, h.authorize(t, b.begin(t, after)))), http.StatusBadRequest, "invalid_request")
				if n := h.issuer.Requests(providertest.TokenPath); n != exchanged {
					t.Error("the code was exchanged")
				}
				if b.cookies[cookieName] != "" {
					t.Error("the browser has a session")
				}
			})
		}
	}
}

func TestCodeFlow_Replay(t *testing.T) {
	t.Parallel()
	b := newFlowHarness(t, nil).browser()
	callback := b.authorize(t, b.begin(t, after))
	leadsTo(t, b.get(t, callback), "/after?a=1#f")
	is(t, b.get(t, callback), http.StatusBadRequest, "invalid_request")
	is(t, b.get(t, "/auth/session"), http.StatusOK, "")
}

// TestCodeFlow_PlantedCookie has cookies of a flow with other contents. None leads to
// another site.
func TestCodeFlow_PlantedCookie(t *testing.T) {
	t.Parallel()
	for name, change := range map[string][2]string{
		"return_to": {`"/after?a=1#f"`, `"//evil.example"`},
		"provider":  {`"corp"`, `"cotter"`},
		"issuer":    {`"issuer":"http`, `"issuer":"HTTP`},
		"nonce":     {`"nonce":"`, `"nonce":"","x":"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newFlowHarness(t, nil).browser()
			callback := b.authorize(t, b.begin(t, after))
			flow := b.flows()[0]
			decoded, err := base64.RawURLEncoding.DecodeString(b.cookies[flow])
			if err != nil {
				t.Fatal(err)
			}
			text := string(decoded)
			changed := strings.Replace(text, change[0], change[1], 1)
			if changed == text {
				t.Fatalf("%s does not contain %s", text, change[0])
			}
			b.cookies[flow] = base64.RawURLEncoding.EncodeToString([]byte(changed))
			is(t, b.get(t, callback), http.StatusBadRequest, "invalid_request")
			b.cookies[flow] = base64.RawURLEncoding.EncodeToString(decoded)
			leadsTo(t, b.get(t, callback), "/after?a=1#f")
		})
	}
}

func TestCodeFlow_Failure(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(i *providertest.Issuer)
		code   string
	}{
		"canceled":        {func(i *providertest.Issuer) { i.SetAuthorization(url.Values{"error": {"access_denied"}}) }, "unauthenticated"},
		"prompt none":     {func(i *providertest.Issuer) { i.SetAuthorization(url.Values{"error": {"login_required"}}) }, "unauthenticated"},
		"provider failed": {func(i *providertest.Issuer) { i.SetAuthorization(url.Values{"error": {"server_error"}}) }, "temporarily_unavailable"},
		"wrong scope":     {func(i *providertest.Issuer) { i.SetAuthorization(url.Values{"error": {"invalid_scope"}}) }, "invalid_request"},
		"error and code": {func(i *providertest.Issuer) {
			i.SetAuthorization(url.Values{"error": {"access_denied"}, "code": {"x"}})
		}, "unauthenticated"},
		"no code":      {func(i *providertest.Issuer) { i.SetAuthorization(url.Values{}) }, "invalid_request"},
		"unknown code": {func(i *providertest.Issuer) { i.SetAuthorization(url.Values{"code": {"x"}}) }, "invalid_token"},
		"wrong iss": {func(i *providertest.Issuer) {
			i.SetAuthorization(url.Values{"code": {"x"}, "iss": {"https://evil.example"}})
		}, "invalid_request"},
		"wrong iss, error":  {func(i *providertest.Issuer) { i.SetAuthorization(url.Values{"error": {"access_denied"}, "iss": {"x"}}) }, "invalid_request"},
		"token endpoint":    {func(i *providertest.Issuer) { i.SetToken(providertest.Failing) }, "temporarily_unavailable"},
		"page":              {func(i *providertest.Issuer) { i.SetToken(providertest.Garbage) }, "temporarily_unavailable"},
		"no ID token":       {func(i *providertest.Issuer) { i.SetTokenResponse(map[string]any{"id_token": nil}) }, "invalid_request"},
		"no access token":   {func(i *providertest.Issuer) { i.SetTokenResponse(map[string]any{"access_token": nil}) }, "temporarily_unavailable"},
		"no nonce":          {func(i *providertest.Issuer) { i.SetTokenResponse(nil, providertest.Claim("nonce", nil)) }, "invalid_token"},
		"other nonce":       {func(i *providertest.Issuer) { i.SetTokenResponse(nil, providertest.Claim("nonce", "x")) }, "invalid_token"},
		"other audience":    {func(i *providertest.Issuer) { i.SetTokenResponse(nil, providertest.Claim("aud", "x")) }, "invalid_token"},
		"other issuer":      {func(i *providertest.Issuer) { i.SetTokenResponse(nil, providertest.Claim("iss", "https://x")) }, "invalid_token"},
		"expired":           {func(i *providertest.Issuer) { i.SetTokenResponse(nil, providertest.Claim("exp", 1)) }, "token_expired"},
		"other at_hash":     {func(i *providertest.Issuer) { i.SetTokenResponse(nil, providertest.Claim("at_hash", "x")) }, "invalid_token"},
		"unsigned":          {func(i *providertest.Issuer) { i.SetTokenResponse(nil, providertest.Unsigned()) }, "invalid_token"},
		"keys fail":         {func(i *providertest.Issuer) { i.Rotate(); i.SetJWKS(providertest.Failing) }, "temporarily_unavailable"},
		"no users accepted": {func(i *providertest.Issuer) { i.SetUser(bob) }, "registration_closed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			open := c.code != "registration_closed"
			h := newFlowHarness(t, func(s *core.Settings, _ *oidc.Settings) { s.Users.Create = &open })
			if valid := h.browser(); open {
				leadsTo(t, valid.get(t, h.authorize(t, valid.begin(t, after))), "/after?a=1#f")
			}
			h.log.Reset()
			c.change(h.issuer)
			b := h.browser()
			b.fails(t, b.get(t, b.authorize(t, b.begin(t, after))), c.code)
		})
	}
}

// TestCodeFlow_IssuerParameter covers RFC 9207.
func TestCodeFlow_IssuerParameter(t *testing.T) {
	t.Parallel()
	h := newFlowHarness(t, nil)
	iss := "&iss=" + url.QueryEscape(h.issuer.URL())
	unannounced := h.browser()
	leadsTo(t, unannounced.get(t, h.authorize(t, unannounced.begin(t, after))+iss), "/after?a=1#f")

	h = newFlowHarness(t, nil)
	iss = "&iss=" + url.QueryEscape(h.issuer.URL())
	h.issuer.SetDiscovery("authorization_response_iss_parameter_supported", true)
	announced := h.browser()
	leadsTo(t, announced.get(t, h.authorize(t, announced.begin(t, after))+iss), "/after?a=1#f")
	missing := h.browser()
	missing.fails(t, missing.get(t, h.authorize(t, missing.begin(t, after))), "invalid_request")
	two := h.browser()
	is(t, two.get(t, h.authorize(t, two.begin(t, after))+iss+iss), http.StatusBadRequest, "invalid_request")
}

func TestCodeFlow_Tabs(t *testing.T) {
	t.Parallel()
	b := newFlowHarness(t, nil).browser()
	var tabs []*url.URL
	for i := range 6 {
		b.clock.Advance(time.Second)
		tabs = append(tabs, b.begin(t, "?return_to=/"+string(rune('a'+i))))
	}
	if flows := b.flows(); len(flows) != 5 {
		t.Errorf("the browser has %d flows, want 5", len(flows))
	}
	is(t, b.get(t, b.authorize(t, tabs[0])), http.StatusBadRequest, "invalid_request")
	for _, i := range []int{3, 1, 5, 2, 4} {
		leadsTo(t, b.get(t, b.authorize(t, tabs[i])), "/"+string(rune('a'+i)))
	}
	if flows := b.flows(); len(flows) != 0 {
		t.Errorf("the flows %v remain", flows)
	}
}

// TestCodeFlow_OtherUser signs in two users one after the other: the second does not
// get the identity of the first.
func TestCodeFlow_OtherUser(t *testing.T) {
	t.Parallel()
	b := newFlowHarness(t, nil).browser()
	users := map[string]bool{}
	for _, email := range []string{ada, bob, ada} {
		b.issuer.SetUser(email)
		leadsTo(t, b.get(t, b.authorize(t, b.begin(t, ""))), "/")
		var who struct{ User struct{ ID, Email string } }
		decode(t, b.get(t, "/auth/session"), &who)
		if who.User.Email != email {
			t.Errorf("signed in as %q, want %q", who.User.Email, email)
		}
		users[who.User.ID] = true
	}
	if len(users) != 2 {
		t.Errorf("%d users, want 2", len(users))
	}
}

func TestCodeFlow_Routes(t *testing.T) {
	t.Parallel()
	bearerOnly := newFlowHarness(t, func(s *core.Settings, _ *oidc.Settings) { s.Own.Transport = []string{config.TransportBearer} })
	public := newFlowHarness(t, func(_ *core.Settings, c *oidc.Settings) { c.ClientID, c.ClientSecret = "", config.Secret{} })
	h := newFlowHarness(t, nil)
	for _, c := range []struct {
		h            flowHarness
		method, path string
		status       int
		code, allow  string
	}{
		{h, "GET", "/auth/login/corp", 303, "", ""},
		{h, "GET", "/auth/callback/corp", 400, "invalid_request", ""},
		{h, "HEAD", "/auth/login/corp", 405, "method_not_allowed", "GET"},
		{h, "HEAD", "/auth/callback/corp", 405, "method_not_allowed", "GET"},
		{h, "POST", "/auth/login/corp", 405, "method_not_allowed", "GET"},
		{h, "POST", "/auth/callback/corp", 405, "method_not_allowed", "GET"},
		{h, "HEAD", "/auth/providers", 200, "", ""},
		{h, "GET", "/auth/login/cotter", 404, "not_found", ""},
		{h, "GET", "/auth/callback/cotter", 404, "not_found", ""},
		{h, "GET", "/auth/login/unknown", 404, "not_found", ""},
		{h, "GET", "/auth/login/", 404, "not_found", ""},
		{h, "GET", "/auth/login", 405, "method_not_allowed", "POST"},
		{bearerOnly, "GET", "/auth/login/corp", 404, "not_found", ""},
		{bearerOnly, "GET", "/auth/callback/corp", 404, "not_found", ""},
		{public, "GET", "/auth/login/corp", 404, "not_found", ""},
	} {
		r := c.h.call(t, c.method, c.path, "", "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site")
		is(t, r, c.status, c.code)
		if got := field(r, "Allow"); got != c.allow {
			t.Errorf("%s %s: Allow is %q, want %q", c.method, c.path, got, c.allow)
		}
	}
	upgrade := []string{"Origin", "https://evil.example", "Upgrade", "websocket"}
	is(t, h.call(t, "GET", "/auth/providers", "", upgrade...), http.StatusForbidden, "cross_origin")
	is(t, h.call(t, "GET", "/auth/login/corp", "", upgrade...), http.StatusSeeOther, "")
}

func TestCodeFlow_DiscoveryUnavailable(t *testing.T) {
	t.Parallel()
	h := newFlowHarness(t, nil)
	h.issuer.SetDiscovery("issuer", "https://another.example")
	for range 3 { // the second and third send the provider nothing
		r := h.call(t, "GET", "/auth/login/corp", "")
		is(t, r, http.StatusServiceUnavailable, "temporarily_unavailable")
		if len(r.Cookies) != 0 || field(r, "Retry-After") == "" {
			t.Errorf("cookies %q, Retry-After %q", r.Cookies, field(r, "Retry-After"))
		}
	}
	if n := h.issuer.Requests(providertest.DiscoveryPath); n != 1 {
		t.Errorf("%d fetches, want 1 in a second", n)
	}
	h.issuer.SetDiscovery("issuer", h.issuer.URL())
	h.clock.Advance(time.Second)
	h.browser().begin(t, "")

	h.issuer.SetDiscovery("issuer", "https://another.example")
	h.clock.Advance(23 * time.Hour)
	h.browser().begin(t, "") // the former document is young enough
	h.clock.Advance(time.Hour)
	is(t, h.call(t, "GET", "/auth/login/corp", ""), http.StatusServiceUnavailable, "temporarily_unavailable")
	h.issuer.SetDiscovery("issuer", h.issuer.URL())
	h.issuer.SetDiscovery("authorization_endpoint", "http://evil.example/")
	h.clock.Advance(time.Second)
	is(t, h.call(t, "GET", "/auth/login/corp", ""), http.StatusServiceUnavailable, "temporarily_unavailable")
}

// TestCodeFlow_FailureLimit counts failed callbacks as refused logins, but not those
// of users who cancel.
func TestCodeFlow_FailureLimit(t *testing.T) {
	t.Parallel()
	h := newFlowHarness(t, func(s *core.Settings, _ *oidc.Settings) { s.Auth.LoginFailures = new(2) })
	try := func() core.Response {
		b := h.browser()
		return b.get(t, b.authorize(t, b.begin(t, after)))
	}
	h.issuer.SetAuthorization(url.Values{"error": {"access_denied"}})
	for range 3 {
		if r := try(); r.Status != http.StatusSeeOther {
			t.Fatalf("canceled: %d %s", r.Status, r.Body)
		}
	}
	h.issuer.SetAuthorization(url.Values{"code": {"x"}})
	for range 2 {
		if r := try(); r.Status != http.StatusSeeOther {
			t.Fatalf("failed: %d %s", r.Status, r.Body)
		}
	}
	is(t, try(), http.StatusTooManyRequests, "rate_limited")
}

// TestCodeFlow_State covers blocks that are being replaced: a known user still signs in
// at a draining one.
func TestCodeFlow_State(t *testing.T) {
	t.Parallel()
	h := newFlowHarness(t, nil)
	b := h.browser()
	leadsTo(t, b.get(t, b.authorize(t, b.begin(t, after))), "/after?a=1#f")

	draining := h.reopened(t, config.StateDraining).browser()
	leadsTo(t, draining.get(t, draining.authorize(t, draining.begin(t, after))), "/after?a=1#f")
	clear(draining.cookies)
	draining.issuer.SetUser(bob)
	draining.fails(t, draining.get(t, draining.authorize(t, draining.begin(t, after))), "provider_draining")

	disabled := h.reopened(t, config.StateDisabled)
	is(t, disabled.call(t, "GET", "/auth/login/corp", ""), http.StatusNotFound, "not_found")
	is(t, disabled.call(t, "GET", "/auth/callback/corp", ""), http.StatusNotFound, "not_found")
	for _, listed := range []flowHarness{draining.flowHarness, disabled} {
		if r := listed.call(t, "GET", "/auth/providers", ""); strings.Contains(string(r.Body), "corp") {
			t.Errorf("the list is %s", r.Body)
		}
	}
}

func TestProviders_List(t *testing.T) {
	t.Parallel()
	const cotter = `{"name":"cotter","type":"cotter","display_name":"cotter","login_url":null}`
	corp := func(loginURL string) string {
		return `{"name":"corp","type":"oidc","display_name":"Corporation","login_url":` + loginURL + `}`
	}
	for name, c := range map[string]struct {
		edit func(*core.Settings, *oidc.Settings)
		want string
	}{
		"cookie":    {nil, corp(`"https://api.example.com/auth/login/corp"`)},
		"bearer":    {func(s *core.Settings, _ *oidc.Settings) { s.Own.Transport = []string{config.TransportBearer} }, corp("null")},
		"no client": {func(_ *core.Settings, c *oidc.Settings) { c.ClientID, c.ClientSecret = "", config.Secret{} }, corp("null")},
	} {
		r := newFlowHarness(t, c.edit).call(t, "GET", "/auth/providers", "")
		if want := `{"providers":[` + cotter + "," + c.want + `]}`; string(r.Body) != want {
			t.Errorf("%s: got %s, want %s", name, r.Body, want)
		}
	}
}
