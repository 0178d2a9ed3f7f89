package integration_test

import (
	"bytes"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/ent/enginetest/faultdriver"
	"github.com/cotterpin/cotterpin/ent/entstore"
	"github.com/cotterpin/cotterpin/ent/sqlite"
	"github.com/cotterpin/cotterpin/integration/child"
)

// killSessions is the session block of TestRefreshKill.
const killSessions = `session "own" {
  format    = "jwt"
  transport = ["bearer"]
}`

// TestRefreshKill kills the process that exchanges a refresh token, before its first
// message to the database and after each. The client, which has no response, presents
// the token again: its session continues, with one successor.
//
// Cases: R13. Databases: sqlite, postgres, mariadb.
func TestRefreshKill(t *testing.T) {
	t.Parallel()
	onEach(t, servable(), func(t *testing.T, b backend) {
		t.Helper()
		database := b.create(t)
		b.create = func(*testing.T) scratch { return database }
		n := newNodes(t, b, killSessions, nil)
		file := existingConfiguration(t, n.issuer, killSessions)
		for _, isWarm := range []bool{false, true} {
			var before, after int // killed before and after the exchange was committed
			for message, killed := 0, true; killed; message++ {
				tokens := n.signInByJWT(t)
				killed = killedRefresh{
					Driver: database.driver, Path: database.path, URL: database.url.Reveal(), File: file,
					Now: n.clock.Now(), IsWarm: isWarm, Token: tokens.Token.RefreshToken, Message: message,
				}.run(t)
				if n.isExchanged(t, tokens) {
					after++
				} else {
					before++
				}
				n.checkContinues(t, tokens)
			}
			t.Logf("keys in memory: %t; %d processes ended before the commit, %d after it", isWarm, before, after)
			if before < 2 || isWarm && after != 2 {
				t.Error("want at least two before and, with keys in memory, two after: of the last message, and the last process")
			}
		}
	})
}

// signInByJWT logs in a new user at the other node.
func (n *nodes) signInByJWT(t *testing.T) (s signedIn) {
	t.Helper()
	n.people++
	n.clock.advance(time.Second)
	login := n.issuer.Login(uniqueEmail(t, "ada"))
	toReply(send(t.Context(), n.sound, "POST", "/auth/login", string(login.Body()))).decode(t, &s)
	if s.Token.RefreshToken == "" {
		t.Fatalf("the login returned %+v", s)
	}
	return s
}

// isExchanged reports whether the exchange of the first token was committed.
func (n *nodes) isExchanged(t *testing.T, s signedIn) bool {
	t.Helper()
	var generation int
	query := "SELECT refresh_generation FROM auth_sessions WHERE revoked_ms IS NULL AND id = '" + s.Session.ID + "'"
	if err := n.outside.QueryRowContext(t.Context(), query).Scan(&generation); err != nil {
		t.Fatalf("the session: %v", err)
	}
	if generation > 1 {
		t.Errorf("the token was exchanged %d times", generation)
	}
	return generation == 1
}

// checkContinues exchanges the token of a login again, and then its successor.
func (n *nodes) checkContinues(t *testing.T, s signedIn) {
	t.Helper()
	exchange := func(token string, status int) (next signedIn) {
		t.Helper()
		r := send(t.Context(), n.sound, "POST", "/auth/refresh", refreshBody(token))
		if r.Status != status {
			t.Fatalf("the refresh is %d %s, want %d", r.Status, r.Body, status)
		}
		if status == http.StatusOK {
			toReply(r).decode(t, &next)
			n.recognizes(t, http.StatusOK, bearerField(next.Token.AccessToken)...)
		}
		return next
	}
	n.clock.advance(time.Second)
	successor := exchange(s.Token.RefreshToken, http.StatusOK)
	if again := exchange(s.Token.RefreshToken, http.StatusOK); again.Token.RefreshToken != successor.Token.RefreshToken {
		t.Error("the token has two successors")
	}
	last := exchange(successor.Token.RefreshToken, http.StatusOK)
	if last.Session.ID != s.Session.ID || last.User.ID != s.User.ID {
		t.Errorf("session %+v became %+v", s.Session, last.Session)
	}
	exchange(s.Token.RefreshToken, http.StatusUnauthorized) // its successor was used
}

// killedRefresh is a refresh by a process that is killed after a message to the
// database, or before the first if Message is 0.
type killedRefresh struct {
	Driver, Path, URL string
	File              string // the configuration
	Now               time.Time
	IsWarm            bool // the process has the server keys in memory
	Token             string
	Message           int
}

// run returns false if the refresh has succeeded, with fewer messages.
func (k killedRefresh) run(t *testing.T) (killed bool) {
	t.Helper()
	command := exec.Command(os.Args[0], "-test.run=^TestRefreshKill_Process$")
	command.Env = append(os.Environ(), helperPrograms+"="+programs, helperRefresh+"=1")
	command.Stdin = strings.NewReader(encode(k))
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := child.Start(command); err != nil {
		t.Fatal(err)
	}
	err := command.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		status, ok := exit.Sys().(syscall.WaitStatus)
		killed = ok && status.Signal() == syscall.SIGKILL
	}
	if err != nil && !killed {
		t.Fatalf("the process of message %d: %v\n%s", k.Message, err, &output)
	}
	return killed
}

// helperRefresh lets a test binary refresh and be killed.
const helperRefresh = "COTTERPIN_TEST_HELPER_REFRESH"

// TestRefreshKill_Process is the killed process of TestRefreshKill.
func TestRefreshKill_Process(t *testing.T) { //nolint:paralleltest // alone in its process
	if os.Getenv(helperRefresh) == "" {
		return // an ordinary run
	}
	var k killedRefresh
	if err := json.NewDecoder(os.Stdin).Decode(&k); err != nil {
		t.Fatal(err)
	}
	kit := openExisting(t, k.File, k.open(t), core.WithClock(func() time.Time { return k.Now }))
	if k.IsWarm {
		if r := send(t.Context(), kit, "GET", "/auth/jwks.json", ""); r.Status != http.StatusOK {
			t.Fatalf("the keys: %d %s", r.Status, r.Body)
		}
	}
	script := &faultdriver.Script{At: max(k.Message, 1), Fault: faultdriver.HangAfter, OnHang: killProcess}
	if k.Message == 0 {
		script.Fault = faultdriver.HangBefore
	}
	r := send(script.In(t.Context()), kit, "POST", "/auth/refresh", refreshBody(k.Token))
	if r.Status != http.StatusOK || len(script.Events()) >= script.At {
		t.Errorf("%d %s after the messages %v", r.Status, r.Body, script.Events())
	}
}

func (k killedRefresh) open(t *testing.T) database.Database {
	t.Helper()
	var inner driver.Connector
	var err error
	dialect := drivers[k.Driver].Dialect
	if k.Driver == "sqlite" {
		dialect = sqlite.Dialect()
		inner, err = sqlite.Connector(k.Path)
	} else {
		inner, err = drivers[k.Driver].Connector(config.NewSecret(k.URL))
	}
	if err != nil {
		t.Fatal(err)
	}
	pool := sql.OpenDB(faultdriver.Wrap(inner))
	t.Cleanup(func() { pool.Close() })
	db, err := entstore.Open(t.Context(), pool, dialect, database.MigrateCheck, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// killProcess kills this process and does not return.
func killProcess() {
	if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
		panic(err)
	}
	select {}
}
