package integration_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/session"
)

// operation is an operation of the kit with several statements.
type operation struct {
	name    string
	session string // block; default ownSessions
	hook    func(context.Context, core.Registration) error

	times int           // how often the user has logged in before
	later time.Duration // how long ago; default a minute
	trial func(*testing.T, *person) trial

	// stages contains the possible states of the tables when it fails: first
	// the initial state, last the state after a success.
	stages []state

	// succeeds returns the status of a success by the state before it; default
	// 200.
	succeeds func(before state) int

	// again returns the state after a success that began in another state;
	// default: the last stage.
	again func(before state) state

	// done is the status of a retry of an operation that was already performed,
	// at least in part; default: that of a success.
	done int

	anyStage  bool // it succeeds even if it did not reach the last stage
	unbounded bool // it has no deadline
	spends    bool // it may consume the refresh token if the response is late
}

// trial is an operation on a user, which can be repeated.
type trial struct {
	send  func(context.Context) core.Response
	check func(t *testing.T, success core.Response) // on the other node
}

// registration inserts a row for every registered user.
func registration(ctx context.Context, r core.Registration) error {
	if _, err := r.Tx.ExecContext(ctx, fmt.Sprintf("INSERT INTO registrations (user_id) VALUES ('%s')", r.UserID)); err != nil {
		return autherr.StoreFailed(err)
	}
	return nil
}

// known is the state of a registered user.
func known(sessions, active int) state {
	return state{users: 1, identities: 1, sessions: sessions, active: active}
}

// with returns the changed state.
func (s state) with(change func(*state)) state {
	change(&s)
	return s
}

func now(s *state)        { s.signedIn = true }
func registered(s *state) { s.registrations = 1 }
func seen(s *state)       { s.seen = true }
func barred(s *state)     { s.notBefore = true }
func disabled(s *state)   { s.disabled, s.notBefore = true, true }

func always(status int) func(state) int { return func(state) int { return status } }

func createdOnce(before state) int {
	if before.users == 0 {
		return http.StatusCreated
	}
	return http.StatusOK
}

// oneMore is the state after a login: the limit revokes the oldest session.
func oneMore(s state) state {
	s.users, s.identities, s.signedIn = 1, 1, true
	s.sessions++
	s.active = min(s.active+1, maxPerUser)
	return s
}

func operations() []operation {
	return []operation{
		{
			name: "FirstLogin", trial: logIn, succeeds: createdOnce, again: oneMore,
			stages: []state{{}, known(0, 0).with(now), known(1, 1).with(now)},
		},
		{
			name: "FirstLoginWithHook", trial: logIn, succeeds: createdOnce, hook: registration,
			stages: []state{{}, known(0, 0).with(now).with(registered), known(1, 1).with(now).with(registered)},
			again:  func(before state) state { return oneMore(before).with(registered) },
		},
		{
			name: "Login", times: 1, trial: logIn, again: oneMore,
			stages: []state{known(1, 1), known(2, 2).with(now)},
		},
		{
			name: "LoginContinuingSession", times: 1, trial: continueSession,
			stages: []state{known(1, 1), known(1, 1).with(now)},
			again: func(before state) state {
				if before.signedIn { // the presented token was replaced
					return oneMore(before)
				}
				return before.with(now)
			},
		},
		{
			name: "LoginOverLimit", times: maxPerUser, trial: logIn, again: oneMore,
			stages: []state{known(3, 3), known(4, 3).with(now)},
		},
		{name: "Guard", times: 1, trial: guard, stages: []state{known(1, 1)}},
		{
			name: "GuardRecordingLastSeen", times: 1, later: 2 * time.Hour, trial: guard, anyStage: true,
			stages: []state{known(1, 1), known(1, 1).with(seen)},
		},
		{name: "GuardOfProviderToken", session: tokenCookie, times: 1, trial: guard, stages: []state{known(0, 0)}},
		{name: "WhoAmI", times: 1, trial: read("/auth/session"), stages: []state{known(1, 1)}},
		{name: "List", times: 2, trial: read("/auth/sessions"), stages: []state{known(2, 2)}},
		{name: "Refresh", session: tokenBearer, times: 1, trial: refresh, spends: true, stages: []state{known(0, 0)}},
		{
			name: "Logout", times: 1, trial: logOut, succeeds: always(http.StatusNoContent),
			stages: []state{known(1, 1), known(1, 0)},
		},
		{
			name: "RevokeOne", times: 2, trial: revokeOne, succeeds: always(http.StatusNoContent), done: http.StatusNotFound,
			stages: []state{known(2, 2), known(2, 1)},
		},
		{
			name: "RevokeOthers", times: 3, trial: revoke("others", 1), succeeds: always(http.StatusNoContent),
			stages: []state{known(3, 3), known(3, 1)},
		},
		{
			name: "RevokeAll", times: 2, trial: revoke("all", 2), succeeds: always(http.StatusNoContent), done: http.StatusUnauthorized,
			stages: []state{known(2, 2), known(2, 2).with(barred), known(2, 0).with(barred)},
		},
		{
			name: "Disable", times: 1, trial: disable, unbounded: true,
			stages: []state{known(1, 1), known(1, 1).with(disabled), known(1, 0).with(disabled)},
		},
		{
			name: "Enable", times: 1, trial: enable, unbounded: true,
			stages: []state{known(1, 0).with(disabled), known(1, 0).with(barred)},
		},
		{
			name: "Delete", times: 1, trial: remove, done: http.StatusNotFound, unbounded: true,
			stages: []state{known(1, 1), {}},
		},
		{
			name: "Sweep", times: 2, later: 2 * time.Hour, trial: sweep, unbounded: true,
			stages: []state{known(2, 0).with(barred), known(0, 0).with(barred)},
		},
	}
}

