package adaptertest

import (
	"log/slog"
	"testing"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// Load is the request of a benchmark: GET /guarded with one header line.
type Load struct {
	Kit   *core.Kit // nil: the framework alone
	Guard bool      // whether the route is guarded

	Header, Line string
}

// Bench measures the cost of a kit over the bare framework: mounted in front of a
// route, and guarding it too. start serves the load in the process, with a handler
// that does nothing, and returns a function that makes one request.
//
// The kit has verified the token before, and nothing is stored, so that the path
// to the session check and back is measured.
func Bench(b *testing.B, start func(b *testing.B, load Load) (request func())) {
	b.Helper()
	issuer := providertest.NewIssuer(b)
	kit, token := newBenchKit(b, issuer), issuer.AccessToken("bench@example.com")
	for _, c := range []struct {
		name string
		load Load
	}{
		{"Bare", Load{nil, false, "Authorization", "Bearer " + token}},
		{"Mounted", Load{kit, false, "Authorization", "Bearer " + token}},
		{"GuardedByBearer", Load{kit, true, "Authorization", "Bearer " + token}},
		{"GuardedByCookie", Load{kit, true, "Cookie", "theme=dark; " + cookieName + "=" + token}},
	} {
		b.Run(c.name, func(b *testing.B) {
			request := start(b, c.load)
			b.ReportAllocs()
			for b.Loop() {
				request()
			}
		})
	}
}

// newBenchKit returns a kit without users whose sessions are the issuer's tokens.
func newBenchKit(t testing.TB, issuer *providertest.Issuer) *core.Kit {
	t.Helper()
	s := newSettings(issuer)
	useProviderTokens(&s)
	s.ProviderToken.User = config.UserNone
	s.ProviderToken.Transport = []string{config.TransportBearer, config.TransportCookie}
	s.Database = nil
	kit, err := core.New(t.Context(), s, core.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := kit.Close(); err != nil {
			t.Error(err)
		}
	})
	return kit
}
