package enginetest

import (
	"context"
	"database/sql"
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
	"github.com/cotterpin/cotterpin/ent/entstore"
	"github.com/cotterpin/cotterpin/ent/internal/querylog"
)

// RunStatements holds the budget of statements, and looks at the plan of each.
// newPool returns connections to an empty database of its own each time. An
// embedded database can run it too.
func RunStatements(t *testing.T, d entstore.Dialect, newPool func(t *testing.T) *sql.DB) {
	t.Helper()
	t.Run("OfALoginAreCounted", func(t *testing.T) { testLoginStatements(t, d, newPool(t)) })
	t.Run("OfARequestAreCounted", func(t *testing.T) { testRequestStatements(t, d, newPool(t)) })
	t.Run("ScanNoTable", func(t *testing.T) { testPlans(t, d, newPool(t)) })
}

func (e Engine) testStatements(t *testing.T) {
	RunStatements(t, e.Dialect, func(t *testing.T) *sql.DB { t.Helper(); return e.pool(t, e.NewDatabase(t)) })
}

// logged opens a database of which every statement is recorded.
func logged(t testing.TB, d entstore.Dialect, pool *sql.DB) (database.Database, *querylog.Log) {
	t.Helper()
	watched, log := querylog.Open(pool)
	db, err := entstore.OpenOwned(t.Context(), watched, d, database.MigrateApply)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db, log
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
	s.tokens = session.NewProviderToken(tokens, nil, db.Accounts(), now)
	return s
}

func (s *signer) signIn(ctx context.Context, strategy session.Strategy, subject string) (session.Credential, error) {
	id := identity.Identity{Key: identity.Key{Issuer: "https://issuer.example", Subject: subject}, IssuedAt: s.now}
	user, _, err := s.registrar.RegisterOrLogin(ctx, id)
	if err != nil {
		return session.Credential{}, err
	}
	token, _, stored := strategy.Issue(ctx, session.Login{User: user, Identity: id, Transport: config.TransportBearer})
	err = s.db.SignIn(ctx, database.SignIn{User: user, Session: stored, MaxSessions: s.maxPerUser})
	return session.Credential{Token: token, Transport: config.TransportBearer}, err
}

func testLoginStatements(t *testing.T, d entstore.Dialect, pool *sql.DB) {
	t.Helper()
	t.Parallel()
	db, log := logged(t, d, pool)
	s := newSigner(db, 2)
	var presented session.Credential
	own := func(ctx context.Context) (err error) {
		presented, err = s.signIn(ctx, s.own, "ada")
		return err
	}
	end := func(ctx context.Context) error { _, err := s.own.End(ctx, presented, "replaced_by_login"); return err }
	tokens := func(ctx context.Context) error { _, err := s.signIn(ctx, s.tokens, "eve"); return err }
	const (
		register = "BEGIN INSERT INSERT COMMIT" //nolint:dupword // SQL repeats itself
		create   = "BEGIN UPDATE INSERT COMMIT"
	)
	createOver := "BEGIN UPDATE INSERT UPDATE COMMIT"
	if d.Name == dialect.MySQL { // where an INSERT does not say what is there
		createOver = "BEGIN UPDATE INSERT UPDATE INSERT COMMIT"
	}
	for _, step := range []struct {
		name string
		do   func(context.Context) error
		want string
	}{
		{"FirstLogin", own, "SELECT " + register + " " + create},
		{"LoginOfAKnownUser", own, "SELECT " + create},
		{"PresentedSession", end, "SELECT UPDATE"},
		{"LoginInPlaceOfIt", own, "SELECT " + create},
		{"LoginAtTheMaximum", own, "SELECT " + createOver},
		{"FirstLoginWithoutSessions", tokens, "SELECT " + register + " UPDATE"},
		{"LoginWithoutSessions", tokens, "SELECT UPDATE"},
	} {
		log.Take()
		if err := step.do(t.Context()); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if got := log.Verbs(); got != step.want {
			t.Errorf("%s is %q, want %q", step.name, got, step.want)
		}
	}
}

func testRequestStatements(t *testing.T, d entstore.Dialect, pool *sql.DB) {
	t.Helper()
	t.Parallel()
	db, log := logged(t, d, pool)
	s := newSigner(db, 20)
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
		log.Take()
		const callers = 8
		var group sync.WaitGroup
		for range callers {
			group.Go(func() {
				for range c.requests / callers {
					if _, _, err := s.own.Check(t.Context(), presented); err != nil {
						t.Errorf("Check: %v", err)
						return
					}
				}
			})
		}
		group.Wait()
		asked := map[string]int{}
		for _, statement := range log.Take() {
			asked[statement.Verb()]++
		}
		writes := c.writes + s.log.count("session_touch_failed") // what a busy database did not do is asked again
		if asked["SELECT"] != c.requests || asked["UPDATE"] != writes || len(asked) != 1+c.writes {
			t.Errorf("%d requests %s asked %v, want as many SELECT and %d UPDATE", c.requests, c.name, asked, writes)
		}
	}
}