func logIn(t *testing.T, p *person) trial { t.Helper(); return p.posts(t) }

func continueSession(t *testing.T, p *person) trial {
	t.Helper()
	login := p.posts(t, "Cookie", p.cookies[0])
	check := login.check
	login.check = func(t *testing.T, success core.Response) {
		t.Helper()
		check(t, success)
		p.nodes.recognizes(t, http.StatusUnauthorized, "Cookie", p.cookies[0])
	}
	return login
}

// posts is a login, which is repeated with the same payload.
func (p *person) posts(t *testing.T, lines ...string) trial {
	t.Helper()
	body := string(p.nodes.issuer.Login(p.login.Identifier).Body())
	return trial{
		send: func(ctx context.Context) core.Response {
			return send(ctx, p.nodes.faulty, "POST", "/auth/login", body, lines...)
		},
		check: func(t *testing.T, success core.Response) {
			t.Helper()
			cookies := toReply(success).Cookies
			if len(cookies) != 1 {
				t.Fatalf("%d cookies", len(cookies))
			}
			p.nodes.recognizes(t, http.StatusOK, "Cookie", cookieName+"="+cookies[0].Value)
		},
	}
}

func guard(_ *testing.T, p *person) trial {
	return trial{
		send: func(ctx context.Context) core.Response {
			ctx, refusal := p.nodes.faulty.Adapter().Authorize(ctx, message("GET", "/api/me", "", "Cookie", p.cookies[0]), http.Header{}, core.Guard{})
			if refusal != nil {
				return *refusal
			}
			caller, _ := core.PrincipalFromContext(ctx)
			return core.Response{Status: http.StatusOK, Body: []byte(caller.UserID.String())}
		},
		check: func(t *testing.T, success core.Response) {
			t.Helper()
			if got := string(success.Body); got != p.userID {
				t.Errorf("the caller is %s, not %s", got, p.userID)
			}
		},
	}
}

func read(path string) func(*testing.T, *person) trial {
	return func(_ *testing.T, p *person) trial {
		whole := send(context.Background(), p.nodes.sound, "GET", path, "", "Cookie", p.cookies[0])
		return trial{
			send: func(ctx context.Context) core.Response {
				return send(ctx, p.nodes.faulty, "GET", path, "", "Cookie", p.cookies[0])
			},
			check: func(t *testing.T, success core.Response) {
				t.Helper()
				if string(success.Body) != string(whole.Body) {
					t.Errorf("got %s, want %s", success.Body, whole.Body)
				}
			},
		}
	}
}

