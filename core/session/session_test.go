package session_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account/accounttest"
	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

var (
	start   = time.UnixMilli(1_800_000_000_123).UTC()
	errDown = errors.New("session_test: the database is down")
)

// maxSessions is more sessions than any test begins for a user.
const maxSessions = 5000

// bench is a database with one user, a clock and a log.
type bench struct {
	db   *memstore.DB
	user identity.User
	at   time.Time
	log  bytes.Buffer
}

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{db: memstore.New(), at: start, user: identity.User{
		ID: uuid.Must(uuid.NewV7()), IdentityID: uuid.Must(uuid.NewV7()),
		Key:      identity.Key{Issuer: "https://issuer.example", Subject: "ada"},
		Provider: "cotter", CreatedAt: start, LastLoginAt: start, ExternalID: "ada-1",
	}}
	if err := accounttest.Register(t.Context(), b.db.Accounts(), b.user, nil); err != nil {
		t.Fatalf("Register: %v", err)
	}
	return b
}

func (b *bench) now() time.Time { return b.at }

func (b *bench) logger() *slog.Logger { return slog.New(slog.NewTextHandler(&b.log, nil)) }

// login is a login of the user now.
func (b *bench) login() session.Login {
	user := b.user
	user.LastLoginAt = b.at
	return session.Login{
		User:      user,
		Identity:  identity.Identity{Key: user.Key, Provider: "cotter", AuthMethod: "OTP"},
		Transport: config.TransportCookie,
	}
}

// own returns the strategy over a store; nil is the store of the database.
func (b *bench) own(s config.OwnSession, store session.Store) *session.Own {
	if store == nil {
		store = b.db.Sessions()
	}
	return session.NewOwn(s, store, b.now, b.logger())
}

// issued is a session that has begun.
type issued struct {
	session.Credential
	session.View
}

// issue begins a session of the login.
func (b *bench) issue(t testing.TB, own *session.Own, l session.Login) issued {
	t.Helper()
	got, err := own.Issue(t.Context(), l)
	if err != nil {
		t.Fatalf("Issue: %v", err)
	}
	if err := b.db.SignIn(t.Context(), database.SignIn{User: l.User, Session: got.Stored, MaxSessions: maxSessions}); err != nil {
		t.Fatalf("SignIn: %v", err)
	}
	return issued{session.Credential{Token: got.Token, Transport: l.Transport}, got.View}
}

func cookie(token string) session.Credential {
	return session.Credential{Token: token, Transport: config.TransportCookie}
}

// check expects the credential to be accepted.
func check(t testing.TB, s session.Strategy, c session.Credential) (identity.Principal, session.View) {
	t.Helper()
	principal, view, err := s.Check(t.Context(), c, false)
	if err != nil {
		t.Fatalf("Check: %v", err)
	}
	return principal, view
}

// wantRejected expects the credential to be rejected as an invalid token.
func wantRejected(t *testing.T, s session.Strategy, c session.Credential, reason string) {
	t.Helper()
	_, _, err := s.Check(t.Context(), c, false)
	wantError(t, err, autherr.InvalidToken, reason)
}

func wantError(t *testing.T, err error, code autherr.Code, reason string) {
	t.Helper()
	if err == nil || autherr.CodeOf(err) != code || autherr.ReasonOf(err) != reason {
		t.Errorf("got %v, want %s (%s)", err, code, reason)
	}
}

// broken is a store of which one method calls before, and fails if err is set.
type broken struct {
	session.Store
	method string
	err    error
	before func()
}

func (b *broken) fail(method string) error {
	if b.method != method {
		return nil
	}
	if b.before != nil {
		b.before()
	}
	return b.err
}

func (b *broken) Find(ctx context.Context, l session.Lookup) (session.Session, error) {
	if err := b.fail("Find"); err != nil {
		return session.Session{}, err
	}
	return b.Store.Find(ctx, l)
}

func (b *broken) Touch(ctx context.Context, l session.Lookup, lastSeen, idleExpires time.Time) error {
	if err := b.fail("Touch"); err != nil {
		return err
	}
	return b.Store.Touch(ctx, l, lastSeen, idleExpires)
}

func (b *broken) Rotate(ctx context.Context, user identity.UserID, old, next session.Lookup, hash [32]byte) error {
	if err := b.fail("Rotate"); err != nil {
		return err
	}
	return b.Store.Rotate(ctx, user, old, next, hash)
}

func (b *broken) List(ctx context.Context, user identity.UserID, now time.Time) ([]session.Session, error) {
	if err := b.fail("List"); err != nil {
		return nil, err
	}
	return b.Store.List(ctx, user, now)
}

func (b *broken) Revoke(ctx context.Context, user identity.UserID, id, reason string, at time.Time) error {
	if err := b.fail("Revoke"); err != nil {
		return err
	}
	return b.Store.Revoke(ctx, user, id, reason, at)
}

func (b *broken) RevokeAll(ctx context.Context, user identity.UserID, except, reason string, at time.Time) (int, error) {
	if err := b.fail("RevokeAll"); err != nil {
		return 0, err
	}
	return b.Store.RevokeAll(ctx, user, except, reason, at)
}

func (b *broken) Sweep(ctx context.Context, before time.Time, limit int) (int, error) {
	if err := b.fail("Sweep"); err != nil {
		return 0, err
	}
	return b.Store.Sweep(ctx, before, limit)
}
