package core

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/internal/httpapi"
	"github.com/cotterpin/cotterpin/core/internal/signer"
	"github.com/cotterpin/cotterpin/core/internal/verify"
	"github.com/cotterpin/cotterpin/core/provider/cotter"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/core/web"
)

// canary is in every unverified string that a client chooses.
const canary = "c4n4ry"

// loggedKit are the endpoints of an application with Cotter's tokens,
// signed by key, and own sessions.
func loggedKit(tb testing.TB, key *signer.Key, now time.Time, log *bytes.Buffer) *Kit {
	tb.Helper()
	clock := func() time.Time { return now }
	document, err := json.Marshal(map[string]any{"keys": []any{key.JWK()}})
	if err != nil {
		tb.Fatal(err)
	}
	opened, err := verify.Open(tb.Context(),
		cotter.Provider("", cotter.Settings{APIKeyID: "app", Issuer: "https://issuer.example"}),
		verify.Host{Transport: serving(document), Now: clock, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		tb.Fatal(err)
	}
	logger := slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	db, auth := memstore.New(), config.Auth{}.WithDefaults()
	auth.BaseURL = "https://api.example"
	kit := &Kit{
		auth: auth,
		blocks: []*sessionBlock{{
			Strategy:   session.NewOwn(config.OwnSession{}, db.Sessions(), clock, logger),
			transports: []string{config.TransportBearer, config.TransportCookie},
			cookie:     httpapi.Cookie{Name: "s"},
		}},
		proxies:    httpapi.Proxies{Trusted: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}},
		providers:  verify.NewSet(opened),
		maxPerUser: 20,
		database:   db,
		registrar:  account.Registrar{Store: db.Accounts(), Create: true, Now: clock},
		now:        clock,
		log:        logger,
	}
	return kit.mount()
}

// serving is a transport that responds to each request with the document.
type serving []byte

func (s serving) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(s))}, nil
}

// Whatever a client sends, each line of the log is an object of JSON, and holds
// no token and no unverified string of the client.
func FuzzLog_OneLineNoSecret(f *testing.F) {
	f.Add("POST", "/auth/login", "k1", "OTP", "ada@example.com", "curl", "203.0.113.9")
	f.Add("POST", "/auth/login", "k1\r\n{\"level\":\"INFO\"}", "OTP\x00", "a\x1b[31m@b", "\r\n", "1, , x")
	f.Add("GET", "/auth/sessions", "k2", "\"", "+12025550100", "\xff", "fe80::1%\r\n")
	f.Add("GET", "/auth/\r\n", "k1", "", "", "", "")
	f.Add("PUT", "/auth/login", "", "é", "", "", "::ffff:203.0.113.9")
	key := signer.NewES256("k1")
	now := time.Unix(1795345200, 0)
	f.Fuzz(func(t *testing.T, method, path, kid, authMethod, identifier, agent, forwarded string) {
		tokenHeader, err := json.Marshal(map[string]string{"alg": "ES256", "kid": kid})
		if err != nil {
			t.Fatal(err)
		}
		claims, err := json.Marshal(map[string]any{
			"iss": "https://issuer.example", "aud": "app", "sub": "user-1", "iat": now.Unix(), "exp": now.Unix() + 3600,
			"type": "client_access_token", "scope": "access", "authentication_method": authMethod, "identifier": identifier + canary,
		})
		if err != nil {
			t.Fatal(err)
		}
		raw := signer.Compact(tokenHeader, claims, key.Sign)
		body, err := json.Marshal(map[string]any{
			"email": canary + "@example.com", "oauth_token": map[string]string{"access_token": raw, "refresh_token": canary}, canary: canary,
		})
		if err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		k := loggedKit(t, key, now, &log)
		header := http.Header{
			"Content-Type": {"application/json"}, "User-Agent": {agent + canary}, "X-Forwarded-For": {forwarded, canary}, "Cookie": {"s=" + canary},
			"X-Request-Id": {canary},
		}
		call := func(method, path, body string) web.Response {
			r := requestWith(header)
			r.Method, r.Path, r.Query, r.Host, r.Remote = method, path, canary, canary, "192.0.2.1:4711"
			r.Body, r.ContentLength = strings.NewReader(body), int64(len(body))
			response, _ := k.serve(t.Context(), r)
			return response
		}
		call(method, path+canary, string(body))
		call(method, path, string(body))
		call(http.MethodPost, "/auth/login", strings.Replace(string(body), canary+"@", "", 1))
		delete(header, "Cookie")
		header["Authorization"] = []string{"Bearer " + raw}
		k.authorize(t.Context(), requestWith(header), http.Header{}, Guard{})

		var login struct{ Token tokenBody }
		header["Authorization"] = nil
		signedIn := call(http.MethodPost, "/auth/login", `{"oauth_token":{"access_token":"`+raw+`"}}`)
		if err := json.Unmarshal(signedIn.Body, &login); err != nil {
			t.Fatal(err)
		}
		secrets := []string{raw, canary}
		if signedIn.Status < http.StatusBadRequest {
			secrets = append(secrets, login.Token.AccessToken)
		}
		for _, secret := range secrets {
			if strings.Contains(log.String(), secret) {
				t.Errorf("%q is in the log:\n%s", secret, &log)
			}
		}
		for line := range strings.Lines(log.String()) {
			var entry struct{ Time, Level, Msg string }
			if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Time == "" || entry.Level == "" || entry.Msg == "" {
				t.Errorf("no line of a log: %q, %v", line, err)
			}
		}
		if log.Len() == 0 {
			t.Error("nothing is logged")
		}
	})
}
