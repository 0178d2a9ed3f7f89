package core_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
	"github.com/cotterpin/cotterpin/core/session"
)

// watching is a kit in a bubble whose statements for watched sessions are counted.
type watching struct {
	*harness
	finds atomic.Int64
	down  atomic.Bool
}

// countedDatabase counts the sessions that are found by their public id.
type countedDatabase struct {
	database.Database
	w *watching
}

func (d countedDatabase) Sessions() session.Store {
	return countedSessions{d.Database.Sessions(), d.w}
}

type countedSessions struct {
	session.Store
	w *watching
}

func (s countedSessions) FindByID(ctx context.Context, user identity.UserID, id string) (session.Session, error) {
	s.w.finds.Add(1)
	if s.w.down.Load() {
		panic("of the store")
	}
	return s.Store.FindByID(ctx, user, id)
}

// watch runs a test in a bubble with a kit that has both session blocks; an own
// session expires after 24 hours, and after one hour without a request.
func watch(t *testing.T, test func(*testing.T, *watching)) {
	t.Helper()
	watchFormat(t, config.FormatOpaque, test)
}

// watchFormat is watch with a format of own sessions. An access token expires
// after a second.
func watchFormat(t *testing.T, format string, test func(*testing.T, *watching)) {
	t.Helper()
	issuer := providertest.NewIssuer(t)
	synctest.Test(t, func(t *testing.T) {
		w := &watching{harness: &harness{issuer: issuer, clock: &clock{}, log: &record{}}}
		issuer.Now = time.Now
		s := w.settings()
		own, tokens := config.OwnSession{}, config.ProviderTokenSession{}
		own.Transport, tokens.Transport = []string{config.TransportBearer}, []string{config.TransportBearer}
		own.TTL, own.IdleTTL = config.Duration(24*time.Hour), config.Duration(time.Hour)
		own.Format, own.AccessTTL = format, config.Duration(time.Second)
		s.Own, s.ProviderToken = &own, &tokens
		s.Database = database.Existing(countedDatabase{memstore.New(), w})
		w.open(t, s, core.WithClock(time.Now), core.WithTransport(&http.Transport{DisableKeepAlives: true})) // no connection outlasts a request
		test(t, w)
	})
}

// stream authorizes a request with the token and watches its session.
func (w *watching) stream(t *testing.T, token string) context.Context {
	t.Helper()
	ctx, rejection := w.authorize(t, core.Guard{}, token)
	if rejection != nil {
		t.Fatalf("rejected: %d %s", rejection.Status, rejection.Body)
	}
	return w.kit.Watch(ctx)
}

// signInBy logs a user in and returns a token of the session block.
func (w *watching) signInBy(t *testing.T, block, identifier string) string {
	t.Helper()
	payload := w.issuer.Login(identifier).Payload()
	payload["session"] = block
	var response issued
	decode(t, w.call(t, "POST", "/auth/login", text(t, payload)), &response)
	return response.Token.AccessToken
}

func streams(ctx context.Context, t *testing.T) {
	t.Helper()
	synctest.Wait()
	if ctx.Err() != nil {
		t.Fatalf("the stream ended: %v", context.Cause(ctx))
	}
}

func streamEnds(ctx context.Context, t *testing.T, code autherr.Code) {
	t.Helper()
	synctest.Wait()
	if ctx.Err() == nil {
		t.Fatalf("the stream did not end, want %s", code)
	}
	if cause := context.Cause(ctx); !errors.Is(cause, code) {
		t.Errorf("the stream ended with %v, want %s", cause, code)
	}
}

