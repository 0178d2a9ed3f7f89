package integration_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// form sets a body of a form with one member.
func form(name, value string) with {
	return func(r *request) {
		r.body = url.Values{name: {value}}.Encode()
		r.lines = append(r.lines, "Content-Type: application/x-www-form-urlencoded", fmt.Sprintf("Content-Length: %d", len(r.body)))
	}
}

// logout posts a logout token of the provider "corp", as its server does.
func (p *program) logout(t *testing.T, token string, changes ...with) reply {
	t.Helper()
	p.add(token)
	return p.send(t, "POST", "/auth/backchannel/corp", append([]with{form("logout_token", token)}, changes...)...)
}

// signInAt signs a user of the provider "corp" in with a sid, and returns the bearer
// token of the session.
func (p *program) signInAt(t *testing.T, issuer *providertest.Issuer, person, sid string) with {
	t.Helper()
	payload := postedID(issuer.OIDCToken(person, providertest.Claim("sid", sid)))
	payload["transport"] = config.TransportBearer
	a := p.login(t, payload)
	var body struct {
		Token struct {
			AccessToken string `json:"access_token"`
		} `json:"token"`
	}
	a.decode(t, &body)
	if body.Token.AccessToken == "" {
		t.Fatalf("login: %d %s", a.Status, a.Body)
	}
	p.add(body.Token.AccessToken)
	return bearer(body.Token.AccessToken)
}

// Each logout token is valid except for one change, and has no effect. The unchanged
// one revokes the session.
func TestBackchannel_Faults(t *testing.T) {
	t.Parallel()
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		s := newScenes(t, framework).on(servable()[0])
		issuer := s.issuer()
		p := s.start(t, `session "own" {
  transport    = ["cookie", "bearer"]
  max_per_user = 1000
}`, corp(issuer))
		faults := issuer.LogoutFaults()
		for _, name := range slices.Sorted(maps.Keys(faults)) {
			sid := "of " + name
			session := p.signInAt(t, issuer, ada, sid)
			p.me(t, session)
			p.logout(t, issuer.LogoutToken(ada, sid, faults[name])).is(t, http.StatusBadRequest, "invalid_request")
			p.me(t, session)
			p.logout(t, issuer.LogoutToken(ada, sid)).is(t, http.StatusOK, "")
			p.rejects(t, session)
		}
	})
}

// Requests that contain no logout token of the provider are refused alike on each
// framework, and the origin of a valid one is not considered.
func TestBackchannel_Requests(t *testing.T) {
	t.Parallel()
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		s := newScenes(t, framework).on(servable()[0])
		issuer := s.issuer()
		p := s.start(t, ownSession, corp(issuer))
		session, token := p.signInAt(t, issuer, ada, "a"), issuer.LogoutToken("", "a")
		p.add(token)
		const path = "/auth/backchannel/corp"
		p.send(t, "POST", "/auth/backchannel/other", form("logout_token", token)).is(t, http.StatusNotFound, "not_found")
		p.send(t, "POST", "/auth/backchannel/cotter", form("logout_token", token)).is(t, http.StatusNotFound, "not_found")
		p.send(t, "GET", path).is(t, http.StatusMethodNotAllowed, "method_not_allowed")
		p.send(t, "POST", path, posting(encode(map[string]any{"logout_token": token}))).is(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
		p.send(t, "POST", path, form("token", token)).is(t, http.StatusBadRequest, "invalid_request")
		p.send(t, "POST", path, func(r *request) {
			form("logout_token", token)(r)
			form("logout_token", token+"&logout_token="+token)(r)
			r.lines = append(r.lines[:2], r.lines[4:]...)
		}).is(t, http.StatusBadRequest, "invalid_request")
		p.me(t, session)

		a := p.logout(t, token, line("Origin", "https://evil.example"), line("Sec-Fetch-Site", "cross-site"), line("Cookie", cookieName+"=a"))
		a.is(t, http.StatusOK, "")
		if a.Body != "" || a.Header.Get("Content-Length") != "0" || a.Header["Content-Type"] != nil || len(a.Cookies) > 0 {
			t.Errorf("the response has the body %q and the fields %q, want an empty one without type", a.Body, a.Header)
		}
		p.rejects(t, session)
	})
}

