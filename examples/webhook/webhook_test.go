package webhook_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/adapters/cotterhttp"
	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/oidc"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
	"github.com/cotterpin/cotterpin/examples/webhook"
)

var secret = []byte("a secret of 32 bytes, or longer.")

// application has the kit and the webhook.
type application struct {
	issuer *providertest.Issuer
	http.Handler
}

func newApplication(t *testing.T) application {
	t.Helper()
	issuer := providertest.NewIssuer(t)
	var s core.Settings
	s.Auth.Mode, s.Auth.BaseURL = config.ModeDevelopment, "http://localhost:8080"
	corp := oidc.Settings{Issuer: issuer.URL(), Audience: []string{providertest.Audience}}
	s.Providers = []provider.Instance{oidc.Provider("corp", corp)}
	s.Own = &config.OwnSession{Transport: []string{config.TransportBearer}}
	s.Database = database.Existing(memstore.New())
	kit, err := core.New(t.Context(), s, core.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = kit.Close() })
	mux := http.NewServeMux()
	mux.Handle("POST /webhook", webhook.Handler(kit, issuer.URL(), secret))
	return application{issuer, cotterhttp.Mount(kit)(mux)}
}

// send returns the status and body of a response.
func (a application) send(method, target, body string, lines ...string) (int, []byte) {
	r := httptest.NewRequest(method, target, bytes.NewBufferString(body))
	for i := 0; i < len(lines); i += 2 {
		r.Header.Set(lines[i], lines[i+1])
	}
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return w.Code, w.Body.Bytes()
}

// signIn returns the token of a session that began with a sid.
func (a application) signIn(t *testing.T, sid string) string {
	t.Helper()
	token := a.issuer.OIDCToken("ada@example.com", providertest.Claim("sid", sid))
	_, body := a.send("POST", "/auth/login", `{"oauth_token":{"id_token":"`+token+`"}}`, "Content-Type", "application/json")
	var response struct {
		Token struct {
			AccessToken string `json:"access_token"`
		}
	}
	if err := json.Unmarshal(body, &response); err != nil || response.Token.AccessToken == "" {
		t.Fatalf("login: %s (%v)", body, err)
	}
	return response.Token.AccessToken
}

func (a application) wantSession(t *testing.T, token string, status int) {
	t.Helper()
	if got, body := a.send("GET", "/auth/session", "", "Authorization", "Bearer "+token); got != status {
		t.Errorf("the session: got %d %s, want %d", got, body, status)
	}
}

// message returns the fields of a signed message.
func message(id string, sent time.Time, body string, key []byte) []string {
	timestamp := strconv.FormatInt(sent.Unix(), 10)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "." + body))
	signature := "v1,bm90IHRoaXM= v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return []string{"Webhook-Id", id, "Webhook-Timestamp", timestamp, "Webhook-Signature", signature}
}

func TestHandler_EndSession(t *testing.T) {
	t.Parallel()
	a := newApplication(t)
	first, second := a.signIn(t, "a"), a.signIn(t, "b")
	const body = `{"type":"session.ended","data":{"sid":"a"}}`
	now := time.Now()
	for name, fields := range map[string][]string{
		"another secret": message("msg_1", now, body, []byte("another")),
		"another body":   message("msg_1", now, body+" ", secret),
		"too old":        message("msg_1", now.Add(-6*time.Minute), body, secret),
		"of the future":  message("msg_1", now.Add(6*time.Minute), body, secret),
		"without id":     message("", now, body, secret),
		"unsigned":       message("msg_1", now, body, secret)[:4],
	} {
		if status, _ := a.send("POST", "/webhook", body, fields...); status != http.StatusUnauthorized {
			t.Errorf("%s: got %d, want 401", name, status)
		}
		a.wantSession(t, first, http.StatusOK)
	}
	for range 2 {
		if status, _ := a.send("POST", "/webhook", body, message("msg_1", now, body, secret)...); status != http.StatusNoContent {
			t.Errorf("got %d, want 204", status)
		}
		a.wantSession(t, first, http.StatusUnauthorized)
		a.wantSession(t, second, http.StatusOK)
	}
}

func TestHandler_UserBanned(t *testing.T) {
	t.Parallel()
	a := newApplication(t)
	session := a.signIn(t, "a")
	body := `{"type":"user.banned","data":{"sub":"` + providertest.SubjectOf("ada@example.com") + `"}}`
	for i, other := range []string{`{"type":"user.renamed"}`, `{"type":"session.ended"}`, `{"type":"user.banned"`, body} {
		status, _ := a.send("POST", "/webhook", other, message("msg_"+strconv.Itoa(i), time.Now(), other, secret)...)
		if want := []int{204, 500, 204, 204}[i]; status != want {
			t.Errorf("%s: got %d, want %d", other, status, want)
		}
		a.wantSession(t, session, []int{200, 200, 200, 401}[i])
	}
}
