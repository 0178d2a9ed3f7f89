package core_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/cotter"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

const (
	ada = "ada@example.com"
	bob = "bob@example.com"

	cookieName = "__Host-session"
)

// clock is a clock that the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// record is a log that may be written to while it is read: a fetch of keys ends
// when it ends.
type record struct {
	mu   sync.Mutex
	text strings.Builder
}

func (r *record) Write(line []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(line)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// Reset clears the log.
func (r *record) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text.Reset()
}

// harness drives a kit by values.
type harness struct {
	kit    *core.Kit
	issuer *providertest.Issuer
	clock  *clock
	log    *record
}

// newHarness opens a kit in production mode, after edit has changed its
// settings.
func newHarness(t *testing.T, edit func(*core.Settings), list ...core.Option) *harness {
	t.Helper()
	h := &harness{
		issuer: providertest.NewIssuer(t),
		clock:  &clock{now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)},
		log:    &record{},
	}
	h.issuer.Now = h.clock.Now
	s := h.settings()
	if edit != nil {
		edit(&s)
	}
	h.open(t, s, list...)
	return h
}

// open opens the kit.
func (h *harness) open(t *testing.T, s core.Settings, list ...core.Option) {
	t.Helper()
	list = append([]core.Option{
		core.WithClock(h.clock.Now),
		core.WithLogger(slog.New(slog.NewJSONHandler(h.log, nil))),
	}, list...)
	kit, err := core.New(t.Context(), s, list...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := kit.Close(); err != nil {
			t.Error(err)
		}
	})
	h.kit = kit
}

func (h *harness) settings() core.Settings {
	own := config.OwnSession{}
	own.Transport = []string{config.TransportCookie, config.TransportBearer}
	s := core.Settings{
		Providers: []provider.Instance{{
			Type:   loopbackCotter,
			Name:   "cotter",
			Common: provider.Common{Trust: []string{"email", "phone"}},
			Settings: &cotter.Settings{
				APIKeyID: providertest.Audience,
				BaseURL:  h.issuer.CotterURL(),
				Issuer:   providertest.CotterIssuer,
			},
		}},
		Own:      &own,
		Database: database.Existing(memstore.New()),
	}
	s.Auth.BaseURL = "https://api.example.com"
	return s
}

// loopbackCotter is Cotter's provider, which in production fetches its keys over
// https only, with a test issuer on loopback.
var loopbackCotter = provider.Define(provider.Definition[cotter.Settings]{
	Type: "cotter",
	Open: func(ctx context.Context, s cotter.Settings, env provider.Env) (provider.Driver, error) {
		env.Development = true
		return cotter.Type.Open(ctx, &s, env)
	},
})

// providerToken turns the settings to the provider's own tokens.
func providerToken(edit func(*config.ProviderTokenSession)) func(*core.Settings) {
	return func(s *core.Settings) {
		tokens := config.ProviderTokenSession{}
		tokens.Transport = []string{config.TransportBearer, config.TransportCookie}
		if edit != nil {
			edit(&tokens)
		}
		s.Own, s.ProviderToken = nil, &tokens
	}
}

// call is a request to the kit. Lines of the header alternate names and values.
func (h *harness) call(t *testing.T, method, path, body string, lines ...string) core.Response {
	t.Helper()
	if body != "" {
		lines = append([]string{"Content-Type", "application/json"}, lines...)
	}
	r, ours := h.kit.Adapter().Serve(t.Context(), newRequest(method, path, body, lines...))
	if !ours {
		t.Fatalf("%s %s is not the kit's", method, path)
	}
	return r
}

func newRequest(method, path, body string, lines ...string) core.Request {
	header := http.Header{}
	for i := 0; i < len(lines); i += 2 {
		header.Add(lines[i], lines[i+1])
	}
	return core.Request{
		Method:        method,
		Path:          path,
		Host:          "api.example.com",
		Remote:        "192.0.2.1:4711",
		ContentLength: int64(len(body)),
		Header:        header,
		Body:          strings.NewReader(body),
	}
}

// login posts the tokens of a new sign-in.
func (h *harness) login(t *testing.T, identifier, transport string) core.Response {
	t.Helper()
	payload := h.issuer.Login(identifier).Payload()
	if transport != "" {
		payload["transport"] = transport
	}
	return h.call(t, "POST", "/auth/login", text(t, payload))
}

// signIn logs a user in and returns the bearer token of the session.
func (h *harness) signIn(t *testing.T, identifier string) string {
	t.Helper()
	var response issued
	decode(t, h.login(t, identifier, config.TransportBearer), &response)
	if response.Token.AccessToken == "" {
		t.Fatal("no token")
	}
	return response.Token.AccessToken
}

// authorize checks a request with the bearer token against a guard.
func (h *harness) authorize(t *testing.T, g core.Guard, token string) (context.Context, *core.Response) {
	t.Helper()
	return h.kit.Adapter().Authorize(t.Context(), newRequest("GET", "/api/me", "", "Authorization", "Bearer "+token), http.Header{}, g)
}

// admits checks that a guard lets a token through, or the code that it refuses
// it with.
func (h *harness) admits(t *testing.T, g core.Guard, token, code string) {
	t.Helper()
	ctx, refusal := h.authorize(t, g, token)
	switch {
	case code == "" && refusal != nil:
		t.Errorf("refused: %d %s", refusal.Status, refusal.Body)
	case code != "" && refusal == nil:
		t.Errorf("admitted, not refused with %s", code)
	case code != "":
		is(t, *refusal, refusal.Status, code)
	default:
		if _, known := core.PrincipalFromContext(ctx); !known {
			t.Error("admitted without a caller")
		}
	}
}

// is checks status and, for a problem, code.
func is(t *testing.T, r core.Response, status int, code string) {
	t.Helper()
	var problem struct{ Code string }
	if code != "" {
		decode(t, r, &problem)
	}
	if r.Status != status || problem.Code != code {
		t.Errorf("got %d %s, want %d %s", r.Status, r.Body, status, code)
	}
}

// issued is the token in a response.
type issued struct {
	Token struct {
		AccessToken  string `json:"access_token"`
		RefreshToken string `json:"refresh_token"`
		ExpiresIn    int    `json:"expires_in"`
	}
}

func decode(t *testing.T, r core.Response, into any) {
	t.Helper()
	if err := json.Unmarshal(r.Body, into); err != nil {
		t.Fatalf("%d %q: %v", r.Status, r.Body, err)
	}
}

func text(t *testing.T, value any) string {
	t.Helper()
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

func field(r core.Response, name string) string {
	for _, f := range r.Header {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}
