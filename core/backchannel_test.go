package core_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// newLogoutHarness opens a kit of the OpenID provider "corp" after edit has changed
// its settings.
func newLogoutHarness(t *testing.T, edit func(*core.Settings)) *harness {
	t.Helper()
	h := &harness{
		issuer: providertest.NewIssuer(t),
		clock:  &clock{now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)},
		log:    &record{},
	}
	h.issuer.Now = h.clock.Now
	s := h.settings()
	h.useOIDC(&s, nil)
	if edit != nil {
		edit(&s)
	}
	h.open(t, s)
	return h
}

// signInAt returns the bearer token of a login with an ID token that has a sid.
func (h *harness) signInAt(t *testing.T, sid string) string {
	t.Helper()
	return h.signInOIDC(t, providertest.Claim("sid", sid))
}

// postLogout posts a logout token for the provider "corp".
func (h *harness) postLogout(t *testing.T, raw string) core.Response {
	t.Helper()
	return h.postForm(t, url.Values{"logout_token": {raw}}.Encode())
}

func (h *harness) postForm(t *testing.T, body string, lines ...string) core.Response {
	t.Helper()
	lines = append([]string{"Content-Type", "application/x-www-form-urlencoded"}, lines...)
	r, ours := h.kit.Adapter().Serve(t.Context(), newRequest("POST", "/auth/backchannel/corp", body, lines...))
	if !ours {
		t.Fatal("the route is not the kit's")
	}
	return r
}

// recognizes checks that each token is recognized, or rejected as invalid_token.
func (h *harness) recognizes(t *testing.T, tokens map[string]bool) {
	t.Helper()
	for token, want := range tokens {
		code := "invalid_token"
		if want {
			code = ""
		}
		h.admits(t, core.Guard{}, token, code)
	}
}

func TestBackchannel_Session(t *testing.T) {
	t.Parallel()
	for _, strategy := range strategies {
		t.Run(strategy, func(t *testing.T) {
			t.Parallel()
			h := newLogoutHarness(t, func(s *core.Settings) {
				if strategy == config.StrategyProviderToken {
					providerToken(nil)(s)
				}
			})
			ended, other, without := h.signInAt(t, "a"), h.signInAt(t, "b"), h.signInOIDC(t)
			h.recognizes(t, map[string]bool{ended: true, other: true, without: true})

			r := h.postLogout(t, h.issuer.LogoutToken("", "a"))
			if r.Status != http.StatusOK || len(r.Body) > 0 || field(r, "Cache-Control") != "no-store" {
				t.Errorf("logout: %d %q, Cache-Control %q", r.Status, r.Body, field(r, "Cache-Control"))
			}
			h.recognizes(t, map[string]bool{ended: false, other: true, without: true})

			again := h.postIDToken(t, providertest.Claim("sid", "a"))
			is(t, again, http.StatusUnauthorized, "invalid_token")
			if !strings.Contains(h.log.String(), `"reason":"provider_session_ended"`) {
				t.Errorf("the log has no reason of the rejected login:\n%s", h.log)
			}
			if r := h.postIDToken(t, providertest.Claim("sid", "b")); r.Status != http.StatusOK {
				t.Errorf("login with another sid: %d %s", r.Status, r.Body)
			}
		})
	}
}

// A provider that uses a sid again locks a user out for login_max_age.
func TestBackchannel_SessionAgain(t *testing.T) {
	t.Parallel()
	h := newLogoutHarness(t, nil)
	h.signInAt(t, "a")
	is(t, h.postLogout(t, h.issuer.LogoutToken("", "a")), http.StatusOK, "")
	h.clock.Advance(15*time.Minute + 30*time.Second) // login_max_age and clock_skew
	is(t, h.postIDToken(t, providertest.Claim("sid", "a")), http.StatusUnauthorized, "invalid_token")
	h.clock.Advance(time.Second)
	h.recognizes(t, map[string]bool{h.signInAt(t, "a"): true})
}