// Cases: S06.
func TestKit_Watch(t *testing.T) {
	t.Parallel()
	const own, token = config.StrategyOwn, config.StrategyProviderToken
	type end func(context.Context, *core.Kit, core.Principal) error
	var revoke end = func(ctx context.Context, k *core.Kit, p core.Principal) error {
		return k.Sessions().Revoke(ctx, p.UserID, p.SessionID)
	}
	var revokeAll end = func(ctx context.Context, k *core.Kit, p core.Principal) error {
		return k.Sessions().RevokeAll(ctx, p.UserID)
	}
	var disable end = func(ctx context.Context, k *core.Kit, p core.Principal) error {
		return k.Users().Disable(ctx, p.UserID)
	}
	var remove end = func(ctx context.Context, k *core.Kit, p core.Principal) error { return k.Users().Delete(ctx, p.UserID) }
	for name, c := range map[string]struct {
		block string
		end   end
		code  autherr.Code
	}{
		"own revoked":      {own, revoke, autherr.InvalidToken},
		"own revoke all":   {own, revokeAll, autherr.InvalidToken},
		"own disabled":     {own, disable, autherr.InvalidToken},
		"own deleted":      {own, remove, autherr.InvalidToken},
		"token revoke all": {token, revokeAll, autherr.InvalidToken},
		"token disabled":   {token, disable, autherr.AccountDisabled},
		"token deleted":    {token, remove, autherr.NotRegistered},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			watch(t, func(t *testing.T, w *watching) {
				t.Helper()
				raw := w.signInBy(t, c.block, ada)
				first, second := w.stream(t, raw), w.stream(t, raw)
				bobs := w.stream(t, w.signInBy(t, c.block, bob))
				streams(first, t)
				principal, _ := core.PrincipalFromContext(first)
				time.Sleep(time.Second) // tokens contain the second of their issue
				if err := c.end(t.Context(), w.kit, principal); err != nil {
					t.Fatal(err)
				}
				streamEnds(first, t, c.code)
				streamEnds(second, t, c.code)
				streams(bobs, t)
			})
		})
	}
}

func TestKit_WatchLogout(t *testing.T) {
	t.Parallel()
	watch(t, func(t *testing.T, w *watching) {
		t.Helper()
		one, two := w.signInBy(t, config.StrategyOwn, ada), w.signInBy(t, config.StrategyOwn, ada)
		ended, other := w.stream(t, one), w.stream(t, two)
		streams(ended, t)
		is(t, w.call(t, "POST", "/auth/logout", "", "Authorization", "Bearer "+one), http.StatusNoContent, "")
		streamEnds(ended, t, autherr.InvalidToken)
		streams(other, t)
	})
}

// A revocation between the guard and Watch is not missed.
func TestKit_WatchRevokedBefore(t *testing.T) {
	t.Parallel()
	for _, block := range []string{config.StrategyOwn, config.StrategyProviderToken} {
		watch(t, func(t *testing.T, w *watching) {
			t.Helper()
			ctx, _ := w.authorize(t, core.Guard{}, w.signInBy(t, block, ada))
			principal, _ := core.PrincipalFromContext(ctx)
			time.Sleep(time.Second) // tokens contain the second of their issue
			if err := w.kit.Sessions().RevokeAll(t.Context(), principal.UserID); err != nil {
				t.Fatal(err)
			}
			streamEnds(w.kit.Watch(ctx), t, autherr.InvalidToken)
		})
	}
}

// A new token for the session does not end its streams.
func TestKit_WatchRenewed(t *testing.T) {
	t.Parallel()
	watch(t, func(t *testing.T, w *watching) {
		t.Helper()
		token := w.signInBy(t, config.StrategyOwn, ada)
		ctx := w.stream(t, token)
		if _, err := w.kit.Sessions().Renew(ctx); err != nil {
			t.Fatal(err)
		}
		w.admits(t, core.Guard{}, token, "invalid_token")
		time.Sleep(time.Minute)
		streams(ctx, t)
	})
}

// A login that continues the session does not end its streams.
func TestKit_WatchStepUp(t *testing.T) {
	t.Parallel()
	watch(t, func(t *testing.T, w *watching) {
		t.Helper()
		token := w.signInBy(t, config.StrategyOwn, ada)
		ctx := w.stream(t, token)
		payload := text(t, w.issuer.Login(ada).Payload())
		is(t, w.call(t, "POST", "/auth/login", payload, "Authorization", "Bearer "+token), http.StatusOK, "")
		w.admits(t, core.Guard{}, token, "invalid_token")
		time.Sleep(time.Minute)
		streams(ctx, t)
	})
}

