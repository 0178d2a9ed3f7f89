package provider_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/provider"
)

// Cases: T13.
func TestEnv_UserInfo(t *testing.T) {
	t.Parallel()
	const access, valid = "opaque.access-token", `{"sub":"ada","email":"ada@example.com"}`
	respond := func(status int, body string, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
	}
	const challenge = "Www-Authenticate"
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		code    autherr.Code
		reason  string
	}{
		"JSON":                 {handler: respond(200, valid, "Content-Type", "application/json; charset=utf-8")},
		"another type":         {handler: respond(200, valid, "Content-Type", "text/plain")},
		"largest":              {handler: respond(200, valid+strings.Repeat(" ", 1<<20-len(valid)))},
		"larger":               {respond(200, valid+strings.Repeat(" ", 1<<20-len(valid)+1)), autherr.TemporarilyUnavailable, "userinfo_failed"},
		"signed":               {respond(200, valid, "Content-Type", "application/jwt"), autherr.TemporarilyUnavailable, "userinfo_failed"},
		"a page":               {respond(200, "<!doctype html>"), autherr.TemporarilyUnavailable, "userinfo_failed"},
		"sub twice":            {respond(200, `{"sub":"ada","sub":"eve"}`), autherr.TemporarilyUnavailable, "userinfo_failed"},
		"redirect":             {respond(302, "", "Location", "/"), autherr.TemporarilyUnavailable, "userinfo_failed"},
		"created":              {respond(201, valid), autherr.TemporarilyUnavailable, "userinfo_failed"},
		"server error":         {respond(500, ""), autherr.TemporarilyUnavailable, "userinfo_failed"},
		"too many":             {respond(429, ""), autherr.TemporarilyUnavailable, "userinfo_failed"},
		"not found":            {respond(404, ""), autherr.TemporarilyUnavailable, "userinfo_failed"},
		"firewall":             {respond(403, ""), autherr.TemporarilyUnavailable, "userinfo_failed"},
		"firewall with a name": {respond(403, "", challenge, "Basic"), autherr.TemporarilyUnavailable, "userinfo_failed"},
		"invalid token":        {respond(401, "", challenge, `Bearer error="invalid_token"`), autherr.InvalidToken, "userinfo_refused"},
		"401, no challenge":    {respond(401, ""), autherr.InvalidToken, "userinfo_refused"},
		"insufficient scope":   {respond(403, "", challenge, `bearer error="insufficient_scope"`), autherr.InvalidToken, "userinfo_refused"},
		"malformed token":      {respond(400, "", challenge, `Bearer error="invalid_request"`), autherr.InvalidToken, "userinfo_refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got *http.Request
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				got = r
				c.handler(w, r)
			}))
			t.Cleanup(s.Close)
			claims, err := env(s.Client()).UserInfo(t.Context(), s.URL, access)
			if got.Method != http.MethodGet || got.Header.Get("Authorization") != "Bearer "+access || strings.Contains(got.URL.String(), access) {
				t.Errorf("the request is %s %s %v", got.Method, got.URL, got.Header)
			}
			if c.code == "" {
				if email, _ := claims.String("email"); err != nil || claims.Subject != "ada" || email != "ada@example.com" {
					t.Errorf("got %+v and %v", claims, err)
				}
				return
			}
			if autherr.CodeOf(err) != c.code || autherr.ReasonOf(err) != c.reason || claims.Subject != "" || strings.Contains(err.Error(), access) {
				t.Errorf("got %+v and %v, want %s (%s)", claims, err, c.code, c.reason)
			}
		})
	}
}

// env is the environment of a block in development.
func env(client *http.Client) provider.Env {
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return provider.Env{Development: true, HTTPClient: client}
}

// Cases: T13.
func TestEnv_UserInfoNotCalled(t *testing.T) {
	t.Parallel()
	calls := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls++
		fmt.Fprint(w, `{"sub":"ada"}`)
	}))
	t.Cleanup(s.Close)
	valid := env(s.Client())
	if _, err := valid.UserInfo(t.Context(), s.URL, "access"); err != nil || calls != 1 {
		t.Fatalf("%d calls, %v", calls, err)
	}
	production := valid
	production.Development = false
	for name, c := range map[string]struct {
		env             provider.Env
		address, access string
		code            autherr.Code
	}{
		"http in production": {production, s.URL, "access", autherr.TemporarilyUnavailable},
		"with user":          {valid, strings.Replace(s.URL, "://", "://ada@", 1), "access", autherr.TemporarilyUnavailable},
		"no URL":             {valid, "/userinfo", "access", autherr.TemporarilyUnavailable},
		"token with break":   {valid, s.URL, "a\r\nX-Injected: b", autherr.InvalidToken},
		"token with space":   {valid, s.URL, "a b", autherr.InvalidToken},
		"token not ASCII":    {valid, s.URL, "é", autherr.InvalidToken},
	} {
		if _, err := c.env.UserInfo(t.Context(), c.address, c.access); autherr.CodeOf(err) != c.code {
			t.Errorf("%s: got %v, want %s", name, err, c.code)
		}
	}
	if calls != 1 {
		t.Errorf("the endpoint was called %d times, want once", calls)
	}
}
