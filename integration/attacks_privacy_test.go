package integration_test

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// privacyAttacks are the attacks on the contents of responses, logs and tables.
var privacyAttacks = map[string]attack{
	"P01": {run: secretsAtRest, stored: true},
	"P02": {run: brokenTables, stored: true},
	"P03": {run: lineBreakingValues, stored: true},
	"P04": {run: loggedEvents},
	"P05": {run: sameReplyPerCode},
	"P06": {run: refusalDurations},
	"P07": {run: membersOfResponses},
	"P10": {run: cookiesOfRejectedLogins, stored: true},
}

// secretsAtRest checks that the search for secrets at the end of every program
// finds them.
func secretsAtRest(t *testing.T, s *scene) {
	person := uniqueEmail(t, "ada")
	for _, session := range []string{ownSession, tokenCookie} {
		p := s.start(t, session)
		login := s.issuer().Login(person)
		me := p.signedIn(t, p.login(t, login.Payload()))
		p.rejects(t, bearer(login.IDToken))
		p.refused(t, providertest.SubjectOf(person), map[string]any{"oauth_token": map[string]any{"access_token": login.AccessToken + "x"}},
			http.StatusUnauthorized, "invalid_token")
		if session == ownSession {
			p.me(t, p.signInByToken(t, s.issuer(), person).credential)
		} else {
			exchange := posting(encode(map[string]string{"refresh_token": login.RefreshToken}))
			p.signedInAgain(t, p.send(t, "POST", "/auth/refresh", exchange))
			p.send(t, "POST", "/auth/refresh", exchange).is(t, http.StatusUnauthorized, "invalid_token")
		}
		p.me(t, me.credential)
		p.end(t)
		searched := strings.Contains(p.log, me.User.ID) && strings.Contains(p.kept, person) && strings.Contains(p.kept, me.Session.ID)
		if !searched {
			t.Errorf("the log or the tables were not searched:\n%s\n%s", p.log, p.kept)
		}
		if len(p.leaks(p.log+p.kept+login.AccessToken)) == 0 {
			t.Error("a planted token is not found")
		}
	}
}

// brokenTables drops the tables of a running program, and checks that its
// responses contain no details.
func brokenTables(t *testing.T, s *scene) {
	p := s.start(t, ownSession)
	person := uniqueEmail(t, "ada")
	me := p.signIn(t, s.issuer(), person)
	payload := encode(s.issuer().Login(person).Payload())
	requests := []struct {
		table, method, path string
		sent                with
	}{
		{"auth_sessions", "GET", "/api/me", me.credential},
		{"auth_sessions", "GET", "/api/public", me.credential},
		{"auth_sessions", "GET", "/auth/session", me.credential},
		{"auth_sessions", "GET", "/auth/sessions", me.credential},
		{"auth_sessions", "POST", "/auth/sessions/revoke", both(me.credential, posting(`{"all":true}`))},
		{"auth_sessions", "POST", "/auth/logout", me.credential},
		{"auth_sessions", "POST", "/auth/login", posting(payload)},
		{"auth_identities", "POST", "/auth/login", posting(payload)},
		{"auth_identities", "GET", "/auth/session", me.credential},
	}
	db, err := p.database.alter()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rename := func(from, to string) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), "ALTER TABLE "+from+" RENAME TO "+to); err != nil {
			t.Fatal(err)
		}
	}
	var first string
	for _, r := range requests {
		p.me(t, me.credential)
		rename(r.table, "hidden")
		a := p.send(t, r.method, r.path, r.sent)
		rename("hidden", r.table)
		a.is(t, http.StatusServiceUnavailable, "temporarily_unavailable")
		a.setsNothing(t)
		for _, part := range []string{"auth_", "hidden", "table", "elect", "SQL", "sql", "relation", "goroutine", ".go", "/tmp", p.directory, "cotterpin-"} {
			if strings.Contains(a.Body, part) {
				t.Errorf("%s %s contains %q: %s", r.method, r.path, part, a.Body)
			}
		}
		if got := p.normal(a); first == "" {
			first = got
		} else if got != first {
			t.Errorf("%s %s:\n%s\nthe first was\n%s", r.method, r.path, got, first)
		}
	}
	p.me(t, me.credential)
	p.end(t)
	if n := strings.Count(p.log, `"level":"ERROR"`); n != len(requests) {
		t.Errorf("the log contains %d failures, want %d", n, len(requests))
	}
}