func TestKit_WatchExpiry(t *testing.T) {
	t.Parallel()
	watch(t, func(t *testing.T, w *watching) {
		t.Helper()
		began := time.Now()
		token := w.signInBy(t, config.StrategyOwn, ada)
		ctx := w.stream(t, token)
		for range 47 { // requests extend the session, the stream does not
			time.Sleep(30 * time.Minute)
			w.admits(t, core.Guard{}, token, "")
		}
		streams(ctx, t)
		<-ctx.Done()
		streamEnds(ctx, t, autherr.InvalidToken)
		if took := time.Since(began); took < 24*time.Hour-time.Second || took > 24*time.Hour+time.Second {
			t.Errorf("the stream ended after %v", took)
		}

		began = time.Now()
		idle := w.stream(t, w.signInBy(t, config.StrategyOwn, ada))
		<-idle.Done()
		streamEnds(idle, t, autherr.InvalidToken)
		if took := time.Since(began); took < time.Hour || took > time.Hour+time.Second {
			t.Errorf("the idle stream ended after %v", took)
		}
	})
}

// A stream outlives the access token of its session, and ends with the session.
//
// Cases: S06.
func TestKit_WatchJWT(t *testing.T) {
	t.Parallel()
	watchFormat(t, config.FormatJWT, func(t *testing.T, w *watching) {
		t.Helper()
		first := jwtTokens(t, w.login(t, ada, config.TransportBearer))
		second := jwtTokens(t, w.login(t, ada, config.TransportBearer))
		third := jwtTokens(t, w.login(t, ada, config.TransportBearer))
		revoked, loggedOut, other := w.stream(t, first.access), w.stream(t, second.access), w.stream(t, third.access)
		bobs := w.stream(t, w.signInBy(t, config.StrategyOwn, bob))
		time.Sleep(time.Minute)
		for _, access := range []string{first.access, second.access, third.access} {
			w.admits(t, core.Guard{}, access, "token_expired")
		}
		streams(revoked, t)
		second = jwtTokens(t, w.refresh(t, second.refresh))
		time.Sleep(time.Minute)
		streams(loggedOut, t)

		principal, _ := core.PrincipalFromContext(revoked)
		if err := w.kit.Sessions().Revoke(t.Context(), principal.UserID, principal.SessionID); err != nil {
			t.Fatal(err)
		}
		streamEnds(revoked, t, autherr.InvalidToken)
		streams(loggedOut, t)
		second = jwtTokens(t, w.refresh(t, second.refresh))
		is(t, w.call(t, "POST", "/auth/logout", "", "Authorization", "Bearer "+second.access), http.StatusNoContent, "")
		streamEnds(loggedOut, t, autherr.InvalidToken)
		streams(other, t)
		streams(bobs, t)
	})
}

func TestKit_WatchTokenExpiry(t *testing.T) {
	t.Parallel()
	watch(t, func(t *testing.T, w *watching) {
		t.Helper()
		token := w.signInBy(t, config.StrategyProviderToken, ada)
		var who struct {
			Session struct {
				ExpiresAt time.Time `json:"expires_at"`
			}
		}
		decode(t, w.call(t, "GET", "/auth/session", "", "Authorization", "Bearer "+token), &who)
		ctx := w.stream(t, token)
		time.Sleep(time.Until(who.Session.ExpiresAt) - 1)
		streams(ctx, t)
		time.Sleep(1)
		streamEnds(ctx, t, autherr.TokenExpired)
	})
}

