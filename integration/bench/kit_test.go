package bench_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/provider/cotter"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
	"github.com/cotterpin/cotterpin/ent/mysql"
	"github.com/cotterpin/cotterpin/ent/postgres"
	"github.com/cotterpin/cotterpin/ent/sqlite"
)

// The session blocks that are measured.
const (
	ownSession    = `session "own" { transport = ["bearer", "cookie"] }`
	cachedSession = "session \"own\" {\n  transport = [\"bearer\"]\n  cache_ttl = \"1h\"\n}"
	jwtSession    = "session \"own\" {\n  transport = [\"bearer\"]\n  format = \"jwt\"\n  access_ttl = \"15m\"\n}"
	tokenAlone    = `session "provider_token" { user = "none" }`
	tokenUser     = `session "provider_token" {}`
)

// configuration returns a file for an issuer, with that cache size.
func configuration(issuer *providertest.Issuer, cache int, session, database string) string {
	return fmt.Sprintf(`
auth {
  mode     = "development"
  base_url = "http://localhost:8080"
}

provider "cotter" {
  api_key_id = %q
  base_url   = %q
  issuer     = %q
  cache      = %d
}

%s

%s`, providertest.Audience, issuer.CotterURL(), providertest.CotterIssuer, cache, session, database)
}

// newKit opens a kit that closes with b and logs nothing.
func newKit(b testing.TB, configuration string) *core.Kit {
	b.Helper()
	file := filepath.Join(b.TempDir(), "auth.hcl")
	if err := os.WriteFile(file, []byte(configuration), 0o600); err != nil {
		b.Fatal(err)
	}
	kit, err := core.Open(b.Context(), file, core.WithTypes(cotter.Type, sqlite.Type, postgres.Type, mysql.Type),
		core.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := kit.Close(); err != nil {
			b.Error(err)
		}
	})
	return kit
}

// bearerRequest returns a request with a token in its Authorization header.
func bearerRequest(token string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/api/me", http.NoBody)
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}
