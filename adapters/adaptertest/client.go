package adaptertest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/cotter"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// The kit's own origin and that of a front end that may call it.
const (
	baseURL       = "http://localhost:8080"
	allowedOrigin = "http://localhost:5173"
	cookieName    = "cotterpin_session"
)

// client drives one mounted kit.
type client struct {
	serve  Serve
	origin string
	issuer *providertest.Issuer
	http   *http.Client
}

func newClient(t *testing.T, serve Serve, edit func(*core.Settings)) *client {
	t.Helper()
	issuer := providertest.NewIssuer(t)
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	c := &client{
		serve:  serve,
		issuer: issuer,
		http: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	c.mount(t, newKit(t, issuer, slog.DiscardHandler, edit), routes())
	return c
}

// mount serves a kit on a loopback address, to which the client's next requests
// go.
func (c *client) mount(t *testing.T, kit *core.Kit, routes []Route) {
	t.Helper()
	listener := listen(t, "tcp", "127.0.0.1:0")
	c.serve(t, kit, listener, routes)
	c.origin = "http://" + listener.Addr().String()
}

// over returns a client whose requests go to a Unix socket.
func (c *client) over(t *testing.T, socket net.Listener) *client {
	t.Helper()
	transport := &http.Transport{
		DisableCompression: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket.Addr().String())
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &client{serve: c.serve, origin: baseURL, issuer: c.issuer, http: &http.Client{Transport: transport}}
}

func listen(t *testing.T, network, address string) net.Listener {
	t.Helper()
	listener, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

// NewKit returns a kit like the suite's, for an adapter's own tests.
func NewKit(t *testing.T) *core.Kit {
	t.Helper()
	return newKit(t, providertest.NewIssuer(t), slog.DiscardHandler, nil)
}

func newKit(t *testing.T, issuer *providertest.Issuer, log slog.Handler, edit func(*core.Settings)) *core.Kit {
	t.Helper()
	s := newSettings(issuer)
	if edit != nil {
		edit(&s)
	}
	kit, err := core.New(t.Context(), s, core.WithLogger(slog.New(log)), core.WithOnRegister(failOnRegister))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := kit.Close(); err != nil {
			t.Error(err)
		}
	})
	return kit
}

func newSettings(issuer *providertest.Issuer) core.Settings {
	own := config.OwnSession{}
	own.Transport = []string{config.TransportCookie, config.TransportBearer}
	s := core.Settings{
		Providers: []provider.Instance{{
			Type:   cotter.Type,
			Name:   "cotter",
			Common: provider.Common{Trust: []string{"email", "phone"}},
			Settings: &cotter.Settings{
				APIKeyID: providertest.Audience,
				BaseURL:  issuer.CotterURL(),
				Issuer:   providertest.CotterIssuer,
			},
		}},
		Own:      &own,
		Database: database.Existing(memstore.New()),
	}
	s.Auth.Mode = config.ModeDevelopment
	s.Auth.BaseURL = baseURL
	s.Auth.AllowedOrigins = []string{allowedOrigin}
	return s
}

// useProviderTokens makes the provider's tokens the sessions.
func useProviderTokens(s *core.Settings) {
	tokens := config.ProviderTokenSession{}
	s.Own, s.ProviderToken = nil, &tokens
}

// Registrations that the hook fails, and in which it panics.
const (
	rejected  = "rejected@example.com"
	panicking = "panicking@example.com"
)

func failOnRegister(_ context.Context, r core.Registration) error {
	switch r.Email {
	case rejected:
		return ownCode
	case panicking:
		panic("secret inside")
	}
	return nil
}

// received is a response that has been read.
type received struct {
	Status  int
	Header  http.Header
	Cookies []*http.Cookie
	Body    []byte
}

// with changes a request before it is sent.
type with func(*http.Request)

func header(name string, lines ...string) with {
	return func(r *http.Request) { r.Header[http.CanonicalHeaderKey(name)] = lines }
}

func bearer(token string) with { return header("Authorization", "Bearer "+token) }

