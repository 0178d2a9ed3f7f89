package integration_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/provider/cotter"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
	"github.com/cotterpin/cotterpin/ent/enginetest/faultdriver"
	"github.com/cotterpin/cotterpin/ent/entstore"
)

// storeTimeout is the longest wait of a request for the database.
const storeTimeout = 3 * time.Second

// ownSessions is the session block under test, with cookies.
const ownSessions = `session "own" {
  max_per_user = 3
  idle_ttl     = "10h"
}`

const maxPerUser = 3

// nodes are two applications on one database: the statements of one can fail,
// those of the other succeed.
type nodes struct {
	clock     *clock
	issuer    *providertest.Issuer
	connector *faultdriver.Connector
	pool      *sql.DB           // of faulty
	stored    database.Database // of faulty
	faulty    *core.Kit
	sound     *core.Kit
	outside   *sql.DB
	people    int
}

func newNodes(t *testing.T, b backend, session string, hook func(context.Context, core.Registration) error) *nodes {
	t.Helper()
	scratch := b.create(t)
	inner, err := scratch.connector()
	if err != nil {
		t.Fatal(err)
	}
	n := &nodes{clock: newClock(), issuer: providertest.NewIssuer(t), connector: faultdriver.Wrap(inner)}
	n.issuer.Now = n.clock.Now
	n.pool = sql.OpenDB(n.connector)
	entstore.LimitPool(n.pool, 0)
	t.Cleanup(func() {
		if err := n.pool.Close(); err != nil {
			t.Error(err)
		}
	})
	if n.stored, err = entstore.Open(t.Context(), n.pool, scratch.dialect, database.MigrateApply, slog.Default()); err != nil {
		t.Fatal(err)
	}
	if _, err := n.pool.ExecContext(t.Context(), "CREATE TABLE registrations AS SELECT id AS user_id FROM auth_users WHERE 1 = 0"); err != nil {
		t.Fatal(err)
	}
	if n.outside, err = scratch.look(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.outside.Close() })
	n.faulty = n.open(t, session, n.stored, hook)
	n.sound = n.open(t, session, scratch.opened(t), hook)
	return n
}

func (n *nodes) open(t *testing.T, session string, db database.Database, hook func(context.Context, core.Registration) error) *core.Kit {
	t.Helper()
	return openExisting(t, existingConfiguration(t, n.issuer, session), db, core.WithClock(n.clock.Now), core.WithOnRegister(hook))
}

