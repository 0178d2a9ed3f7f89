package core

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
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

// checking is a strategy whose sessions are checked by a function.
type checking struct {
	session.Strategy
	check checkFunc
}

func (checking) Name() string { return config.StrategyOwn }

func (c checking) Check(ctx context.Context, p session.Credential) (identity.Principal, session.View, error) {
	principal, err := c.check(ctx, p)
	return principal, session.View{}, err
}

// newCheckedKit returns endpoints without users, whose sessions are checked by
// a function.
func newCheckedKit(check checkFunc) *Kit {
	auth := config.Auth{}.WithDefaults()
	auth.BaseURL = "https://api.example.com"
	k := &Kit{
		auth:       auth,
		transports: []string{config.TransportCookie, config.TransportBearer},
		cookie:     httpapi.NewCookie(nil, auth.BaseURL),
		providers:  verify.NewSet(),
		strategy:   checking{check: check},
		now:        time.Now,
		log:        slog.New(slog.DiscardHandler),
	}
	return k.mount()
}

// newRequest describes GET /api/me with one header line.
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

// admitted returns the context in which a request goes on that a guard lets
// through.
func admitted(ctx context.Context, t *testing.T, k *Kit, r web.Request, g Guard) context.Context {
	t.Helper()
	next, refusal := k.authorize(ctx, r, g)
	if refusal != nil {
		t.Fatalf("refused: %d %s", refusal.Status, refusal.Body)
	}
	return next
}

func TestACheckWaitsThreeSecondsAtMost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		endpoints := newCheckedKit(func(ctx context.Context, _ session.Credential) (identity.Principal, error) {
			<-ctx.Done()
			return identity.Principal{}, autherr.StoreFailed(ctx.Err())
		})
		start := time.Now()
		_, refusal := endpoints.authorize(context.Background(), bearerRequest("slow"), Guard{})
		if waited := time.Since(start); refusal == nil || refusal.Status != http.StatusServiceUnavailable || waited != 3*time.Second {
			t.Errorf("got %+v after %s, want 503 after 3s", refusal, waited)
		}
	})
}

func TestACheckEndsWithItsRequest(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var ended error
	endpoints := newCheckedKit(func(ctx context.Context, _ session.Credential) (identity.Principal, error) {
		cancel()
		<-ctx.Done()
		ended = ctx.Err()
		return identity.Principal{}, autherr.StoreFailed(ended)
	})
	_, refusal := endpoints.authorize(ctx, bearerRequest("cancelled"), Guard{})
	if refusal == nil || !errors.Is(ended, context.Canceled) {
		t.Errorf("got %+v, and the check ended with %v", refusal, ended)
	}
}

func TestTheContextOfACheckEndsWithIt(t *testing.T) {
	t.Parallel()
	for name, ask := range map[string]func(context.Context){
		"Unasked":       func(context.Context) {},
		"AskedBefore":   func(ctx context.Context) { _, _ = ctx.Deadline() },
		"DerivedBefore": func(ctx context.Context) { _, cancel := context.WithCancel(ctx); defer cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var kept context.Context
			endpoints := newCheckedKit(func(ctx context.Context, _ session.Credential) (identity.Principal, error) {
				ask(ctx)
				kept = ctx //nolint:fatcontext // what is kept too long must have ended
				return identity.Principal{}, nil
			})
			next := admitted(t.Context(), t, endpoints, bearerRequest("good"), Guard{})
			if kept.Err() == nil {
				t.Error("the check's context goes on")
			}
			if next.Err() != nil {
				t.Error("the request's context has ended too")
			}
		})
	}
}

func TestARequestGoesOnInItsOwnContext(t *testing.T) {
	t.Parallel()
	type key struct{}
	endpoints := newCheckedKit(func(ctx context.Context, _ session.Credential) (identity.Principal, error) {
		subject, _ := ctx.Value(key{}).(string)
		return identity.Principal{Subject: subject}, nil
	})
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "ada"))
	next := admitted(ctx, t, endpoints, bearerRequest("good"), Guard{})
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

func TestNobodyIsNotTheCallerOfAnOuterGuard(t *testing.T) {
	t.Parallel()
	endpoints := newCheckedKit(func(_ context.Context, p session.Credential) (identity.Principal, error) {
		return identity.Principal{Subject: p.Token}, nil
	})
	outer := admitted(t.Context(), t, endpoints, bearerRequest("ada"), Guard{})
	if p, _ := PrincipalFromContext(outer); p.Subject != "ada" {
		t.Fatalf("the outer guard recognises %+v", p)
	}
	inner := admitted(outer, t, endpoints, newRequest("Accept", "*/*"), Guard{Optional: true})
	if p, ok := PrincipalFromContext(inner); ok {
		t.Errorf("a stranger is %+v", p)
	}
}

// What a guard adds to every request that it lets through is bounded: the
// context of the check, and that of the caller.
func TestAGuardAllocatesTwice(t *testing.T) { //nolint:paralleltest // the allocations of the whole process are counted
	endpoints := newCheckedKit(func(context.Context, session.Credential) (identity.Principal, error) {
		return identity.Principal{}, nil
	})
	for name, r := range map[string]web.Request{
		"bearer": bearerRequest("good"),
		"cookie": newRequest("Cookie", "theme=dark; "+cookieName+"=good"),
	} {
		ctx := t.Context()
		if got := testing.AllocsPerRun(100, func() { admitted(ctx, t, endpoints, r, Guard{}) }); got > 2 {
			t.Errorf("%s: %v allocations", name, got)
		}
	}
}

func BenchmarkAuthorize(b *testing.B) {
	endpoints := newCheckedKit(func(_ context.Context, p session.Credential) (identity.Principal, error) {
		if p.Token != "good" {
			return identity.Principal{}, autherr.New(autherr.InvalidToken, "unknown_session")
		}
		return identity.Principal{Subject: "ada"}, nil
	})
	for _, c := range []struct{ name, header, line string }{
		{"Bearer", "Authorization", "Bearer good"},
		{"Cookie", "Cookie", "theme=dark; " + cookieName + "=good"},
		{"Refused", "Authorization", "Bearer bad"},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := newRequest(c.header, c.line)
			b.ReportAllocs()
			for b.Loop() {
				if _, refusal := endpoints.authorize(b.Context(), r, Guard{}); (refusal != nil) != (c.name == "Refused") {
					b.Fatal("not as expected")
				}
			}
		})
	}
}