// lineBreakingValues are values of a client or provider that would end a line
// of a log, color a terminal, or look like another event.
func lineBreakingValues(t *testing.T, s *scene) {
	p := s.start(t, ownSession)
	person := uniqueEmail(t, "ada")
	posted := func(token string) map[string]any {
		return map[string]any{"oauth_token": map[string]any{"access_token": token}}
	}
	p.login(t, posted(s.issuer().AccessToken(person))).is(t, http.StatusCreated, "")
	const event = `{"time":"2026-01-01T00:00:00Z","level":"INFO","msg":"login","event":"authn_login_success","user_id":"forged"}`
	malicious := []string{
		"\r\n" + event, "\n" + event + "\n", "\x1b[31mred\x1b[0m", `","event":"forged`, `"}` + event, "\u2028" + event, "\u0085" + event,
		"\x00", "\x7f\b\v\f", "\u202e\u2066", strings.Repeat("x", 5000), "\ufffd", "\u00e9\u4e16",
	}
	for i, text := range malicious {
		for name, bad := range map[string]string{
			"kid": s.issuer().AccessToken(person, providertest.Header("kid", text)),
			"alg": s.issuer().AccessToken(person, providertest.Header("alg", text)),
			"iss": s.issuer().AccessToken(person, providertest.Claim("iss", text)),
			"aud": s.issuer().AccessToken(person, providertest.Claim("aud", text)),
		} {
			a := p.login(t, posted(bad))
			a.is(t, http.StatusUnauthorized, "invalid_token")
			if strings.Contains(a.Body, "forged") || strings.Contains(a.Body, "\x1b") {
				t.Errorf("%s is in the response: %s", name, a.Body)
			}
		}
		// Values that only describe a user may contain anything, and are stored
		// as far as possible.
		for name, odd := range map[string]string{
			"sub":                   s.issuer().AccessToken(person, providertest.Claim("sub", text)),
			"identifier":            s.issuer().AccessToken(person, providertest.Claim("identifier", text)),
			"authentication_method": s.issuer().AccessToken(person, providertest.Claim("authentication_method", text)),
			"jti":                   s.issuer().AccessToken(person, providertest.Claim("jti", text)),
		} {
			a := p.login(t, posted(odd))
			if a.Status >= http.StatusInternalServerError {
				t.Errorf("%s number %d: %d %s", name, i, a.Status, a.Body)
			}
		}
		escaped := url.QueryEscape(text)
		p.send(t, "GET", "/auth/"+escaped[:min(len(escaped), 4000)]).is(t, http.StatusNotFound, "not_found")
		p.send(t, "GET", "/auth/session?"+escaped[:min(len(escaped), 4000)]).is(t, http.StatusUnauthorized, "unauthenticated")
		body := p.login(t, map[string]any{"email": text, "oauth_token": posted(s.issuer().AccessToken(person))["oauth_token"]})
		body.is(t, http.StatusBadRequest, "identity_mismatch")
	}
	for _, agent := range []string{`" {"event":"forged"}`, "\xff\xfe", "\xc2\x85" + event, "\xe2\x80\xa8" + event, "%0a" + event, strings.Repeat("x", 8000)} {
		a := p.login(t, posted(s.issuer().AccessToken(person)), func(r *request) { r.lines[1] = "User-Agent: " + agent })
		a.is(t, http.StatusOK, "")
		listed := p.send(t, "GET", "/auth/sessions", p.signedIn(t, a).credential)
		listed.is(t, http.StatusOK, "")
		if !json.Valid([]byte(listed.Body)) {
			t.Errorf("%q", listed.Body)
		}
	}
	p.end(t) // checks each line
	for line := range strings.Lines(p.log) {
		var logged map[string]any
		json.Unmarshal([]byte(line), &logged)
		if logged["user_id"] == "forged" || logged["event"] == "forged" {
			t.Errorf("an event is forged: %s", line)
		}
	}
}

