package integration_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/account/accounttest"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/integration/engine"
)

// TestCommit_NoResponse has a server that becomes unresponsive at a COMMIT, for
// which database/sql passes drivers no context.
func TestCommit_NoResponse(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, e *engine.Engine) {
		wire, location := newWire(t, newDatabase(t, e))
		db, err := drivers[e.Driver].Open(t.Context(), location, database.MigrateApply)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })

		at := time.Now()
		user := identity.User{
			ID: uuid.Must(uuid.NewV7()), IdentityID: uuid.Must(uuid.NewV7()),
			Key: identity.Key{Issuer: "issuer", Subject: "subject"}, CreatedAt: at, LastLoginAt: at,
		}
		wire.unresponsive.Store(true)
		ctx := newExpiringContext(t.Context())
		registered := make(chan error, 1)
		go func() { registered <- accounttest.Register(ctx, db.Accounts(), user, nil) }()
		await(t, wire.committing)
		ctx.expire()
		if err := await(t, registered); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}

		wire.unresponsive.Store(false)
		if _, err := db.Accounts().Find(t.Context(), user.Key); !errors.Is(err, account.ErrNotFound) {
			t.Errorf("got %v, want %v", err, account.ErrNotFound)
		}
		if err := accounttest.Register(t.Context(), db.Accounts(), user, nil); err != nil {
			t.Errorf("again: %v", err)
		}
	})
}

func await[T any](t *testing.T, what <-chan T) (value T) {
	t.Helper()
	select {
	case value = <-what:
	case <-time.After(patience):
		t.Fatal("it does not return")
	}
	return value
}

// wire is a proxy before a database server. While it is unresponsive it
// forwards no COMMIT, and nothing after it.
type wire struct {
	unresponsive atomic.Bool
	committing   chan struct{}
	server       string
}

// newWire returns a wire that is open until the test ends, and the database URL
// that uses it.
func newWire(t *testing.T, database config.Secret) (*wire, config.Secret) {
	t.Helper()
	location, err := url.Parse(database.Reveal())
	if err != nil {
		t.Fatal("the URL cannot be parsed")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	w := &wire{committing: make(chan struct{}, 1), server: location.Host}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			context.AfterFunc(t.Context(), func() { client.Close() })
			go w.forward(client)
		}
	}()
	location.Host = listener.Addr().String()
	return w, config.NewSecret(location.String())
}

// forward returns when the client disconnects.
func (w *wire) forward(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", w.server)
	if err != nil {
		return
	}
	defer server.Close()
	go io.Copy(client, server)
	unresponsive := false
	for buffer := make([]byte, 1<<16); ; {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		if w.unresponsive.Load() && bytes.Contains(bytes.ToUpper(buffer[:n]), []byte("COMMIT")) {
			unresponsive = true
			w.committing <- struct{}{}
		}
		if unresponsive {
			continue
		}
		if _, err := server.Write(buffer[:n]); err != nil {
			return
		}
	}
}
