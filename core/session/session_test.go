package session_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

var (
	start   = time.UnixMilli(1_800_000_000_123).UTC()
	errDown = errors.New("session_test: the database is down")
)

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
		Provider: "cotter", CreatedAt: start, LastLoginAt: start,
	}}
	if err := b.db.Accounts().Register(t.Context(), b.user, nil); err != nil {
		t.Fatalf("Register: %v", err)
	}
	return b
}

func (b *bench) now() time.Time { return b.at }

func (b *bench) logger() *slog.Logger { return slog.New(slog.NewTextHandler(&b.log, nil)) }

// login is a login of the user at this moment.
func (b *bench) login() session.Login {
	user := b.user
	user.LastLoginAt = b.at
	return session.Login{
		User:      user,
		Identity:  identity.Identity{Key: user.Key, Provider: "cotter", AuthMethod: "OTP"},
		Transport: config.TransportCookie,
	}
}

// own returns the strategy with the settings over a store, which is the
// database's own if nil.
func (b *bench) own(s config.OwnSession, store session.Store) *session.Own {
	if store == nil {
		store = b.db.Sessions()
	}
	return session.NewOwn(s, store, b.now, b.logger())
}

func issue(t testing.TB, own *session.Own, l session.Login) session.Issued {
	t.Helper()
	issued, err := own.Issue(t.Context(), l)
	if err != nil {
		t.Fatalf("Issue: %v", err)
	}
	return issued
}

func presented(token string) session.Presented {
	return session.Presented{Token: token, Transport: config.TransportCookie}
}

func check(t testing.TB, s session.Strategy, p session.Presented) session.Grant {
	t.Helper()
	grant, err := s.Check(t.Context(), p)
	if err != nil {
		t.Fatalf("Check: %v", err)
	}
	return grant
}

func wantError(t *testing.T, err error, code autherr.Code, reason string) {
	t.Helper()
	if err == nil || autherr.CodeOf(err) != code || autherr.ReasonOf(err) != reason {
		t.Errorf("got %v, want %s (%s)", err, code, reason)
	}
}

// broken is a store one of whose methods fails, after something else has
// happened.
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

func (b *broken) Create(ctx context.Context, r session.Record, login identity.User, limit int) error {
	if err := b.fail("Create"); err != nil {
		return err
	}
	return b.Store.Create(ctx, r, login, limit)
}

func (b *broken) Find(ctx context.Context, l session.Lookup) (session.Record, session.Owner, error) {
	if err := b.fail("Find"); err != nil {
		return session.Record{}, session.Owner{}, err
	}
	return b.Store.Find(ctx, l)
}

func (b *broken) Touch(ctx context.Context, l session.Lookup, lastSeen, idleExpires time.Time) error {
	if err := b.fail("Touch"); err != nil {
		return err
	}
	return b.Store.Touch(ctx, l, lastSeen, idleExpires)
}

func (b *broken) Rotate(ctx context.Context, old, next session.Lookup, hash [32]byte) error {
	if err := b.fail("Rotate"); err != nil {
		return err
	}
	return b.Store.Rotate(ctx, old, next, hash)
}

func (b *broken) List(ctx context.Context, user identity.UserID, now time.Time) ([]session.Record, error) {
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

// keepRecord keeps what is created.
type keepRecord struct {
	session.Store
	kept *session.Record
}

func (k *keepRecord) Create(ctx context.Context, r session.Record, login identity.User, limit int) error {
	*k.kept = r
	return k.Store.Create(ctx, r, login, limit)
}