// The sid decides alone: a user's other sessions continue.
func TestBackchannel_SessionAndSubject(t *testing.T) {
	t.Parallel()
	h := newLogoutHarness(t, nil)
	ended, other := h.signInAt(t, "a"), h.signInAt(t, "b")
	is(t, h.postLogout(t, h.issuer.LogoutToken(ada, "a")), http.StatusOK, "")
	h.recognizes(t, map[string]bool{ended: false, other: true})
	is(t, h.postLogout(t, h.issuer.LogoutToken(ada, "unknown")), http.StatusOK, "")
	h.recognizes(t, map[string]bool{other: true})
}

func TestBackchannel_Subject(t *testing.T) {
	t.Parallel()
	for _, strategy := range strategies {
		t.Run(strategy, func(t *testing.T) {
			t.Parallel()
			h := newLogoutHarness(t, func(s *core.Settings) {
				if strategy == config.StrategyProviderToken {
					providerToken(nil)(s)
				}
			})
			first, second := h.signInOIDC(t), h.signInAt(t, "a")
			other := h.signInOIDC(t, providertest.Claim("sub", "another"))
			stolen := h.issuer.OIDCToken(ada)
			h.clock.Advance(time.Second)
			h.recognizes(t, map[string]bool{first: true, second: true, other: true})

			is(t, h.postLogout(t, h.issuer.LogoutToken(ada, "")), http.StatusOK, "")
			h.recognizes(t, map[string]bool{first: false, second: false, other: true})
			posted := text(t, map[string]any{"oauth_token": map[string]any{"id_token": stolen}})
			is(t, h.call(t, "POST", "/auth/login", posted), http.StatusUnauthorized, "invalid_token")
			h.recognizes(t, map[string]bool{h.signInOIDC(t): true})

			is(t, h.postLogout(t, h.issuer.LogoutToken("unknown@example.com", "")), http.StatusOK, "")
		})
	}
}

// Of format "jwt" the refresh ends at once, the access token with access_ttl.
func TestBackchannel_JWT(t *testing.T) {
	t.Parallel()
	h := newLogoutHarness(t, jwtSessions)
	session := jwtTokens(t, h.postIDToken(t, providertest.Claim("sid", "a")))
	session = jwtTokens(t, h.refresh(t, session.refresh))
	is(t, h.postLogout(t, h.issuer.LogoutToken("", "a")), http.StatusOK, "")
	is(t, h.refresh(t, session.refresh), http.StatusUnauthorized, "invalid_token")
	h.admits(t, core.Guard{}, session.access, "")
	h.admits(t, core.Guard{Fresh: true}, session.access, "invalid_token")
	h.clock.Advance(5*time.Minute + time.Second)
	h.admits(t, core.Guard{}, session.access, "token_expired")
}

// A sign-in whose session at the provider was ended adds no identity.
func TestBackchannel_Identities(t *testing.T) {
	t.Parallel()
	h := newPeople(t)
	token := h.signIn(t, ada)
	add := func(sid string) core.Response {
		t.Helper()
		return h.call(t, "POST", "/auth/identities", h.corpPayload(t, atCorp, providertest.Claim("sid", sid)), authorization(token)...)
	}
	is(t, h.postLogout(t, h.issuer.LogoutToken("", "a")), http.StatusOK, "")
	is(t, add("a"), http.StatusUnauthorized, "invalid_token")
	is(t, add("b"), http.StatusCreated, "")
}

// New tokens of an ended session at the provider are no session either.
func TestBackchannel_Refresh(t *testing.T) {
	t.Parallel()
	h := newHarness(t, providerToken(nil))
	h.signIn(t, ada)
	refresh := func(sid string) core.Response {
		t.Helper()
		h.issuer.SetRefreshResponse(map[string]any{"access_token": h.issuer.AccessToken(ada, providertest.Claim("sid", sid))})
		return h.refresh(t, h.issuer.Login(ada).RefreshToken)
	}
	h.wantSignal(t, core.Signal{Issuer: providertest.CotterIssuer, ProviderSession: "a"}, true, "")
	is(t, refresh("a"), http.StatusUnauthorized, "invalid_token")
	is(t, refresh("b"), http.StatusOK, "")
}

