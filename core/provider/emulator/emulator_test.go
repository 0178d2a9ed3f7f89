package emulator_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/provider/emulator"
	"github.com/cotterpin/cotterpin/core/web"
)

const (
	issuer   = "http://localhost:1234"
	apiKey   = emulator.APIKeyID
	returnTo = "http://localhost:3000/back?from=app"
	ada      = "ada@example.com"
	verifier = "a verifier with + / and =, as one of Cotter's clients sends"
)

// bench is an emulator with a clock that only the test advances.
type bench struct {
	*emulator.Emulator

	mu  sync.Mutex
	now time.Time
	log bytes.Buffer
}

func newBench(t *testing.T, change ...func(*emulator.Options)) *bench {
	t.Helper()
	b := &bench{now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}
	options := emulator.Options{
		APIKeyID:  apiKey,
		IssuerURL: issuer,
		Now:       b.time,
		Log:       slog.New(slog.NewTextHandler(&b.log, nil)),
	}
	for _, c := range change {
		c(&options)
	}
	e, err := emulator.New(options)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	b.Emulator = e
	return b
}

func (b *bench) time() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *bench) advance(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

// request returns a valid request from this machine.
func request(method, target, body string) web.Request {
	path, query, _ := strings.Cut(target, "?")
	return web.Request{
		Method:        method,
		Path:          path,
		Query:         query,
		Host:          "localhost:1234",
		Remote:        "127.0.0.1:50000",
		ContentLength: int64(len(body)),
		Header:        header(nil),
		Body:          strings.NewReader(body),
	}
}

func header(fields map[string]string) http.Header {
	lines := http.Header{}
	for name, value := range fields {
		lines.Set(name, value)
	}
	return lines
}

func withHeader(r web.Request, pairs ...string) web.Request {
	fields := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		fields[pairs[i]] = pairs[i+1]
	}
	r.Header = header(fields)
	return r
}

// apiRequest returns a request with the API key.
func apiRequest(method, target, body string) web.Request {
	return withHeader(request(method, target, body), "Api_key_id", apiKey)
}

func (b *bench) serve(t *testing.T, r web.Request) web.Response {
	t.Helper()
	return b.Serve(t.Context(), r)
}

func wantStatus(t *testing.T, got web.Response, want int) {
	t.Helper()
	if got.Status != want {
		t.Fatalf("status %d, want %d; body %s", got.Status, want, got.Body)
	}
}

// wantError requires an error in Cotter's form.
func wantError(t *testing.T, got web.Response, status int, text string) {
	t.Helper()
	wantStatus(t, got, status)
	var shape map[string]string
	decode(t, got.Body, &shape)
	kind, ok := shape["type"]
	if len(shape) != 2 || !ok || kind != "" || !strings.Contains(shape["msg"], text) {
		t.Fatalf("body %s, want a msg with %q and an empty type", got.Body, text)
	}
}