func refresh(_ *testing.T, p *person) trial {
	return trial{
		send: func(ctx context.Context) core.Response {
			return send(ctx, p.nodes.faulty, "POST", "/auth/refresh", encode(map[string]string{"refresh_token": p.login.RefreshToken}))
		},
		check: func(t *testing.T, success core.Response) {
			t.Helper()
			var s signedIn
			toReply(success).decode(t, &s)
			p.nodes.recognizes(t, http.StatusOK, "Authorization", "Bearer "+s.Token.AccessToken)
			p.login.RefreshToken = s.Token.RefreshToken
		},
	}
}

func logOut(_ *testing.T, p *person) trial {
	return p.ends("/auth/logout", "", p.cookies...)
}

// ends is a request with the first session that revokes some sessions.
func (p *person) ends(path, body string, revoked ...string) trial {
	return trial{
		send: func(ctx context.Context) core.Response {
			return send(ctx, p.nodes.faulty, "POST", path, body, "Cookie", p.cookies[0])
		},
		check: func(t *testing.T, _ core.Response) {
			t.Helper()
			for _, cookie := range revoked {
				p.nodes.recognizes(t, http.StatusUnauthorized, "Cookie", cookie)
			}
		},
	}
}

func revoke(which string, revoked int) func(*testing.T, *person) trial {
	return func(_ *testing.T, p *person) trial {
		return p.ends("/auth/sessions/revoke", `{"`+which+`":true}`, p.cookies[len(p.cookies)-revoked:]...)
	}
}

func revokeOne(t *testing.T, p *person) trial {
	t.Helper()
	var who struct{ Session struct{ ID string } }
	r := send(t.Context(), p.nodes.sound, "GET", "/auth/session", "", "Cookie", p.cookies[1])
	if err := json.Unmarshal(r.Body, &who); err != nil {
		t.Fatal(err)
	}
	return p.ends("/auth/sessions/revoke", encode(map[string]string{"id": who.Session.ID}), p.cookies[1])
}

// administers is a call of a method, whose error is rendered as by the kit. It
// leaves no session active.
func (p *person) administers(t *testing.T, call func(context.Context, uuid.UUID) error) trial {
	t.Helper()
	id, err := uuid.Parse(p.userID)
	if err != nil {
		t.Fatal(err)
	}
	return trial{
		send: func(ctx context.Context) core.Response {
			if err := call(ctx, id); err != nil {
				return p.nodes.faulty.Adapter().Render(ctx, message("POST", "/", ""), err)
			}
			return core.Response{Status: http.StatusOK}
		},
		check: func(t *testing.T, _ core.Response) {
			t.Helper()
			p.nodes.recognizes(t, http.StatusUnauthorized, "Cookie", p.cookies[0])
		},
	}
}

func disable(t *testing.T, p *person) trial {
	t.Helper()
	return p.administers(t, p.nodes.faulty.Users().Disable)
}

func enable(t *testing.T, p *person) trial {
	t.Helper()
	if err := p.nodes.sound.Users().Disable(t.Context(), uuid.MustParse(p.userID)); err != nil {
		t.Fatal(err)
	}
	return p.administers(t, p.nodes.faulty.Users().Enable)
}

func remove(t *testing.T, p *person) trial {
	t.Helper()
	return p.administers(t, p.nodes.faulty.Users().Delete)
}

func sweep(t *testing.T, p *person) trial {
	t.Helper()
	if err := p.nodes.sound.Sessions().RevokeAll(t.Context(), uuid.MustParse(p.userID)); err != nil {
		t.Fatal(err)
	}
	p.nodes.clock.advance(2 * time.Hour)
	own := session.NewOwn(config.OwnSession{}, p.nodes.stored.Sessions(), p.nodes.clock.Now, slog.New(slog.DiscardHandler))
	return p.administers(t, func(ctx context.Context, _ uuid.UUID) error {
		_, err := own.Sweep(ctx)
		return err
	})
}