// existingConfiguration writes the configuration of a kit on an open database.
func existingConfiguration(t *testing.T, issuer *providertest.Issuer, session string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "auth.hcl")
	if err := os.WriteFile(file, []byte(configurationOn("database \"existing\" {}\n", issuer, session)), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// openExisting opens a kit on an open database until the test ends.
func openExisting(t *testing.T, file string, db database.Database, options ...core.Option) *core.Kit {
	t.Helper()
	existing := database.Existing(db)
	kit, err := core.Open(t.Context(), file, append(options,
		core.WithTypes(cotter.Type, existing.Type), core.WithLogger(slog.New(slog.DiscardHandler)))...)
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

// send calls a kit without a socket. lines contains names and values of header
// fields.
func send(ctx context.Context, kit *core.Kit, method, path, body string, lines ...string) core.Response {
	r, _ := kit.Adapter().Serve(ctx, message(method, path, body, lines...))
	return r
}

func message(method, path, body string, lines ...string) core.Request {
	header := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i < len(lines); i += 2 {
		header.Add(lines[i], lines[i+1])
	}
	return core.Request{
		Method: method, Path: path, Host: "localhost:8080", Remote: "127.0.0.1:4711",
		ContentLength: int64(len(body)), Body: strings.NewReader(body),
		Header: header,
	}
}

// toReply converts a response of a kit.
func toReply(r core.Response) reply {
	a := reply{Status: r.Status, Header: http.Header{}, Body: string(r.Body)}
	for _, field := range r.Header {
		a.Header.Add(field.Name, field.Value)
	}
	for _, line := range r.Cookies {
		if set, err := http.ParseSetCookie(line); err == nil {
			a.Cookies = append(a.Cookies, set)
		}
	}
	return a
}

// person is a user with sessions in cookies, the oldest first.
type person struct {
	nodes   *nodes
	login   providertest.Login // of the last login, which may be repeated
	userID  string
	cookies []string // header lines
}

// newPerson logs in a new user several times, each a second later, on the other
// node.
func (n *nodes) newPerson(t *testing.T, times int) *person {
	t.Helper()
	n.people++
	p := &person{nodes: n, login: n.issuer.Login(fmt.Sprintf("person-%d@example.com", n.people))}
	for range times {
		n.clock.advance(time.Second)
		p.signIn(t)
	}
	return p
}

func (p *person) signIn(t *testing.T) {
	t.Helper()
	p.login = p.nodes.issuer.Login(p.login.Identifier)
	a := toReply(send(t.Context(), p.nodes.sound, "POST", "/auth/login", string(p.login.Body())))
	var s signedIn
	a.decode(t, &s)
	if a.Status >= http.StatusBadRequest {
		t.Fatalf("login: %d %s", a.Status, a.Body)
	}
	p.userID = s.User.ID
	for _, set := range a.Cookies {
		p.cookies = append(p.cookies, cookieName+"="+set.Value)
	}
}

// recognizes checks the response of the other node to a credential.
func (n *nodes) recognizes(t *testing.T, status int, credential ...string) {
	t.Helper()
	if r := send(t.Context(), n.sound, "GET", "/auth/session", "", credential...); r.Status != status {
		t.Errorf("on the other node the session is %d %s, want %d", r.Status, r.Body, status)
	}
}

// state describes the rows of a user.
type state struct {
	users, identities int
	registrations     int // rows of the hook
	sessions, active  int
	signedIn          bool // last login is now
	seen              bool // an older session was last seen now
	disabled          bool
	notBefore         bool
}

// state reads committed rows with another connection. Users without an identity
// and registrations without a user are counted for all users.
func (p *person) state(t *testing.T) (s state) {
	t.Helper()
	const (
		identities = "(SELECT user_id FROM auth_identities WHERE subject = '%[1]s')"
		mine       = "FROM auth_users WHERE id IN " + identities
		sessions   = "FROM auth_sessions WHERE subject = '%[1]s'"
		seenNow    = " AND last_seen_ms = %[2]d"
		query      = `SELECT
			(SELECT count(*) FROM auth_users WHERE id IN ` + identities + ` OR id NOT IN (SELECT user_id FROM auth_identities)),
			(SELECT count(*) FROM auth_identities WHERE subject = '%[1]s'),
			(SELECT count(*) FROM registrations WHERE user_id IN ` + identities + ` OR user_id NOT IN (SELECT id FROM auth_users)),
			(SELECT count(*) ` + sessions + `), (SELECT count(*) ` + sessions + ` AND revoked_ms IS NULL),
			EXISTS (SELECT 1 FROM auth_identities WHERE subject = '%[1]s' AND last_login_ms = %[2]d),
			EXISTS (SELECT 1 ` + sessions + seenNow + ` AND created_ms < %[2]d),
			EXISTS (SELECT 1 ` + mine + ` AND disabled_ms IS NOT NULL),
			EXISTS (SELECT 1 ` + mine + ` AND not_before_ms IS NOT NULL)`
	)
	row := p.nodes.outside.QueryRowContext(t.Context(),
		fmt.Sprintf(query, providertest.SubjectOf(p.login.Identifier), p.nodes.clock.Now().UnixMilli()))
	err := row.Scan(&s.users, &s.identities, &s.registrations, &s.sessions, &s.active, &s.signedIn, &s.seen, &s.disabled, &s.notBefore)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// atRest waits until the faulty node has no open transaction and no connection
// in use, as it must between requests: the end of a context takes effect in the
// background.
func (n *nodes) atRest(t *testing.T) {
	t.Helper()
	deadline := time.After(patience)
	poll := time.NewTicker(time.Millisecond)
	defer poll.Stop()
	for {
		stats := n.pool.Stats()
		if stats.InUse == 0 && n.connector.Transactions() == 0 && n.connector.Connections() <= stats.OpenConnections {
			return
		}
		select {
		case <-poll.C:
		case <-deadline:
			t.Fatalf("%d of %d connections are in use, %d are open, %d transactions",
				stats.InUse, stats.OpenConnections, n.connector.Connections(), n.connector.Transactions())
		}
	}
}

// unavailable checks that a response is 503 and changes no cookie.
func unavailable(t *testing.T, r core.Response) {
	t.Helper()
	cannotCheck(t, toReply(r))
	if len(r.Cookies) > 0 {
		t.Errorf("a cookie is set: %q", r.Cookies)
	}
}

// expiringContext is a context whose deadline a test expires.
type expiringContext struct {
	context.Context //nolint:containedctx // it is one

	passed chan struct{}
	once   sync.Once
}

func newExpiringContext(parent context.Context) *expiringContext {
	return &expiringContext{Context: parent, passed: make(chan struct{})}
}

func (m *expiringContext) expire() { m.once.Do(func() { close(m.passed) }) }

// Done implements context.Context.
func (m *expiringContext) Done() <-chan struct{} { return m.passed }

// Err implements context.Context.
func (m *expiringContext) Err() error {
	select {
	case <-m.passed:
		return context.DeadlineExceeded
	default:
		return nil
	}
}