// event is a line of a log about a user.
type event struct {
	Event     string    `json:"event"`
	Time      time.Time `json:"time"`
	Reason    string    `json:"reason"`
	UserID    string    `json:"user_id"`
	SessionID string    `json:"session_id"`
	Address   string    `json:"address"`
	RequestID string    `json:"request_id"`
}

// events returns the events of some types in the log of a program.
func (p *program) events(t *testing.T, types ...string) (all []event) {
	t.Helper()
	for line := range strings.Lines(p.log) {
		var e event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if _, offset := e.Time.Zone(); offset != 0 || !strings.Contains(line, `Z","level"`) {
			t.Errorf("the time is not in UTC: %s", line)
		}
		if slices.Contains(types, e.Event) {
			all = append(all, e)
		}
	}
	return all
}

func loggedEvents(t *testing.T, s *scene) {
	person := uniqueEmail(t, "ada")
	began := time.Now().Add(-time.Second)
	own := s.start(t, ownSession)
	login := func(changes ...with) signedIn { return own.signIn(t, s.issuer(), person, changes...) }
	var want []event
	expect := func(name, reason string, of signedIn) {
		want = append(want, event{Event: name, Reason: reason, UserID: of.User.ID, SessionID: of.Session.ID, Address: "127.0.0.1"})
	}
	one := login()
	expect("authn_login_success", "", one)
	own.refused(t, providertest.SubjectOf(person), map[string]any{"oauth_token": map[string]any{
		"access_token": s.issuer().AccessToken(person, providertest.ForgedBy(providertest.NewKey(s.issuer().Key().ID))),
	}}, http.StatusUnauthorized, "invalid_token")
	expect("authn_login_fail", "bad_signature", signedIn{})
	continued := login(one.credential)
	continued.Session.ID = one.Session.ID
	expect("authn_login_success", "", continued)
	other := own.signIn(t, s.issuer(), uniqueEmail(t, "eve"))
	expect("authn_login_success", "", other)
	two := login(other.credential)
	expect("authn_logout", "replaced_by_login", other)
	expect("authn_login_success", "", two)
	own.send(t, "POST", "/auth/logout", two.credential).is(t, http.StatusNoContent, "")
	expect("authn_logout", "logout", two)
	own.send(t, "POST", "/auth/logout", two.credential).is(t, http.StatusNoContent, "") // no session is revoked
	own.send(t, "POST", "/auth/logout").is(t, http.StatusNoContent, "")
	own.rejects(t, two.credential)
	expect("request_refused", "session_revoked", signedIn{})
	three, four := login(), login()
	expect("authn_login_success", "", three)
	expect("authn_login_success", "", four)
	revoke := func(of signedIn, body string) {
		t.Helper()
		own.send(t, "POST", "/auth/sessions/revoke", of.credential, posting(body)).is(t, http.StatusNoContent, "")
	}
	revoke(four, encode(map[string]string{"id": three.Session.ID}))
	expect("session_revoked", "revoked", three)
	revoke(four, `{"others":true}`)
	expect("session_revoked", "revoked_others", four)
	revoke(four, `{"all":true}`)
	four.Session.ID = ""
	expect("session_revoked", "revoked_all", four)
	own.end(t)
	compareEvents(t, began, own.events(t, "authn_login_success", "authn_login_fail", "authn_logout", "session_revoked", "request_refused"), want)

	want = nil
	providerToken := s.start(t, tokenBearer)
	tokens := s.issuer().Login(person)
	me := providerToken.signedIn(t, providerToken.login(t, tokens.Payload()))
	exchange := posting(encode(map[string]string{"refresh_token": tokens.RefreshToken}))
	providerToken.signedInAgain(t, providerToken.send(t, "POST", "/auth/refresh", exchange))
	expect("authn_token_refreshed", "", me)
	providerToken.send(t, "POST", "/auth/refresh", exchange).is(t, http.StatusUnauthorized, "invalid_token")
	expect("authn_refresh_fail", "provider_refused", signedIn{})
	providerToken.end(t)
	compareEvents(t, began, providerToken.events(t, "authn_token_refreshed", "authn_refresh_fail"), want)
}

