package core

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/httpapi"
	"github.com/cotterpin/cotterpin/core/internal/verify"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/core/web"
)

const cookieName = "__Host-session"

type checkFunc = func(context.Context, session.Credential) (identity.Principal, error)

// checking is a session strategy that checks sessions with a function.
type checking struct {
	session.Strategy
	check checkFunc
}

func (checking) Name() string { return config.StrategyOwn }

func (checking) Owns(token string) bool { return strings.HasPrefix(token, "cps_") }

// checkingTokens is the other strategy.
type checkingTokens struct{ checking }

func (checkingTokens) Name() string { return config.StrategyProviderToken }

// addTokenBlock adds a second session block, with the cookie p.
func (k *Kit) addTokenBlock() {
	k.blocks = append(k.blocks, &sessionBlock{
		Strategy:   checkingTokens{k.blocks[0].Strategy.(checking)},
		transports: k.blocks[0].transports,
		cookie:     httpapi.Cookie{Name: "p"},
	})
}

func (c checking) Check(ctx context.Context, p session.Credential, _ bool) (identity.Principal, session.View, error) {
	principal, err := c.check(ctx, p)
	return principal, session.View{}, err
}

// newCheckedKit returns a kit without users that checks sessions with a function.
func newCheckedKit(check checkFunc) *Kit {
	auth := config.Auth{}.WithDefaults()
	auth.BaseURL = "https://api.example.com"
	k := &Kit{
		auth: auth,
		blocks: []*sessionBlock{{
			Strategy:   checking{check: check},
			transports: []string{config.TransportCookie, config.TransportBearer},
			cookie:     httpapi.NewCookie(nil, auth.BaseURL),
		}},
		providers: verify.NewSet(),
		now:       time.Now,
		log:       slog.New(slog.DiscardHandler),
	}
	return k.mount()
}

// newRequest returns GET /api/me with one header line.
func newRequest(name, line string) web.Request {
	return web.Request{
		Method: "GET",
		Path:   "/api/me",
		Host:   "api.example.com",
		Remote: "192.0.2.1:4711",
		Header: http.Header{name: {line}},
		Body:   http.NoBody,
	}
}

func bearerRequest(token string) web.Request { return newRequest("Authorization", "Bearer "+token) }

// admitted returns the context of a request that the guard admits.
func admitted(ctx context.Context, t *testing.T, k *Kit, r web.Request, g Guard) context.Context {
	t.Helper()
	next, rejection := k.authorize(ctx, r, http.Header{}, g)
	if rejection != nil {
		t.Fatalf("the guard rejects the request: %d %s", rejection.Status, rejection.Body)
	}
	return next
}

func TestGuard_StoreTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		kit := newCheckedKit(func(ctx context.Context, _ session.Credential) (identity.Principal, error) {
			<-ctx.Done()
			return identity.Principal{}, autherr.StoreFailed(ctx.Err())
		})
		start := time.Now()
		_, rejection := kit.authorize(context.Background(), bearerRequest("slow"), http.Header{}, Guard{})
		if waited := time.Since(start); rejection == nil || rejection.Status != http.StatusServiceUnavailable || waited != 3*time.Second {
			t.Errorf("got %+v after %s, want 503 after 3s", rejection, waited)
		}
	})
}

func TestGuard_CanceledRequest(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var ended error
	kit := newCheckedKit(func(ctx context.Context, _ session.Credential) (identity.Principal, error) {
		cancel()
		<-ctx.Done()
		ended = ctx.Err()
		return identity.Principal{}, autherr.StoreFailed(ended)
	})
	_, rejection := kit.authorize(ctx, bearerRequest("canceled"), http.Header{}, Guard{})
	if rejection == nil || !errors.Is(ended, context.Canceled) {
		t.Errorf("got %+v, and the check ended with %v", rejection, ended)
	}
}

func TestGuard_CheckContextEnds(t *testing.T) {
	t.Parallel()
	for name, use := range map[string]func(context.Context){
		"unused":         func(context.Context) {},
		"used before":    func(ctx context.Context) { _, _ = ctx.Deadline() },
		"derived before": func(ctx context.Context) { _, cancel := context.WithCancel(ctx); defer cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var kept context.Context
			kit := newCheckedKit(func(ctx context.Context, _ session.Credential) (identity.Principal, error) {
				use(ctx)
				kept = ctx //nolint:fatcontext // what is kept too long must have ended
				return identity.Principal{}, nil
			})
			next := admitted(t.Context(), t, kit, bearerRequest("valid"), Guard{})
			if kept.Err() == nil {
				t.Error("the check's context has not ended")
			}
			if next.Err() != nil {
				t.Error("the request's context has ended too")
			}
		})
	}
}