// The effects of a logout token are the same on each database, for both strategies.
func TestBackchannel_Effects(t *testing.T) {
	t.Parallel()
	onEach(t, servable(), func(t *testing.T, b backend) {
		t.Helper()
		s := newScenes(t, frameworks[0]).on(b)
		issuer := s.issuer()
		for _, block := range []string{ownSession, tokenBearer} {
			p := s.start(t, block, corp(issuer))
			ended, other, eve := p.signInAt(t, issuer, ada, "a"), p.signInAt(t, issuer, ada, "b"), p.signInAt(t, issuer, "eve@example.com", "c")
			for _, session := range []with{ended, other, eve} {
				p.me(t, session)
			}
			p.logout(t, issuer.LogoutToken("", "a")).is(t, http.StatusOK, "")
			p.rejects(t, ended)
			p.me(t, other)
			p.login(t, postedID(issuer.OIDCToken(ada, providertest.Claim("sid", "a")))).is(t, http.StatusUnauthorized, "invalid_token")

			token := issuer.LogoutToken(ada, "")
			p.logout(t, token).is(t, http.StatusOK, "")
			p.rejects(t, other)
			p.me(t, eve)
			issuer.Now = time.Now
			again := p.signInAt(t, issuer, ada, "d")
			issuer.Now = past(time.Now)
			p.logout(t, token).is(t, http.StatusBadRequest, "invalid_request")
			p.me(t, again)
			p.logout(t, issuer.LogoutToken("unknown@example.com", "")).is(t, http.StatusOK, "")
		}
	})
}

// Logins with a sid that ends meanwhile leave no session, and of one logout token
// that is posted many times one request succeeds.
func TestBackchannel_Races(t *testing.T) {
	t.Parallel()
	onEach(t, servable(), func(t *testing.T, b backend) {
		t.Helper()
		s := newScenes(t, frameworks[0]).on(b)
		issuer := s.issuer()
		p := s.start(t, ownSession, corp(issuer))
		p.signInAt(t, issuer, ada, "first")
		payload := postedID(issuer.OIDCToken(ada, providertest.Claim("sid", "a")))
		payload["transport"] = config.TransportBearer
		token := issuer.LogoutToken("", "a")
		p.addTokens(payload)
		p.add(token)

		const racers = 32
		var mu sync.Mutex
		var sessions []with
		statuses := map[int]int{}
		var all sync.WaitGroup
		for range racers {
			all.Go(func() {
				a, err := p.try("POST", "/auth/login", posting(encode(payload)))
				var body struct {
					Token struct {
						AccessToken string `json:"access_token"`
					} `json:"token"`
				}
				if err != nil || a.Status != http.StatusOK && a.Status != http.StatusUnauthorized {
					t.Errorf("login: %d %s %v", a.Status, a.Body, err)
					return
				}
				a.decode(t, &body)
				mu.Lock()
				defer mu.Unlock()
				if body.Token.AccessToken != "" {
					p.add(body.Token.AccessToken)
					sessions = append(sessions, bearer(body.Token.AccessToken))
				}
			})
			all.Go(func() {
				a, err := p.try("POST", "/auth/backchannel/corp", form("logout_token", token))
				if err != nil {
					t.Errorf("logout: %v", err)
				}
				mu.Lock()
				defer mu.Unlock()
				statuses[a.Status]++
			})
		}
		all.Wait()
		if statuses[http.StatusOK] != 1 || statuses[http.StatusBadRequest] != racers-1 {
			t.Errorf("the statuses of one logout token are %v, want one 200 and %d times 400", statuses, racers-1)
		}
		for _, session := range sessions {
			p.rejects(t, session)
		}
	})
}
