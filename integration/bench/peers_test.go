package bench_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/alexedwards/scs/v2/memstore"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// BenchmarkPeers is a guarded route of net/http over sockets, by the kit and by
// others. Server and clients are one process.
func BenchmarkPeers(b *testing.B) {
	s := newSigned(b)
	bearer := "Authorization: Bearer " + s.token
	const series = "net/http"
	for _, c := range []struct {
		name    string
		prepare func(b *testing.B) (handler http.Handler, header string)
	}{
		{"unguarded", func(*testing.B) (http.Handler, string) { return http.HandlerFunc(hello), bearer }},
		{"cotterpin, a cached token", func(b *testing.B) (http.Handler, string) {
			b.Helper()
			return guarded(newKit(b, configuration(s.issuer, 10_000, tokenAlone, ""))), bearer
		}},
		{"golang-jwt v5 + keyfunc v3", func(b *testing.B) (http.Handler, string) { b.Helper(); return checkedBy(s.golangJWT(b)), bearer }},
		{"coreos/go-oidc v3", func(b *testing.B) (http.Handler, string) { b.Helper(); return checkedBy(s.goOIDC(b)), bearer }},
		{"jwx v2, jwt.Parse with validation", func(b *testing.B) (http.Handler, string) { b.Helper(); return checkedBy(s.jwtParse(b)), bearer }},
		{"auth0/go-jwt-middleware v2", func(b *testing.B) (http.Handler, string) { b.Helper(); return s.auth0Handler(b), bearer }},
		{"cotterpin, an own session, SQLite", own(s.issuer, ownSession)},
		{"cotterpin, an own session, cached", own(s.issuer, cachedSession)},
		{"cotterpin, an own JWT", own(s.issuer, jwtSession)},
		{"scs v2 in memory", func(b *testing.B) (http.Handler, string) {
			b.Helper()
			handler, cookie := scsHandler(b, memstore.NewWithCleanupInterval(0))
			return handler, "Cookie: " + cookie
		}},
	} {
		b.Run(series+"/"+c.name, func(b *testing.B) {
			handler, header := c.prepare(b)
			server := httptest.NewServer(handler)
			defer server.Close()
			loads.add(series, c.name, program{strings.TrimPrefix(server.URL, "http://")}.load(b, "/api/me", header))
		})
	}
}

// own returns what prepares a route that is guarded by a session of the block.
func own(issuer *providertest.Issuer, session string) func(b *testing.B) (handler http.Handler, header string) {
	return func(b *testing.B) (http.Handler, string) {
		b.Helper()
		kit := newKit(b, configuration(issuer, 0, session, inAFile(b).block))
		return guarded(kit), "Authorization: Bearer " + login(b, kit, issuer)
	}
}

// checkedBy returns a handler that makes a check first.
func checkedBy(check func() error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if check() != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		hello(w, r)
	})
}