func field(r web.Response, name string) string {
	for _, f := range r.Header {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

func decode(t *testing.T, text []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("decode %s: %v", text, err)
	}
}

func encode(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func challenge() string {
	digest := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(digest[:])
}

// appQuery returns the query with which an application opens the hosted page.
func appQuery() url.Values {
	return url.Values{
		"api_key":        {apiKey},
		"redirect_url":   {returnTo},
		"state":          {"st&te <1>"},
		"code_challenge": {challenge()},
		"type":           {"EMAIL"},
	}
}

var (
	formPattern   = regexp.MustCompile(`(?s)<form method="post" action="([^"]*)">`)
	hiddenPattern = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
)

// browser submits forms. transport sends its requests to the emulator.
type browser struct {
	t         *testing.T
	transport func(method, target, body string) (status int, location string, page []byte)
}

func (b *bench) browser(t *testing.T) browser {
	return browser{t: t, transport: func(method, target, body string) (int, string, []byte) {
		response := b.serve(t, withHeader(request(method, target, body), "Sec-Fetch-Site", "same-origin", "Origin", "null"))
		return response.Status, field(response, "Location"), response.Body
	}}
}

// open gets a page, following redirects within the emulator.
func (b browser) open(target string) string {
	b.t.Helper()
	status, location, page := b.transport(http.MethodGet, target, "")
	if status == http.StatusFound {
		return b.open(location)
	}
	if status != http.StatusOK {
		b.t.Fatalf("GET %s: status %d; %s", target, status, page)
	}
	return string(page)
}

// submit sends the form of a page with a field filled in.
func (b browser) submit(page, name, value string) (status int, location string, next string) {
	b.t.Helper()
	form := formPattern.FindStringSubmatch(page)
	if form == nil {
		b.t.Fatalf("no form on %s", page)
	}
	fields := url.Values{name: {value}}
	for _, hidden := range hiddenPattern.FindAllStringSubmatch(page, -1) {
		fields.Set(html.UnescapeString(hidden[1]), html.UnescapeString(hidden[2]))
	}
	status, location, body := b.transport(http.MethodPost, html.UnescapeString(form[1]), fields.Encode())
	return status, location, string(body)
}

type message struct {
	To, Channel, Code, Link string
	SentAt                  string `json:"sent_at"`
}

func (b *bench) messages(t *testing.T) []message {
	t.Helper()
	response := b.serve(t, request(http.MethodGet, "/_emulator/mailbox", ""))
	wantStatus(t, response, http.StatusOK)
	var box struct{ Messages []message }
	decode(t, response.Body, &box)
	return box.Messages
}

func (b *bench) lastCode(t *testing.T) string {
	t.Helper()
	messages := b.messages(t)
	if len(messages) == 0 {
		t.Fatal("the mailbox is empty")
	}
	return messages[len(messages)-1].Code
}

// codePage returns the page that accepts the one-time code.
func (b *bench) codePage(t *testing.T) string {
	t.Helper()
	browser := b.browser(t)
	status, location, _ := browser.submit(browser.open("/app?"+appQuery().Encode()), "identifier", ada)
	if status != http.StatusSeeOther {
		t.Fatalf("status %d after the identifier, want 303", status)
	}
	return browser.open(location)
}

// exchange is the body of get_identity.
type exchange struct {
	Verifier    string `json:"code_verifier"`
	Code        string `json:"authorization_code"`
	ChallengeID any    `json:"challenge_id"`
	Redirect    string `json:"redirect_url"`
}

// signIn signs Ada in and returns the application's exchange.
func (b *bench) signIn(t *testing.T) exchange {
	t.Helper()
	status, location, page := b.browser(t).submit(b.codePage(t), "code", b.lastCode(t))
	if status != http.StatusFound {
		t.Fatalf("status %d after the code, want 302; %s", status, page)
	}
	return exchangeFrom(t, location)
}

func exchangeFrom(t *testing.T, location string) exchange {
	t.Helper()
	back, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	query := back.Query()
	id, err := strconv.Atoi(query.Get("challenge_id"))
	if err != nil || query.Get("state") != "st&te <1>" || query.Get("from") != "app" || back.Host != "localhost:3000" {
		t.Fatalf("redirected to %s", location)
	}
	return exchange{Verifier: verifier, Code: query.Get("code"), ChallengeID: id, Redirect: returnTo}
}

type tokens struct {
	Access  string `json:"access_token"`
	ID      string `json:"id_token"`
	Refresh string `json:"refresh_token"`
	Expires int    `json:"expires_in"`
	Type    string `json:"token_type"`
	Method  string `json:"auth_method"`
}

type identityResponse struct {
	Identifier map[string]any
	Token      map[string]string
	OAuthToken *tokens `json:"oauth_token"`
	User       map[string]any
}

func (b *bench) getIdentity(t *testing.T, x exchange) web.Response {
	t.Helper()
	return b.serve(t, apiRequest(http.MethodPost, "/api/v0/verify/get_identity?oauth_token=true", encode(t, x)))
}

// tokens signs Ada in and returns her tokens.
func (b *bench) tokens(t *testing.T) tokens {
	t.Helper()
	response := b.getIdentity(t, b.signIn(t))
	wantStatus(t, response, http.StatusOK)
	var got identityResponse
	decode(t, response.Body, &got)
	return *got.OAuthToken
}

// part returns the header (0) or the claims (1) of a token.
func part(t *testing.T, token string, index int) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q has %d parts", token, len(parts))
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[index])
	if err != nil {
		t.Fatal(err)
	}
	var object map[string]any
	decode(t, text, &object)
	return object
}

// endless is a body that never ends.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

var _ io.Reader = endless{}

// publishedPEM returns the only published key as PEM.
func publishedPEM(t *testing.T, b *bench) []byte {
	t.Helper()
	var set struct{ Keys []struct{ X, Y string } }
	decode(t, b.serve(t, request(http.MethodGet, "/api/v0/token/jwks", "")).Body, &set)
	if len(set.Keys) != 1 {
		t.Fatalf("%d published keys, want one", len(set.Keys))
	}
	point := []byte{4}
	for _, coordinate := range []string{set.Keys[0].X, set.Keys[0].Y} {
		octets, err := base64.RawURLEncoding.DecodeString(coordinate)
		if err != nil {
			t.Fatal(err)
		}
		point = append(point, octets...)
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}
