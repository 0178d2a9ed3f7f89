package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/ent/sqlite"
)

// openBench opens an empty database in a file, and returns its path too.
func openBench(b *testing.B) (database.Database, string) {
	b.Helper()
	path := filepath.Join(b.TempDir(), "auth.db")
	db, err := sqlite.Open(b.Context(), sqlite.Settings{Path: path, Migrate: "apply"})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	return db, path
}

// signer signs users in as the endpoints do.
type signer struct {
	db         database.Database
	registrar  account.Registrar
	own        *session.Own
	maxPerUser int
}

func newSigner(db database.Database, maxPerUser int) signer {
	return signer{
		db:         db,
		registrar:  account.Registrar{Store: db.Accounts(), Create: true, Now: time.Now},
		own:        session.NewOwn(config.OwnSession{}, db.Sessions(), time.Now, slog.New(slog.DiscardHandler)),
		maxPerUser: maxPerUser,
	}
}

func (s signer) signIn(b *testing.B, subject string) (token string, view session.View) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
	defer cancel()
	id := identity.Identity{
		Key:        identity.Key{Issuer: "https://www.cotter.app", Subject: subject},
		Provider:   "cotter",
		Identifier: "ada@example.com",
		Email:      identity.Contact{Value: "ada@example.com", Verification: identity.Verified},
		AuthMethod: "OTP",
		IssuedAt:   time.Now(),
	}
	result, err := s.registrar.RegisterOrLogin(ctx, id)
	user := result.User
	if err != nil {
		b.Fatal(err)
	}
	issued, err := s.own.Issue(ctx, session.Login{
		User: user, Identity: id, Transport: config.TransportCookie, UserAgent: "Mozilla/5.0 (X11; Linux x86_64)", Address: "192.0.2.1",
	})
	if err != nil {
		b.Fatal(err)
	}
	if err := s.db.SignIn(ctx, database.SignIn{User: user, Session: issued.Stored, MaxSessions: s.maxPerUser}); err != nil {
		b.Fatal(err)
	}
	return issued.Token, issued.View
}

// BenchmarkCheck measures the check of a session, which a guard does per request.
func BenchmarkCheck(b *testing.B) {
	db, _ := openBench(b)
	s := newSigner(db, 20)
	token, _ := s.signIn(b, "ada")
	p := session.Credential{Token: token, Transport: config.TransportCookie}
	ctx, cancel := context.WithTimeout(b.Context(), time.Hour)
	defer cancel()
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := s.own.Check(ctx, p, false); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSelect is the lower bound of BenchmarkCheck: a prepared SELECT by primary
// key of the same columns, through database/sql.
func BenchmarkSelect(b *testing.B) {
	db, path := openBench(b)
	_, view := newSigner(db, 20).signIn(b, "ada")
	source, err := sqlite.DataSource(path)
	if err != nil {
		b.Fatal(err)
	}
	pool, err := sql.Open("sqlite", source)
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	stmt, err := pool.PrepareContext(b.Context(), `
		SELECT id, secret_hash, user_id, provider, issuer, subject, auth_method, transport, claims, created_ms,
		       authenticated_ms, last_seen_ms, idle_expires_ms, expires_ms, revoked_ms, revoke_reason
		FROM auth_sessions WHERE id = ?`)
	if err != nil {
		b.Fatal(err)
	}
	defer stmt.Close()
	ctx, cancel := context.WithTimeout(b.Context(), time.Hour)
	defer cancel()
	b.ReportAllocs()
	for b.Loop() {
		var (
			text                [8]string
			claims              *string
			hash                []byte
			at                  [3]int64
			proved, idle, ended *int64
		)
		if err := stmt.QueryRowContext(ctx, view.ID).Scan(
			&text[0], &hash, &text[1], &text[2], &text[3], &text[4], &text[5], &text[6], &claims, &at[0],
			&proved, &at[1], &idle, &at[2], &ended, &text[7],
		); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLogin measures the login of a registered user, with and without a
// session that is revoked for it.
func BenchmarkLogin(b *testing.B) {
	for name, maxPerUser := range map[string]int{"BelowMaximum": 1_000_000, "AtMaximum": 1} {
		b.Run(name, func(b *testing.B) {
			db, _ := openBench(b)
			s := newSigner(db, maxPerUser)
			for n := range 1000 {
				s.signIn(b, fmt.Sprint("subject ", n))
			}
			n := 0
			b.ReportAllocs()
			for b.Loop() {
				s.signIn(b, fmt.Sprint("subject ", n%1000))
				n++
			}
		})
	}
}

// BenchmarkFirstLogin measures the login of a new user.
func BenchmarkFirstLogin(b *testing.B) {
	db, _ := openBench(b)
	s := newSigner(db, 20)
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		s.signIn(b, fmt.Sprint("subject ", n))
		n++
	}
}

// BenchmarkLogins measures concurrent logins. In addition to the mean it reports
// the 99th percentile and the maximum.
func BenchmarkLogins(b *testing.B) {
	db, _ := openBench(b)
	s := newSigner(db, 20)
	for n := range 100 {
		s.signIn(b, fmt.Sprint("subject ", n))
	}
	var (
		next  atomic.Int64
		mu    sync.Mutex
		waits []time.Duration
	)
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		var own []time.Duration
		for pb.Next() {
			began := time.Now()
			s.signIn(b, fmt.Sprint("subject ", next.Add(1)%100))
			own = append(own, time.Since(began))
		}
		mu.Lock()
		defer mu.Unlock()
		waits = append(waits, own...)
	})
	slices.Sort(waits)
	b.ReportMetric(float64(waits[len(waits)*99/100].Microseconds()), "µs-p99")
	b.ReportMetric(float64(waits[len(waits)-1].Microseconds()), "µs-max")
}

// BenchmarkLoginOfOne measures the login of one user at max_per_user with many
// revoked sessions, which are kept for a while.
func BenchmarkLoginOfOne(b *testing.B) {
	db, _ := openBench(b)
	s := newSigner(db, 20)
	for range 10_000 {
		s.signIn(b, "ada")
	}
	for b.Loop() {
		s.signIn(b, "ada")
	}
}