// compareEvents compares all fields except the times, which must be recent.
func compareEvents(t *testing.T, began time.Time, got, want []event) {
	t.Helper()
	for i := range got {
		if got[i].Time.Before(began) || got[i].Time.After(time.Now()) {
			t.Errorf("%s happened at %v", got[i].Event, got[i].Time)
		}
		if refused := got[i].Reason != "" && got[i].UserID == ""; refused != (got[i].RequestID != "") {
			t.Errorf("%s has the request id %q", got[i].Event, got[i].RequestID)
		}
		got[i].Time, got[i].RequestID = time.Time{}, ""
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// inProduction returns a program in production mode. Its issuer is that of the
// scene, over TLS.
func (s *scene) inProduction(t *testing.T, session string) *program {
	t.Helper()
	origin, err := url.Parse(s.issuer().URL())
	if err != nil {
		t.Fatal(err)
	}
	overTLS := httptest.NewTLSServer(httputil.NewSingleHostReverseProxy(origin))
	t.Cleanup(overTLS.Close)
	authority := filepath.Join(t.TempDir(), "ca.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: overTLS.Certificate().Raw})
	if err := os.WriteFile(authority, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	return s.start(t, session, atHTTPS, sameSiteOrigin,
		edit{`mode            = "development"`, "login_failures = 0"},
		edit{s.issuer().CotterURL(), overTLS.URL + "/api/v0"},
		edit{"trust ", fmt.Sprintf("http {\n ca_file = %q\n }\n trust ", authority)},
		edit{"path = ", "migrate = \"apply\"\n path = "})
}

// sameReplyPerCode checks that responses with the same code are equal: status,
// header fields and body.
func sameReplyPerCode(t *testing.T, s *scene) {
	i, person := s.issuer(), uniqueEmail(t, "ada")
	valid := i.AccessToken(person)
	foreign := providertest.NewKey(i.Key().ID)
	hourAgo := time.Now().Add(-time.Hour).Unix()
	header, rest, _ := strings.Cut(valid, ".")
	invalid := []string{"x", "..", valid + "x", valid + "=", header + "." + rest + "." + rest, "a.a.a.a.a", strings.Repeat("a.", 4000)}
	for _, edit := range []providertest.Edit{
		providertest.Unsigned(), providertest.MAC(i.Key().PEM()), providertest.ForgedBy(foreign),
		providertest.Header("kid", "unknown"), providertest.Header("kid", nil), providertest.Header("kid", 7), providertest.Header("jwk", i.Key().JWK()),
		providertest.Header("crit", []string{"exp"}), providertest.Header("typ", "at+jwt"), providertest.Header("alg", "es256"),
		providertest.Claim("iss", "https://evil.example"), providertest.Claim("iss", nil), providertest.Claim("aud", "c0ffee00-0c52-4f52-9a3e-7d8f0a1b2c3d"),
		providertest.Claim("aud", nil), providertest.Claim("aud", []string{providertest.Audience}), providertest.Claim("sub", nil), providertest.Claim("sub", ""),
		providertest.Claim("sub", uuid.Nil.String()), providertest.Claim("exp", nil), providertest.Claim("exp", "9999999999"),
		providertest.Claim("iat", nil), providertest.Claim("iat", time.Now().Add(time.Hour).Unix()), providertest.Claim("nbf", time.Now().Add(time.Hour).Unix()),
		providertest.Claim("type", "client_id_token"), providertest.Claim("scope", "openid"), providertest.RawClaims(`{"iss":"x","iss":"x"}`),
		providertest.Claim("filler", strings.Repeat("x", 30_000)),
	} {
		invalid = append(invalid, i.AccessToken(person, edit))
	}
	expired := []string{
		i.AccessToken(person, providertest.Claim("iat", hourAgo-60), providertest.Claim("exp", hourAgo)),
		i.AccessToken(person, providertest.Claim("iat", hourAgo-3600), providertest.Claim("exp", hourAgo+60)),
	}

	providerToken := s.inProduction(t, "session \"provider_token\" {\n}")
	own := s.inProduction(t, ownSession)
	for _, p := range []*program{providerToken, own} {
		post := func(token string) reply {
			return p.login(t, map[string]any{"oauth_token": map[string]any{"access_token": token}})
		}
		post(valid).is(t, http.StatusCreated, "")
		p.sameReplies(t, "invalid_token", invalid, post)
		p.sameReplies(t, "token_expired", append(expired, i.AccessToken(person, providertest.Claim("iat", hourAgo))), post)
	}
	sendBearer := func(token string) reply { return providerToken.send(t, "GET", "/api/me", bearer(token)) }
	sendBearer(valid).is(t, http.StatusOK, "")
	short := slices.DeleteFunc(invalid, func(token string) bool { return len(token) > 12_000 }) // fits into a header
	providerToken.sameReplies(t, "invalid_token", append(short, "", "x y", "\x80"), sendBearer)
	providerToken.sameReplies(t, "token_expired", expired, sendBearer)

	me, out := own.signInByToken(t, i, person), own.signInByToken(t, i, person)
	own.send(t, "POST", "/auth/logout", out.credential).is(t, http.StatusNoContent, "")
	lookup, secret, _ := strings.Cut(me.Token.AccessToken, ".")
	sendOwnBearer := func(token string) reply { return own.send(t, "GET", "/auth/session", bearer(token)) }
	sendOwnBearer(me.Token.AccessToken).is(t, http.StatusOK, "")
	own.sameReplies(t, "invalid_token", []string{
		"x", "", out.Token.AccessToken, lookup, lookup + ".", lookup + "." + strings.Repeat("A", 43), "cps_" + strings.Repeat("A", 22) + "." + secret,
		me.Token.AccessToken + "A", strings.ToUpper(me.Token.AccessToken), valid, expired[0],
	}, sendOwnBearer)
	own.sameReplies(t, "unauthenticated", []string{"Basic eDp5", "Digest x", "BearerX y", "x"}, func(value string) reply {
		return own.send(t, "GET", "/auth/session", authorization(value))
	})
}

// sameReplies checks that values are refused with a code, and all with the same
// bytes.
func (p *program) sameReplies(t *testing.T, code string, values []string, send func(string) reply) {
	t.Helper()
	var first string
	for _, text := range values {
		a := send(text)
		a.is(t, http.StatusUnauthorized, code)
		a.setsNothing(t)
		if strings.Contains(a.Body, "detail") {
			t.Errorf("%.60q: the response has a detail in production: %s", text, a.Body)
		}
		if got := p.normal(a); first == "" {
			first = got
		} else if got != first {
			t.Errorf("%.60q:\n%s\nthe first was\n%s", text, got, first)
		}
	}
}

// refusalDurations logs how long refusals take. It has no limit, because other
// programs run on the machine.
func refusalDurations(t *testing.T, s *scene) {
	const rounds = 100
	p := s.program(ownSession)
	person := uniqueEmail(t, "ada")
	me, out := p.signInByToken(t, s.issuer(), person), p.signInByToken(t, s.issuer(), person)
	p.send(t, "POST", "/auth/logout", out.credential).is(t, http.StatusNoContent, "")
	p.me(t, me.credential)
	lookup, secret, _ := strings.Cut(me.Token.AccessToken, ".")
	forged := s.issuer().AccessToken(person, providertest.ForgedBy(providertest.NewKey(s.issuer().Key().ID)))
	login := func(token string) with {
		return posting(encode(map[string]any{"oauth_token": map[string]any{"access_token": token}}))
	}
	for name, send := range map[string]func() reply{
		"session unknown":                 func() reply { return p.send(t, "GET", "/api/me", bearer("cps_AAAAAAAAAAAAAAAAAAAAAA."+secret)) },
		"session with wrong secret":       func() reply { return p.send(t, "GET", "/api/me", bearer(lookup+"."+strings.Repeat("A", 43))) },
		"session revoked":                 func() reply { return p.send(t, "GET", "/api/me", out.credential) },
		"login with a bad signature":      func() reply { return p.send(t, "POST", "/auth/login", login(forged)) },
		"login with a token of gibberish": func() reply { return p.send(t, "POST", "/auth/login", login("x.y.z")) },
	} {
		began := time.Now()
		for range rounds {
			send().is(t, http.StatusUnauthorized, "invalid_token")
		}
		t.Logf("%s: %v", name, (time.Since(began) / rounds).Round(time.Microsecond))
	}
}

// membersOfResponses checks that responses have the documented members and no
// others.
func membersOfResponses(t *testing.T, s *scene) {
	const (
		user    = "created_at,email,email_verified,external_id,id,identifier,last_login_at,phone,phone_verified"
		session = "auth_method,created_at,expires_at,format,id,idle_expires_at,provider,strategy"
		caller  = "auth_method,provider,session_id,subject,user_id"
		listed  = "address,auth_method,created_at,current,expires_at,id,last_seen_at,provider,user_agent"
		linked  = "created_at,current,email,email_verified,id,identifier,issuer,last_login_at,phone,phone_verified,provider"
	)
	for _, strategy := range []string{ownSession, tokenBearer} {
		p := s.program(strategy)
		payload := s.issuer().Login(uniqueEmail(t, "ada")).Payload()
		first := p.login(t, payload)
		me := p.signedIn(t, first)
		want := map[string]string{"": "created,session,user", "user": user, "session": session}
		if strategy == tokenBearer {
			want = map[string]string{"": "created,session,token,user", "user": user, "session": session, "token": "access_token,expires_in,token_type"}
		}
		first.hasMembers(t, want)
		p.login(t, payload).hasMembers(t, want)
		p.send(t, "GET", "/auth/session", me.credential).hasMembers(t, map[string]string{"": "session,user", "user": user, "session": session})
		for _, path := range []string{"/api/me", "/api/public"} {
			p.send(t, "GET", path, me.credential).hasMembers(t, map[string]string{"": caller})
		}
		p.send(t, "GET", "/auth/identities", me.credential).hasMembers(t, map[string]string{"": "identities", "identities": linked})
		if strategy == ownSession {
			p.send(t, "GET", "/auth/sessions", me.credential).hasMembers(t, map[string]string{"": "sessions", "sessions": listed})
		}
	}
}

// hasMembers compares the names of the members of a response, and of the
// objects in it.
func (a reply) hasMembers(t *testing.T, want map[string]string) {
	t.Helper()
	var body map[string]any
	a.decode(t, &body)
	names := func(object map[string]any) string { return strings.Join(slices.Sorted(maps.Keys(object)), ",") }
	got := map[string]string{"": names(body)}
	for name, value := range body {
		if list, ok := value.([]any); ok && len(list) > 0 {
			value = list[0]
		}
		if object, ok := value.(map[string]any); ok {
			got[name] = names(object)
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("the members are %v, want %v", got, want)
	}
}

// cookiesOfRejectedLogins checks that a rejected login does not clear a cookie
// either.
func cookiesOfRejectedLogins(t *testing.T, s *scene) {
	p := s.program(ownSession)
	i, person, other := s.issuer(), uniqueEmail(t, "ada"), uniqueEmail(t, "eve")
	me := p.signIn(t, i, person)
	valid := i.Login(other).Payload()
	for name, c := range map[string]struct {
		status int
		code   string
		change func(payload map[string]any)
	}{
		"forged":    {http.StatusUnauthorized, "invalid_token", func(m map[string]any) { m["oauth_token"] = map[string]any{"access_token": "x.y.z"} }},
		"no token":  {http.StatusBadRequest, "invalid_request", func(m map[string]any) { delete(m, "oauth_token") }},
		"mismatch":  {http.StatusBadRequest, "identity_mismatch", func(m map[string]any) { m["email"] = person }},
		"transport": {http.StatusBadRequest, "invalid_request", func(m map[string]any) { m["transport"] = "smoke" }},
		"provider":  {http.StatusBadRequest, "invalid_request", func(m map[string]any) { m["provider"] = "nobody" }},
	} {
		payload := maps.Clone(valid)
		c.change(payload)
		for _, presented := range [][]with{nil, {me.credential}, {me.credential, cookie("x")}} {
			p.refused(t, providertest.SubjectOf(other), payload, c.status, c.code, presented...)
		}
		if who := p.me(t, me.credential); textOf(who.UserID) != me.User.ID {
			t.Errorf("%s: the caller is %s", name, textOf(who.UserID))
		}
	}
	p.login(t, valid).is(t, http.StatusCreated, "")
}