func TestGuard_RequestContext(t *testing.T) {
	t.Parallel()
	type key struct{}
	kit := newCheckedKit(func(ctx context.Context, _ session.Credential) (identity.Principal, error) {
		subject, _ := ctx.Value(key{}).(string)
		return identity.Principal{Subject: subject}, nil
	})
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "ada"))
	next := admitted(ctx, t, kit, bearerRequest("valid"), Guard{})
	if p, ok := PrincipalFromContext(next); !ok || p.Subject != "ada" || next.Value(key{}) != "ada" {
		t.Errorf("got %+v, %v", p, next.Value(key{}))
	}
	derived, end := context.WithCancel(next)
	defer end()
	if p, ok := PrincipalFromContext(derived); !ok || p.Subject != "ada" {
		t.Errorf("in a derived context: %+v", p)
	}
	cancel()
	<-derived.Done()
}

func TestGuard_OptionalClearsCaller(t *testing.T) {
	t.Parallel()
	kit := newCheckedKit(func(_ context.Context, p session.Credential) (identity.Principal, error) {
		return identity.Principal{Subject: p.Token}, nil
	})
	outer := admitted(t.Context(), t, kit, bearerRequest("ada"), Guard{})
	if p, _ := PrincipalFromContext(outer); p.Subject != "ada" {
		t.Fatalf("the outer guard recognizes %+v", p)
	}
	inner := admitted(outer, t, kit, newRequest("Accept", "*/*"), Guard{Optional: true})
	if p, ok := PrincipalFromContext(inner); ok {
		t.Errorf("a request without a credential has the caller %+v", p)
	}
}

// A guard allocates the context of the check and that of the caller.
func TestGuard_Allocations(t *testing.T) { //nolint:paralleltest // the allocations of the whole process are counted
	accept := func(context.Context, session.Credential) (identity.Principal, error) {
		return identity.Principal{}, nil
	}
	one, two := newCheckedKit(accept), newCheckedKit(accept)
	two.addTokenBlock()
	for name, c := range map[string]struct {
		kit *Kit
		r   web.Request
	}{
		"bearer":                 {one, bearerRequest("valid")},
		"cookie":                 {one, newRequest("Cookie", "theme=dark; "+cookieName+"=valid")},
		"bearer, two blocks":     {two, bearerRequest("cps_valid")},
		"token, two blocks":      {two, bearerRequest("valid")},
		"own cookie, two blocks": {two, newRequest("Cookie", "theme=dark; "+cookieName+"=valid")},
		"cookie, two blocks":     {two, newRequest("Cookie", "theme=dark; p=valid")},
	} {
		ctx, header, kit, r := t.Context(), http.Header{}, c.kit, c.r
		admit := func() {
			if _, rejection := kit.authorize(ctx, r, header, Guard{}); rejection != nil {
				t.Fatalf("%s: %s", name, rejection.Body)
			}
		}
		if got := testing.AllocsPerRun(100, admit); got > 2 {
			t.Errorf("%s: %v allocations", name, got)
		}
	}
}

func BenchmarkAuthorize(b *testing.B) {
	kit := newCheckedKit(func(_ context.Context, p session.Credential) (identity.Principal, error) {
		if p.Token != "valid" {
			return identity.Principal{}, autherr.New(autherr.InvalidToken, "unknown_session")
		}
		return identity.Principal{Subject: "ada"}, nil
	})
	for _, c := range []struct{ name, header, line string }{
		{"Bearer", "Authorization", "Bearer valid"},
		{"Cookie", "Cookie", "theme=dark; " + cookieName + "=valid"},
		{"Refused", "Authorization", "Bearer bad"},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := newRequest(c.header, c.line)
			b.ReportAllocs()
			for b.Loop() {
				if _, rejection := kit.authorize(b.Context(), r, http.Header{}, Guard{}); (rejection != nil) != (c.name == "Refused") {
					b.Fatal("not as expected")
				}
			}
		})
	}
}

// countingKit returns a kit that accepts every token as its subject, and the
// number of checks.
func countingKit() (*Kit, *int) {
	checks := new(int)
	return newCheckedKit(func(_ context.Context, p session.Credential) (identity.Principal, error) {
		*checks++
		return identity.Principal{Subject: p.Token}, nil
	}), checks
}