// A repeated logout token has no effect: a user who signs in again stays signed in.
func TestBackchannel_Replay(t *testing.T) {
	t.Parallel()
	h := newLogoutHarness(t, nil)
	h.signInOIDC(t)
	raw := h.issuer.LogoutToken(ada, "")
	is(t, h.postLogout(t, raw), http.StatusOK, "")
	h.clock.Advance(time.Second)
	again := h.signInOIDC(t)
	is(t, h.postLogout(t, raw), http.StatusBadRequest, "invalid_request")
	h.recognizes(t, map[string]bool{again: true})
	is(t, h.postLogout(t, h.issuer.LogoutToken(ada, "", providertest.Claim("jti", "another"))), http.StatusOK, "")
	h.recognizes(t, map[string]bool{again: false})
}

// Each token is valid except for one change; the unchanged one is accepted.
func TestBackchannel_Faults(t *testing.T) {
	t.Parallel()
	h := newLogoutHarness(t, func(s *core.Settings) { s.Own.MaxPerUser = 1000 })
	for name, edit := range h.issuer.LogoutFaults() {
		sid := "of " + name
		session := h.signInAt(t, sid)
		h.recognizes(t, map[string]bool{session: true})
		if r := h.postLogout(t, h.issuer.LogoutToken(ada, sid, edit)); r.Status != http.StatusBadRequest {
			t.Errorf("%s: %d %s, want 400", name, r.Status, r.Body)
		}
		h.recognizes(t, map[string]bool{session: true})
		is(t, h.postLogout(t, h.issuer.LogoutToken(ada, sid)), http.StatusOK, "")
		h.recognizes(t, map[string]bool{session: false})
	}
}

func TestBackchannel_Request(t *testing.T) {
	t.Parallel()
	h := newLogoutHarness(t, nil)
	session := h.signInAt(t, "a")
	raw := h.issuer.LogoutToken("", "a")
	form := url.Values{"logout_token": {raw}}.Encode()
	const media = "application/x-www-form-urlencoded"
	for name, c := range map[string]struct {
		method, path, body string
		lines              []string
		status             int
		code               string
	}{
		"another name":    {"POST", "/auth/backchannel/other", form, []string{"Content-Type", media}, 404, "not_found"},
		"no name":         {"POST", "/auth/backchannel/", form, []string{"Content-Type", media}, 404, "not_found"},
		"below the name":  {"POST", "/auth/backchannel/corp/", form, []string{"Content-Type", media}, 404, "not_found"},
		"method":          {"GET", "/auth/backchannel/corp", "", nil, 405, "method_not_allowed"},
		"JSON":            {"POST", "/auth/backchannel/corp", text(t, map[string]string{"logout_token": raw}), []string{"Content-Type", "application/json"}, 415, "unsupported_media_type"},
		"no media type":   {"POST", "/auth/backchannel/corp", form, nil, 415, "unsupported_media_type"},
		"content coding":  {"POST", "/auth/backchannel/corp", form, []string{"Content-Type", media, "Content-Encoding", "gzip"}, 415, "unsupported_media_type"},
		"two media types": {"POST", "/auth/backchannel/corp", form, []string{"Content-Type", media, "Content-Type", media}, 415, "unsupported_media_type"},
		"another charset": {"POST", "/auth/backchannel/corp", form, []string{"Content-Type", media + "; charset=utf-16"}, 415, "unsupported_media_type"},
		"too large":       {"POST", "/auth/backchannel/corp", form + "&a=" + strings.Repeat("a", 64<<10), []string{"Content-Type", media}, 413, "payload_too_large"},
		"no token":        {"POST", "/auth/backchannel/corp", "", []string{"Content-Type", media}, 400, "invalid_request"},
		"two tokens":      {"POST", "/auth/backchannel/corp", form + "&" + form, []string{"Content-Type", media}, 400, "invalid_request"},
		"malformed form":  {"POST", "/auth/backchannel/corp", form + "&a=%zz", []string{"Content-Type", media}, 400, "invalid_request"},
		"in the query":    {"POST", "/auth/backchannel/corp?" + form, "", []string{"Content-Type", media}, 400, "invalid_request"},
		"not a token":     {"POST", "/auth/backchannel/corp", "logout_token=a.b.c", []string{"Content-Type", media}, 400, "invalid_request"},
	} {
		request := newRequest(c.method, c.path, c.body, c.lines...)
		request.Path, request.Query, _ = strings.Cut(c.path, "?")
		r, _ := h.kit.Adapter().Serve(t.Context(), request)
		t.Log(name)
		is(t, r, c.status, c.code)
		h.recognizes(t, map[string]bool{session: true})
	}
	r := h.postForm(t, form+"&further=1", "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site", "Cookie", cookieName+"=a")
	is(t, r, http.StatusOK, "")
	h.recognizes(t, map[string]bool{session: false})
}

