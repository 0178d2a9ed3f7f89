package bench_test

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// BenchmarkOwnSession is a request to a route of net/http that is guarded by
// an own session, without a socket.
func BenchmarkOwnSession(b *testing.B) {
	issuer := providertest.NewIssuer(b)
	memory := contender{"scs v2 in memory", func(b *testing.B) func() error {
		b.Helper()
		return scsSession(b, memstore.NewWithCleanupInterval(0))
	}}
	for _, d := range databases(b) {
		contenders := []contender{
			{"the bare prepared SELECT by primary key", func(b *testing.B) func() error { b.Helper(); return bareSelect(b, issuer, d.create(b)) }},
			{"cotterpin, Kit.Authenticate", func(b *testing.B) func() error { b.Helper(); return ownCheck(b, issuer, d.create(b)) }},
			{"cotterpin, the guarded route", func(b *testing.B) func() error { b.Helper(); return ownGuard(b, issuer, d.create(b)) }},
			{"scs v2 on the same, the route", func(b *testing.B) func() error { b.Helper(); return scsSession(b, d.create(b).scs(b)) }},
		}
		if d.name == "SQLite" {
			contenders = append(contenders, memory)
		}
		compare(b, "an own session, "+d.name, contenders...)
	}
}

// bareSelect reads the columns that the kit decides on, by the primary key,
// with a context that can be canceled, as that of a request.
func bareSelect(b *testing.B, issuer *providertest.Issuer, p scratch) func() error {
	b.Helper()
	kit := newKit(b, configuration(issuer, 0, ownSession, p.block))
	login(b, kit, issuer)
	db := p.pool(b)
	var id string
	if err := db.QueryRowContext(b.Context(), "SELECT id FROM auth_sessions").Scan(&id); err != nil {
		b.Fatal(err)
	}
	placeholder := "?"
	if _, err := db.ExecContext(b.Context(), "SELECT 1 WHERE 1 = $1", 1); err == nil {
		placeholder = "$1"
	}
	statement, err := db.PrepareContext(b.Context(), "SELECT "+columns+" FROM auth_sessions WHERE id = "+placeholder)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { statement.Close() })
	ctx, cancel := context.WithCancel(b.Context())
	b.Cleanup(cancel)
	return func() error { return scan(statement.QueryRowContext(ctx, id)) }
}

func ownCheck(b *testing.B, issuer *providertest.Issuer, p scratch) func() error {
	b.Helper()
	kit := newKit(b, configuration(issuer, 0, ownSession, p.block))
	request := core.RequestFromHTTP(bearerRequest(login(b, kit, issuer)))
	return func() error { return authenticate(kit, request) }
}

func authenticate(kit *core.Kit, request core.Request) error {
	if _, rejection := kit.Adapter().Authorize(context.Background(), request, http.Header{}, core.Guard{}); rejection != nil {
		return errRefused
	}
	return nil
}

func ownGuard(b *testing.B, issuer *providertest.Issuer, p scratch) func() error {
	b.Helper()
	kit := newKit(b, configuration(issuer, 0, ownSession, p.block))
	token := login(b, kit, issuer)
	return requesting(guarded(kit), token)
}

func scsSession(b *testing.B, store scs.Store) func() error {
	b.Helper()
	handler, cookie := scsHandler(b, store)
	request := bearerRequest("")
	request.Header.Set("Cookie", cookie)
	return func() error {
		var w recorder
		handler.ServeHTTP(&w, request)
		return isOK(w.status)
	}
}

// scsHandler returns a handler that loads a session and reads from it who the
// caller is, and the cookie of Ada's session.
func scsHandler(b *testing.B, store scs.Store) (handler http.Handler, cookie string) {
	b.Helper()
	manager := scs.New()
	manager.Store = store
	ctx, err := manager.Load(b.Context(), "")
	if err != nil {
		b.Fatal(err)
	}
	manager.Put(ctx, "user", ada)
	token, _, err := manager.Commit(ctx)
	if err != nil {
		b.Fatal(err)
	}
	handler = manager.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if manager.GetString(r.Context(), "user") != ada {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, "hello")
	}))
	return handler, manager.Cookie.Name + "=" + token
}

var errNoSession = errors.New("no session")

// columns are what the kit reads of a session at each request.
const columns = "id, lookup, secret_hash, user_id, provider, issuer, subject, auth_method, transport, " +
	"claims, created_ms, authenticated_ms, last_seen_ms, idle_expires_ms, expires_ms, revoked_ms, revoke_reason"

func scan(row *sql.Row) error {
	var (
		id, lookup, hash, user                            []byte
		provider, issuer, subject, method                 string
		transport, reason                                 string
		claims                                            *string
		created, authenticated, seen, idle, ends, revoked *int64
	)
	err := row.Scan(&id, &lookup, &hash, &user, &provider, &issuer, &subject, &method, &transport,
		&claims, &created, &authenticated, &seen, &idle, &ends, &revoked, &reason)
	if err == nil && len(hash) == 0 {
		return errNoSession
	}
	return err
}