// A19.
func TestGuard_NestedLooksUpOnce(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]web.Request{
		"bearer": bearerRequest("ada"),
		"cookie": newRequest("Cookie", cookieName+"=ada"),
	} {
		kit, checks := countingKit()
		type key struct{}
		ctx := context.WithValue(admitted(t.Context(), t, kit, r, Guard{Optional: true}), key{}, "between")
		ctx = admitted(ctx, t, kit, r, Guard{})
		ctx = admitted(ctx, t, kit, r, Guard{Optional: true})
		if p, _ := PrincipalFromContext(ctx); p.Subject != "ada" || ctx.Value(key{}) != "between" {
			t.Errorf("%s: got %+v and %v", name, p, ctx.Value(key{}))
		}
		if *checks != 1 {
			t.Errorf("%s: the session is looked up %d times, want once", name, *checks)
		}
		if _, rejection := kit.authorize(ctx, r, http.Header{}, Guard{Providers: []string{"other"}}); rejection == nil {
			t.Errorf("%s: the inner guard's requirements are not checked", name)
		}
	}
}

// A context that outlives its request, such as that of a WebSocket, must not
// authenticate a later request.
func TestGuard_OtherRequestLooksUp(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*web.Request){
		"same request": func(*web.Request) {},
		"method":       func(r *web.Request) { r.Method = "POST" },
		"path":         func(r *web.Request) { r.Path = "/api/you" },
		"query":        func(r *web.Request) { r.Query = "a=b" },
		"token":        func(r *web.Request) { r.Header = http.Header{"Authorization": {"Bearer bob"}} },
		"transport":    func(r *web.Request) { r.Header = http.Header{"Cookie": {cookieName + "=ada"}} },
	} {
		kit, checks := countingKit()
		ctx := admitted(t.Context(), t, kit, bearerRequest("ada"), Guard{})
		r := bearerRequest("ada")
		change(&r)
		admitted(ctx, t, kit, r, Guard{})
		want := 2
		if name == "same request" {
			want = 1
		}
		if *checks != want {
			t.Errorf("%s: the session is looked up %d times, want %d", name, *checks, want)
		}
	}
}

func TestGuard_OtherKitLooksUp(t *testing.T) {
	t.Parallel()
	outer, _ := countingKit()
	inner, checks := countingKit()
	ctx := admitted(t.Context(), t, outer, bearerRequest("ada"), Guard{})
	admitted(ctx, t, inner, bearerRequest("ada"), Guard{})
	if *checks != 1 {
		t.Errorf("the inner kit looks the session up %d times, want once", *checks)
	}
}

// G18.
func TestGuard_OriginDetail(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		header http.Header
		detail string
	}{
		"origin": {
			http.Header{"Origin": {"https://evil.example"}},
			`foreign_origin: the origin \"https://evil.example\" is neither base_url \"https://api.example.com\" nor in allowed_origins [\"https://app.example.com\"]`,
		},
		"no origin": {
			http.Header{"Sec-Fetch-Site": {"cross-site"}},
			`foreign_origin: the request has Sec-Fetch-Site \"cross-site\" and no Origin`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for mode, want := range map[string]string{
				config.ModeDevelopment: `"detail":"` + c.detail + `"`,
				config.ModeProduction:  `"code":"cross_origin"`,
			} {
				kit, _ := countingKit()
				kit.auth.Mode = mode
				kit.auth.AllowedOrigins = []string{"https://app.example.com"}
				r := newRequest("Cookie", cookieName+"=ada")
				r.Method = "POST"
				admitted(t.Context(), t, kit.mount(), r, Guard{})
				maps.Copy(r.Header.(http.Header), c.header)
				_, rejection := kit.authorize(t.Context(), r, http.Header{}, Guard{})
				if rejection == nil || rejection.Status != http.StatusForbidden || !strings.Contains(string(rejection.Body), want) ||
					strings.Contains(string(rejection.Body), "detail") != (mode == config.ModeDevelopment) {
					t.Errorf("%s: got %+v, want 403 with %s", mode, rejection, want)
				}
			}
		})
	}
}

// readHeader is a header that records the fields that are read.
type readHeader struct {
	http.Header
	read map[string]int
}

func (h readHeader) Values(name string) []string {
	h.read[name]++
	return h.Header.Values(name)
}

// Reading a field costs allocations where the framework reuses its buffers.
func TestGuard_ReadsFieldsOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		r    web.Request
		want map[string]int
	}{
		"bearer": {bearerRequest("ada"), map[string]int{"Authorization": 1, "Upgrade": 1}},
		"cookie": {newRequest("Cookie", cookieName+"=ada"), map[string]int{"Authorization": 1, "Cookie": 1, "Upgrade": 1}},
	} {
		kit, _ := countingKit()
		read := map[string]int{}
		c.r.Header = readHeader{c.r.Header.(http.Header), read}
		admitted(t.Context(), t, kit, c.r, Guard{})
		if !maps.Equal(read, c.want) {
			t.Errorf("%s: got reads %v, want %v", name, read, c.want)
		}
	}
}