// Providers whose tokens have no logout tokens have no route, nor has a kit that
// stores nothing.
func TestBackchannel_Routes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		h    *harness
		want bool
	}{
		"oidc":   {newLogoutHarness(t, nil), true},
		"cotter": {newHarness(t, nil), false},
		"nothing stored": {newLogoutHarness(t, func(s *core.Settings) {
			providerToken(func(p *config.ProviderTokenSession) { p.User = config.UserNone })(s)
			s.Database = nil
		}), false},
	} {
		found := false
		for _, e := range c.h.kit.Endpoints() {
			found = found || strings.Contains(e.Path, "backchannel")
		}
		if found != c.want {
			t.Errorf("%s: there is a route: %t, want %t", name, found, c.want)
		}
	}
}

// failedLogouts is a database whose transactions fail.
type failedLogouts struct {
	database.Database
	failed bool
}

func (f *failedLogouts) Accounts() account.Store { return failedTransactions{f.Database.Accounts(), f} }

type failedTransactions struct {
	account.Store
	f *failedLogouts
}

func (f failedTransactions) Transact(ctx context.Context, locks []string, do func(context.Context, account.Tx) error) error {
	return f.Store.Transact(ctx, locks, func(ctx context.Context, tx account.Tx) error {
		if err := do(ctx, tx); err != nil || !f.f.failed {
			return err
		}
		return errors.New("cannot commit")
	})
}

// What could not be checked or stored is 503, and the same token succeeds later.
func TestBackchannel_Outage(t *testing.T) {
	t.Parallel()
	db := &failedLogouts{Database: memstore.New()}
	h := newLogoutHarness(t, func(s *core.Settings) { s.Database = database.Existing(db) })
	h.issuer.SetJWKS(providertest.Failing)
	raw := h.issuer.LogoutToken("", "a")
	is(t, h.postLogout(t, raw), http.StatusServiceUnavailable, "temporarily_unavailable")
	h.issuer.SetJWKS(providertest.OK)
	h.clock.Advance(11 * time.Second) // until keys are fetched again
	session := h.signInAt(t, "a")

	db.failed = true
	is(t, h.postLogout(t, raw), http.StatusServiceUnavailable, "temporarily_unavailable")
	h.recognizes(t, map[string]bool{session: true})
	db.failed = false
	is(t, h.postLogout(t, raw), http.StatusOK, "")
	h.recognizes(t, map[string]bool{session: false})
}

// Of one token that is posted many times at once, one request ends the sessions.
func TestBackchannel_Concurrent(t *testing.T) {
	t.Parallel()
	h := newLogoutHarness(t, nil)
	raw := h.issuer.LogoutToken("", "a")
	var mu sync.Mutex
	statuses := map[int]int{}
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			r := h.postLogout(t, raw)
			mu.Lock()
			defer mu.Unlock()
			statuses[r.Status]++
		})
	}
	all.Wait()
	if statuses[http.StatusOK] != 1 || statuses[http.StatusBadRequest] != 31 {
		t.Errorf("statuses %v, want one 200 and 31 times 400", statuses)
	}
}