// A stream of a provider's token is canceled with the session at the provider, also if
// the user has no own session there.
func TestKit_WatchProviderSession(t *testing.T) {
	t.Parallel()
	watch(t, func(t *testing.T, w *watching) {
		t.Helper()
		login := func(sid string) string {
			t.Helper()
			payload := w.issuer.Login(ada).Payload()
			payload["session"] = config.StrategyProviderToken
			payload["oauth_token"] = map[string]any{"access_token": w.issuer.AccessToken(ada, providertest.Claim("sid", sid))}
			var response issued
			decode(t, w.call(t, "POST", "/auth/login", text(t, payload)), &response)
			return response.Token.AccessToken
		}
		ended, other := w.stream(t, login("a")), w.stream(t, login("b"))
		streams(ended, t)
		if _, err := w.kit.Signal(t.Context(), core.Signal{Issuer: providertest.CotterIssuer, ProviderSession: "a"}); err != nil {
			t.Fatal(err)
		}
		streamEnds(ended, t, autherr.InvalidToken)
		streams(other, t)
	})
}

func TestKit_WatchStatements(t *testing.T) {
	t.Parallel()
	watch(t, func(t *testing.T, w *watching) {
		t.Helper()
		token := w.signInBy(t, config.StrategyOwn, ada)
		var all []context.Context
		for range 1000 {
			all = append(all, w.stream(t, token))
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := w.finds.Load(); got < 4 || got > 6 {
			t.Errorf("%d statements for %d streams of a session in a minute", got, len(all))
		}
		for _, ctx := range all {
			streams(ctx, t)
		}
	})
}

func TestKit_WatchStorePanics(t *testing.T) {
	t.Parallel()
	watch(t, func(t *testing.T, w *watching) {
		t.Helper()
		ctx := w.stream(t, w.signInBy(t, config.StrategyOwn, ada))
		streams(ctx, t)
		w.down.Store(true)
		time.Sleep(time.Minute)
		streamEnds(ctx, t, autherr.Internal)
	})
}

func TestKit_WatchNoCaller(t *testing.T) {
	t.Parallel()
	watch(t, func(t *testing.T, w *watching) {
		t.Helper()
		streamEnds(w.kit.Watch(t.Context()), t, autherr.Unauthenticated)
		ctx, _ := w.authorize(t, core.Guard{Optional: true}, "cps_invalid")
		streamEnds(w.kit.Watch(ctx), t, autherr.Unauthenticated)
		ctx, _ = w.authorize(t, core.Guard{}, w.signInBy(t, config.StrategyOwn, ada))
		streamEnds(new(core.Kit).Watch(ctx), t, autherr.Unauthenticated)
		streams(w.kit.Watch(ctx), t)
	})
}

func TestKit_WatchClose(t *testing.T) {
	t.Parallel()
	watch(t, func(t *testing.T, w *watching) {
		t.Helper()
		ctx := w.stream(t, w.signInBy(t, config.StrategyOwn, ada))
		streams(ctx, t)
		if err := w.kit.Close(); err != nil {
			t.Fatal(err)
		}
		streamEnds(ctx, t, autherr.TemporarilyUnavailable)
	})
}

// A framework may reuse its context after the handler, for another caller.
func TestKit_WatchKeepsCaller(t *testing.T) {
	t.Parallel()
	watch(t, func(t *testing.T, w *watching) {
		t.Helper()
		ctx, _ := w.authorize(t, core.Guard{}, w.signInBy(t, config.StrategyOwn, ada))
		reused := &reusedContext{Context: t.Context(), value: ctx.Value(core.CallerKey)}
		watched := w.kit.Watch(reused)
		want, _ := core.PrincipalFromContext(ctx)
		reused.value = nil
		if got, ok := core.PrincipalFromContext(watched); !ok || got.UserID != want.UserID {
			t.Errorf("the caller is %+v, want %+v", got, want)
		}
	})
}

// reusedContext has a value that changes.
type reusedContext struct {
	context.Context //nolint:containedctx // it is a context
	value           any
}

func (c *reusedContext) Value(key any) any {
	if key == core.CallerKey {
		return c.value
	}
	return c.Context.Value(key)
}