func cookie(value string) with { return header("Cookie", cookieName+"="+value) }

func body(text string) with {
	return func(r *http.Request) {
		r.Body = io.NopCloser(strings.NewReader(text))
		r.ContentLength = int64(len(text))
	}
}

// chunked sends the body without declaring its length.
func chunked(r *http.Request) { r.ContentLength = -1 }

// send makes a request; target is the path on the request line.
func (c *client) send(t *testing.T, method, target string, changes ...with) received {
	t.Helper()
	a, err := c.try(t, method, target, changes...)
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	return a
}

// try is send, except that it returns the error of a failed request.
func (c *client) try(t *testing.T, method, target string, changes ...with) (received, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, c.origin, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.URL.Opaque = target
	for _, change := range changes {
		change(r)
	}
	response, err := c.http.Do(r)
	if err != nil {
		return received{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return received{Status: response.StatusCode, Header: response.Header, Cookies: response.Cookies(), Body: text}, err
}

// login posts a login payload, with changes to the request.
func (c *client) login(t *testing.T, payload []byte, changes ...with) received {
	t.Helper()
	changes = append([]with{header("Content-Type", "application/json"), body(string(payload))}, changes...)
	return c.send(t, "POST", "/auth/login", changes...)
}

// signIn logs a user in and returns the token of a bearer session.
func (c *client) signIn(t *testing.T, identifier string) (token string) {
	t.Helper()
	payload := c.issuer.Login(identifier).Payload()
	payload["transport"] = config.TransportBearer
	return c.login(t, marshal(t, payload)).token(t)
}

// token returns the bearer token in a response.
func (a received) token(t *testing.T) string {
	t.Helper()
	var body struct {
		Token struct {
			AccessToken string `json:"access_token"`
		} `json:"token"`
	}
	a.decode(t, &body)
	if body.Token.AccessToken == "" {
		t.Fatalf("the response contains no token: %d %s", a.Status, a.Body)
	}
	return body.Token.AccessToken
}

// signInByCookie logs a user in, with changes to the request, and returns the
// value of the session cookie.
func (c *client) signInByCookie(t *testing.T, identifier string, changes ...with) (value string) {
	t.Helper()
	a := c.login(t, c.issuer.Login(identifier).Body(), changes...)
	if len(a.Cookies) != 1 || a.Cookies[0].Name != cookieName {
		t.Fatalf("login: %d %s, cookies %v", a.Status, a.Body, a.Cookies)
	}
	return a.Cookies[0].Value
}

func (a received) decode(t *testing.T, into any) {
	t.Helper()
	if err := json.NewDecoder(bytes.NewReader(a.Body)).Decode(into); err != nil {
		t.Fatalf("%d %q: %v", a.Status, a.Body, err)
	}
}

// is checks the status and, for an error, the code.
func (a received) is(t *testing.T, status int, code string) {
	t.Helper()
	var problem struct {
		Code   string `json:"code"`
		Status int    `json:"status"`
	}
	if code != "" {
		a.decode(t, &problem)
	}
	if a.Status != status || problem.Code != code {
		t.Errorf("got %d %s, want %d %s", a.Status, a.Body, status, code)
	}
	if code != "" && (problem.Status != status || a.Header.Get("Content-Type") != "application/problem+json") {
		t.Errorf("not a problem document: %v %s", a.Header, a.Body)
	}
}

// calls checks the caller that the application's handler received.
func (a received) calls(t *testing.T, want caller) {
	t.Helper()
	if a.Status != http.StatusOK {
		t.Fatalf("got %d %s, want 200", a.Status, a.Body)
	}
	var got caller
	a.decode(t, &got)
	if got != want {
		t.Errorf("the handler received %+v, want %+v", got, want)
	}
}

func known(identifier string) caller {
	subject := providertest.SubjectOf(identifier)
	return caller{Known: true, Context: subject, Framework: subject, Principal: subject}
}

func marshal(t *testing.T, value any) []byte {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
