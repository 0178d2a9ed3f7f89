package integration_test

import (
	"log/slog"
	"net"
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
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/provider/cotter"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
	"github.com/cotterpin/cotterpin/ent/mysql"
	"github.com/cotterpin/cotterpin/ent/postgres"
	"github.com/cotterpin/cotterpin/ent/sqlite"
)

// clock is set by tests.
type clock struct {
	mu   sync.Mutex
	now  time.Time
	step time.Duration // the step at each reading
}

func newClock() *clock { return &clock{now: time.Now()} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(c.step)
	return c.now
}

// advancesAtEachReading advances the clock whenever it is read.
func (c *clock) advancesAtEachReading(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.step = by
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// turnTo sets the clock.
func (c *clock) turnTo(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

// past returns a clock ten seconds behind another, for an issuer: a revocation
// affects its next tokens too.
func past(now func() time.Time) func() time.Time {
	return func() time.Time { return now().Add(-10 * time.Second) }
}

// deployment is an application and its issuer with one clock.
type deployment struct {
	clock  *clock
	issuer *providertest.Issuer
	file   string // its configuration

	// Of some tests.
	types  []config.Type
	listen func(net.Listener) net.Listener
}

func newDeployment(t *testing.T, session string) deployment {
	t.Helper()
	return newDeploymentOn(t, scratch{block: "database \"sqlite\" {}\n"}, session)
}

// newDeploymentOn is newDeployment on another database.
func newDeploymentOn(t *testing.T, database scratch, session string) deployment {
	t.Helper()
	d := deploymentOf(t, providertest.NewIssuer(t), database, session)
	d.issuer.Now = d.clock.Now
	return d
}

// deploymentOf is newDeploymentOn with an issuer that has its own clock.
func deploymentOf(t *testing.T, issuer *providertest.Issuer, database scratch, session string) deployment {
	t.Helper()
	d := deployment{clock: newClock(), issuer: issuer, file: filepath.Join(t.TempDir(), "auth.hcl")}
	if err := os.WriteFile(d.file, []byte(configurationOn(database.block, d.issuer, session)), 0o600); err != nil {
		t.Fatal(err)
	}
	return d
}

// logRecord is a log that can be written while it is read: a fetch of keys may
// outlast the application.
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

// start runs the application until the test ends. Its log must then contain no
// secret of the client.
func (d deployment) start(t *testing.T) *client {
	t.Helper()
	return d.startBy(t, d.clock.Now)
}

// startBy is start with another clock.
func (d deployment) startBy(t *testing.T, now func() time.Time) *client {
	t.Helper()
	return d.startNode(t, now).client
}

// node is an application in this process.
type node struct {
	*client

	kit *core.Kit
}

// startNode is startBy for a test that also uses the kit.
func (d deployment) startNode(t *testing.T, now func() time.Time) node {
	t.Helper()
	var log logRecord
	kit, err := core.Open(t.Context(), d.file, core.WithTypes(cotter.Type, sqlite.Type, postgres.Type, mysql.Type), core.WithTypes(d.types...),
		core.WithClock(now), core.WithLogger(slog.New(slog.NewJSONHandler(&log, nil))))
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /api/me", cotterhttp.Require(kit, core.Guard{})(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write([]byte("{}"))
	})))
	server := httptest.NewUnstartedServer(cotterhttp.Mount(kit)(mux))
	if d.listen != nil {
		server.Listener = d.listen(server.Listener)
	}
	server.Start()
	c := &client{origin: server.URL}
	t.Cleanup(func() {
		server.Close()
		if err := kit.Close(); err != nil {
			t.Error(err)
		}
		c.checkNoSecret(t, log.String())
	})
	return node{c, kit}
}

// ready checks the response of the readiness route.
func (c *client) ready(t *testing.T, status int, body string) {
	t.Helper()
	if a := c.send(t, "GET", "/auth/ready"); a.Status != status || !strings.Contains(a.Body, body) {
		t.Errorf("ready: got %d %s, want %d with %s", a.Status, a.Body, status, body)
	}
}

// cannotCheck checks that a response neither accepts nor rejects the caller:
// 503, Retry-After, no cookie.
func cannotCheck(t *testing.T, a reply) {
	t.Helper()
	a.is(t, http.StatusServiceUnavailable, "temporarily_unavailable")
	if a.Header.Get("Retry-After") == "" {
		t.Errorf("no Retry-After: %v", a.Header)
	}
	if len(a.Cookies) > 0 {
		t.Errorf("a cookie is set: %v", a.Cookies)
	}
}

func TestIssuerDown_OwnSessions(t *testing.T) {
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
	d.clock.advance(2 * time.Hour) // cached keys outlive an outage
	c.signIn(t, d.issuer, ada)
	d.clock.advance(24 * time.Hour) // for a day
	cannotCheck(t, c.login(t, d.issuer.Login(ada).Payload()))
	c.me(t, again.credential)
}

func TestIssuerDown_ProviderTokens(t *testing.T) {
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

func TestClock_SessionExpiry(t *testing.T) {
	t.Parallel()
	d := newDeployment(t, ownSession)
	c := d.start(t)
	idle, busy := c.signIn(t, d.issuer, ada), c.signIn(t, d.issuer, ada)
	for range 4 {
		d.clock.advance(6 * day)
		c.me(t, busy.credential)
	}
	c.rejects(t, idle.credential)
	d.clock.advance(5 * day)
	c.me(t, busy.credential)
	d.clock.advance(day + time.Second)
	c.rejects(t, busy.credential)
}
