package integration_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/adapters/cotterhttp"
	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/provider/cotter"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
	"github.com/cotterpin/cotterpin/ent/sqlite"
)

// clock is turned by tests.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Now()} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// deployment is an application and its issuer on one clock.
type deployment struct {
	clock  *clock
	issuer *providertest.Issuer
	file   string // its configuration
}

func newDeployment(t *testing.T, session string) deployment {
	t.Helper()
	d := deployment{clock: newClock(), issuer: providertest.NewIssuer(t), file: filepath.Join(t.TempDir(), "auth.hcl")}
	d.issuer.Now = d.clock.Now
	if err := os.WriteFile(d.file, []byte(configuration(d.issuer, session)), 0o600); err != nil {
		t.Fatal(err)
	}
	return d
}

// logRecord is a log that may be written to while it is read: a fetch of keys ends
// when it ends.
type logRecord struct {
	mu   sync.Mutex
	text strings.Builder
}

func (r *logRecord) Write(line []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(line)
}

func (r *logRecord) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// start runs the application until the test ends. Its log must then hold no
// secret that the client has seen.
func (d deployment) start(t *testing.T) *client {
	t.Helper()
	var log logRecord
	kit, err := core.Open(t.Context(), d.file, core.With(cotter.Type, sqlite.Type),
		core.WithClock(d.clock.Now), core.WithLogger(slog.New(slog.NewJSONHandler(&log, nil))))
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /api/me", cotterhttp.Require(kit, core.Guard{})(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write([]byte("{}"))
	})))
	server := httptest.NewServer(cotterhttp.Mount(kit)(mux))
	c := &client{origin: server.URL}
	t.Cleanup(func() {
		server.Close()
		if err := kit.Close(); err != nil {
			t.Error(err)
		}
		c.checkNoSecret(t, log.String())
	})
	return c
}

// ready asks whether requests can be served.
func (c *client) ready(t *testing.T, status int, body string) {
	t.Helper()
	if a := c.send(t, "GET", "/auth/ready"); a.Status != status || !strings.Contains(a.Body, body) {
		t.Errorf("ready: got %d %s, want %d with %s", a.Status, a.Body, status, body)
	}
}

// cannotCheck checks that an answer says nothing about the caller.
func cannotCheck(t *testing.T, a answer) {
	t.Helper()
	a.is(t, http.StatusServiceUnavailable, "temporarily_unavailable")
	if a.Header.Get("Retry-After") == "" {
		t.Errorf("there is no Retry-After: %v", a.Header)
	}
	if len(a.Cookies) > 0 {
		t.Errorf("a cookie is touched: %v", a.Cookies)
	}
}

func TestAnIssuerThatIsDownStopsLoginsAlone(t *testing.T) {
	t.Parallel()
	d := newDeployment(t, ownSession)
	before := d.start(t).signIn(t, d.issuer, ada)

	d.issuer.SetJWKS(providertest.Failing)
	c := d.start(t)
	c.ready(t, http.StatusOK, `"degraded"`)
	cannotCheck(t, c.login(t, d.issuer.Login(ada).Payload()))
	c.me(t, before.credential)
	c.send(t, "GET", "/auth/sessions", before.credential).is(t, http.StatusOK, "")

	d.issuer.SetJWKS(providertest.OK)
	d.clock.advance(time.Minute)
	again := c.signIn(t, d.issuer, ada)
	if again.User.ID != before.User.ID {
		t.Errorf("user %s became %s", before.User.ID, again.User.ID)
	}
	c.ready(t, http.StatusOK, `"ok"`)

	d.issuer.SetJWKS(providertest.Failing)
	d.clock.advance(2 * time.Hour) // keys that are at hand outlive an outage
	c.signIn(t, d.issuer, ada)
	d.clock.advance(24 * time.Hour) // but not for ever
	cannotCheck(t, c.login(t, d.issuer.Login(ada).Payload()))
	c.me(t, again.credential)
}

func TestAnIssuerThatIsDownStopsEverythingWhereItsTokensAreTheSessions(t *testing.T) {
	t.Parallel()
	d := newDeployment(t, tokenCookie)
	token := d.start(t).signIn(t, d.issuer, ada)

	d.issuer.SetJWKS(providertest.Failing)
	c := d.start(t)
	c.ready(t, http.StatusServiceUnavailable, `"temporarily_unavailable"`)
	cannotCheck(t, c.login(t, d.issuer.Login(ada).Payload()))
	cannotCheck(t, c.send(t, "GET", "/api/me", token.credential))
	cannotCheck(t, c.send(t, "GET", "/auth/session", token.credential))

	d.issuer.SetJWKS(providertest.OK)
	d.clock.advance(time.Minute)
	c.ready(t, http.StatusOK, `"ok"`)
	c.me(t, token.credential)
}

func TestSessionsEndByTheClock(t *testing.T) {
	t.Parallel()
	d := newDeployment(t, ownSession)
	c := d.start(t)
	const day = 24 * time.Hour
	idle, busy := c.signIn(t, d.issuer, ada), c.signIn(t, d.issuer, ada)
	for range 4 {
		d.clock.advance(6 * day)
		c.me(t, busy.credential)
	}
	c.isDead(t, idle.credential)
	d.clock.advance(5 * day)
	c.me(t, busy.credential)
	d.clock.advance(day + time.Second)
	c.isDead(t, busy.credential)
}
