package enginetest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"entgo.io/ent/dialect"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/ent/enginetest/faultdriver"
	"github.com/cotterpin/cotterpin/ent/entstore"
)

// RunStatements compares the statements of logins and requests with their budget,
// and fails if a query plan scans a table. newConnector returns a connector to a
// new empty database. Embedded databases can use it too.
func RunStatements(t *testing.T, d entstore.Dialect, newConnector func(t *testing.T) driver.Connector) {
	t.Helper()
	t.Run("Login", func(t *testing.T) { testLoginStatements(t, d, newConnector(t)) })
	t.Run("Request", func(t *testing.T) { testRequestStatements(t, d, newConnector(t)) })
	t.Run("Plans", func(t *testing.T) { testPlans(t, d, newConnector(t)) })
}

func (e Engine) testStatements(t *testing.T) {
	RunStatements(t, e.Dialect, e.newConnector)
}

// openRecorded opens a database whose statements a [faultdriver.Script] records.
func openRecorded(t testing.TB, d entstore.Dialect, connector driver.Connector) database.Database {
	t.Helper()
	db, err := entstore.OpenOwned(t.Context(), sql.OpenDB(faultdriver.Wrap(connector)), d, database.MigrateApply, slog.Default())
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// signer signs users in, as the kit does.
type signer struct {
	db         database.Database
	registrar  account.Registrar
	maxPerUser int
	own        *session.Own
	tokens     *session.ProviderToken
	now        time.Time
	log        lines
}

// lines is a log.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements io.Writer.
func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line) //nolint:wrapcheck // it does not fail
}

// count returns how often an event was logged.
func (l *lines) count(event string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), "event="+event)
}

func newSigner(db database.Database, maxPerUser int) *signer {
	s := &signer{db: db, maxPerUser: maxPerUser, now: time.UnixMilli(1_800_000_000_123)}
	now := func() time.Time { return s.now }
	own, tokens := config.OwnSession{}, config.ProviderTokenSession{}
	own.Transport = []string{config.TransportBearer}
	s.registrar = account.Registrar{Store: db.Accounts(), Create: true, Now: now}
	s.own = session.NewOwn(own, db.Sessions(), now, slog.New(slog.NewTextHandler(&s.log, nil)))
	s.tokens = session.NewProviderToken(tokens, nil, s.registrar)
	return s
}

func (s *signer) signIn(ctx context.Context, strategy session.Strategy, subject string) (session.Credential, error) {
	id := identity.Identity{Key: identity.Key{Issuer: "https://issuer.example", Subject: subject}, IssuedAt: s.now}
	result, err := s.registrar.RegisterOrLogin(ctx, id)
	if err != nil {
		return session.Credential{}, err
	}
	return s.record(ctx, strategy, session.Login{User: result.User, Identity: id, Transport: config.TransportBearer})
}

func (s *signer) record(ctx context.Context, strategy session.Strategy, l session.Login) (session.Credential, error) {
	issued, err := strategy.Issue(ctx, l)
	if err != nil {
		return session.Credential{}, err
	}
	record := database.SignIn{User: l.User, Session: issued.Stored, MaxSessions: s.maxPerUser}
	if l.Continues != nil {
		record.Continues = l.Continues.Lookup
	}
	return session.Credential{Token: issued.Token, Transport: config.TransportBearer}, s.db.SignIn(ctx, record)
}

// stepUp logs the user in again, and continues its session.
func (s *signer) stepUp(ctx context.Context, subject string, presented session.Credential) (_ session.Credential, err error) {
	id := identity.Identity{Key: identity.Key{Issuer: "https://issuer.example", Subject: subject}, IssuedAt: s.now}
	result, err := s.registrar.RegisterOrLogin(ctx, id)
	if err != nil {
		return session.Credential{}, err
	}
	l := session.Login{User: result.User, Identity: id, Transport: config.TransportBearer}
	if l.Continues, _, err = s.own.Replace(ctx, l, presented); err != nil {
		return session.Credential{}, err
	}
	return s.record(ctx, s.own, l)
}

func testLoginStatements(t *testing.T, d entstore.Dialect, connector driver.Connector) {
	t.Helper()
	t.Parallel()
	s := newSigner(openRecorded(t, d, connector), 2)
	var presented session.Credential
	own := func(ctx context.Context) (err error) {
		presented, err = s.signIn(ctx, s.own, "ada")
		return err
	}
	stepUp := func(ctx context.Context) (err error) {
		presented, err = s.stepUp(ctx, "ada", presented)
		return err
	}
	end := func(ctx context.Context) error { _, err := s.own.End(ctx, presented, "replaced_by_login"); return err }
	tokens := func(ctx context.Context) error { _, err := s.signIn(ctx, s.tokens, "eve"); return err }
	const (
		register = "BEGIN INSERT INSERT COMMIT" //nolint:dupword // SQL repeats itself
		create   = "BEGIN UPDATE INSERT COMMIT"
		resume   = "SELECT BEGIN UPDATE UPDATE UPDATE COMMIT" //nolint:dupword // as above
	)
	createOver := "BEGIN UPDATE INSERT UPDATE COMMIT"
	if d.Name == dialect.MySQL { // has no INSERT … RETURNING
		createOver = "BEGIN UPDATE INSERT UPDATE INSERT COMMIT"
	}
	for _, step := range []struct {
		name string
		do   func(context.Context) error
		want string
	}{
		{"first login", own, "SELECT " + register + " " + create},
		{"login", own, "SELECT " + create},
		{"login that continues the session", stepUp, "SELECT " + resume},
		{"end of the session", end, "SELECT UPDATE"},
		{"login after the end", own, "SELECT " + create},
		{"login at max_per_user", own, "SELECT " + createOver},
		{"first login without a session", tokens, "SELECT " + register + " UPDATE"},
		{"login without a session", tokens, "SELECT UPDATE"},
	} {
		var script faultdriver.Script
		if err := step.do(script.In(t.Context())); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if got, want := fmt.Sprint(script.Executed()), "["+step.want+"]"; got != want {
			t.Errorf("%s: executed %s, want %s", step.name, got, want)
		}
	}
}

func testRequestStatements(t *testing.T, d entstore.Dialect, connector driver.Connector) {
	t.Helper()
	t.Parallel()
	s := newSigner(openRecorded(t, d, connector), 20)
	presented, err := s.signIn(t.Context(), s.own, "ada")
	if err != nil {
		t.Fatalf("signing in: %v", err)
	}
	for _, c := range []struct {
		name     string
		advance  time.Duration
		requests int
		writes   int
	}{{"right after the login", 0, 1000, 0}, {"after an hour", time.Hour, 10_000, 1}} {
		s.now = s.now.Add(c.advance)
		var script faultdriver.Script
		const callers = 8
		var group sync.WaitGroup
		for range callers {
			group.Go(func() {
				for range c.requests / callers {
					if _, _, err := s.own.Check(script.In(t.Context()), presented, false); err != nil {
						t.Errorf("Check: %v", err)
						return
					}
				}
			})
		}
		group.Wait()
		executed := map[string]int{}
		for _, statement := range script.Executed() {
			executed[statement.String()]++
		}
		writes := c.writes + s.log.count("session_touch_failed") // a failed last-seen update is repeated
		if executed["SELECT"] != c.requests || executed["UPDATE"] != writes || len(executed) != 1+c.writes {
			t.Errorf("%d requests %s executed %v, want as many SELECT and %d UPDATE", c.requests, c.name, executed, writes)
		}
	}
}
