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

// privacyAttacks are those on what answers, logs and tables tell.
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

// secretsAtRest sees that the search for secrets, which every program gets at
// its end, has something to search in.
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
			t.Errorf("the log or the tables are not what was searched:\n%s\n%s", p.log, p.kept)
		}
		if len(p.leaks(p.log+p.kept+login.AccessToken)) == 0 {
			t.Error("a token that was put there is not found")
		}
	}
}

// brokenTables takes the tables away from under a program, and sees that its
// answers tell nothing of it but that something is wrong.
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
		for _, part := range []string{"auth_", "hidden", "table", "elect", "SQL", "sql", "relation", "goroutine", ".go", "/tmp", p.folder, "cotterpin-"} {
			if strings.Contains(a.Body, part) {
				t.Errorf("%s %s tells %q: %s", r.method, r.path, part, a.Body)
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
		t.Errorf("the log tells of %d failures, want %d", n, len(requests))
	}
}

// textsThatEndALine are texts that a client or a provider chooses and that
// would end a line of a log, colour a terminal, or look like another event.
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
				t.Errorf("%s is told: %s", name, a.Body)
			}
		}
		// What only describes somebody may be anything, and is kept as it can be.
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
	p.end(t) // looks at each line
	for line := range strings.Lines(p.log) {
		var logged map[string]any
		json.Unmarshal([]byte(line), &logged)
		if logged["user_id"] == "forged" || logged["event"] == "forged" {
			t.Errorf("an event is forged: %s", line)
		}
	}
}

// event is a line of a log, as far as it is about somebody.
type event struct {
	Event     string    `json:"event"`
	Time      time.Time `json:"time"`
	Reason    string    `json:"reason"`
	UserID    string    `json:"user_id"`
	SessionID string    `json:"session_id"`
	Address   string    `json:"address"`
	RequestID string    `json:"request_id"`
}

// events are the lines of a program's log that tell of an event of one of the
// kinds.
func (p *program) events(t *testing.T, kinds ...string) (all []event) {
	t.Helper()
	for line := range strings.Lines(p.log) {
		var e event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if _, offset := e.Time.Zone(); offset != 0 || !strings.Contains(line, `Z","level"`) {
			t.Errorf("the time is not in UTC: %s", line)
		}
		if slices.Contains(kinds, e.Event) {
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
	two := login(one.credential)
	expect("authn_logout", "replaced_by_login", one)
	expect("authn_login_success", "", two)
	own.send(t, "POST", "/auth/logout", two.credential).is(t, http.StatusNoContent, "")
	expect("authn_logout", "logout", two)
	own.send(t, "POST", "/auth/logout", two.credential).is(t, http.StatusNoContent, "") // nothing ends
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
	bearing := s.start(t, tokenBearer)
	tokens := s.issuer().Login(person)
	me := bearing.signedIn(t, bearing.login(t, tokens.Payload()))
	exchange := posting(encode(map[string]string{"refresh_token": tokens.RefreshToken}))
	bearing.signedInAgain(t, bearing.send(t, "POST", "/auth/refresh", exchange))
	expect("authn_token_refreshed", "", me)
	bearing.send(t, "POST", "/auth/refresh", exchange).is(t, http.StatusUnauthorized, "invalid_token")
	expect("authn_refresh_fail", "provider_refused", signedIn{})
	bearing.end(t)
	compareEvents(t, began, bearing.events(t, "authn_token_refreshed", "authn_refresh_fail"), want)
}

// compareEvents compares all but the times, which must be of now.
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

// inProduction returns a program in production mode. Its issuer is the scene's,
// over TLS.
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

// causesOfOneCode sees that of the answers with one code none tells more than
// another: status, header fields and body are the same.
func sameReplyPerCode(t *testing.T, s *scene) {
	i, person := s.issuer(), uniqueEmail(t, "ada")
	good := i.AccessToken(person)
	foreign := providertest.NewKey(i.Key().ID)
	hourAgo := time.Now().Add(-time.Hour).Unix()
	header, rest, _ := strings.Cut(good, ".")
	invalid := []string{"x", "..", good + "x", good + "=", header + "." + rest + "." + rest, "a.a.a.a.a", strings.Repeat("a.", 4000)}
	for _, edit := range []providertest.Edit{
		providertest.Unsigned(), providertest.MAC(i.Key().PEM()), providertest.ForgedBy(foreign),
		providertest.Header("kid", "unknown"), providertest.Header("kid", nil), providertest.Header("kid", 7), providertest.Header("jwk", i.Key().JWK()),
		providertest.Header("crit", []string{"exp"}), providertest.Header("typ", "at+jwt"), providertest.Header("alg", "es256"),
		providertest.Claim("iss", "https://evil.example"), providertest.Claim("iss", nil), providertest.Claim("aud", "c0ffee00-0c52-4f52-9a3e-7d8f0a1b2c3d"),
		providertest.Claim("aud", nil), providertest.Claim("aud", []string{providertest.Audience}), providertest.Claim("sub", nil), providertest.Claim("sub", ""),
		providertest.Claim("sub", uuid.Nil.String()), providertest.Claim("exp", nil), providertest.Claim("exp", "9999999999"),
		providertest.Claim("iat", nil), providertest.Claim("iat", time.Now().Add(time.Hour).Unix()), providertest.Claim("nbf", time.Now().Add(time.Hour).Unix()),
		providertest.Claim("type", "client_id_token"), providertest.Claim("scope", "openid"), providertest.RawClaims(`{"iss":"x","iss":"x"}`),
		providertest.Claim("filler", strings.Repeat("x", 20_000)),
	} {
		invalid = append(invalid, i.AccessToken(person, edit))
	}
	expired := []string{
		i.AccessToken(person, providertest.Claim("iat", hourAgo-60), providertest.Claim("exp", hourAgo)),
		i.AccessToken(person, providertest.Claim("iat", hourAgo-3600), providertest.Claim("exp", hourAgo+60)),
	}

	bearing := s.inProduction(t, "session \"provider_token\" {\n}")
	own := s.inProduction(t, ownSession)
	for _, p := range []*program{bearing, own} {
		post := func(token string) reply {
			return p.login(t, map[string]any{"oauth_token": map[string]any{"access_token": token}})
		}
		post(good).is(t, http.StatusCreated, "")
		p.sameReplies(t, "invalid_token", invalid, post)
		p.sameReplies(t, "token_expired", append(expired, i.AccessToken(person, providertest.Claim("iat", hourAgo))), post)
	}
	usedAtBoth := func(token string) reply { return bearing.send(t, "GET", "/api/me", bearer(token)) }
	usedAtBoth(good).is(t, http.StatusOK, "")
	short := slices.DeleteFunc(invalid, func(token string) bool { return len(token) > 12_000 }) // what fits into a header
	bearing.sameReplies(t, "invalid_token", append(short, "", "x y", "\x80"), usedAtBoth)
	bearing.sameReplies(t, "token_expired", expired, usedAtBoth)

	me, out := own.signInByToken(t, i, person), own.signInByToken(t, i, person)
	own.send(t, "POST", "/auth/logout", out.credential).is(t, http.StatusNoContent, "")
	lookup, secret, _ := strings.Cut(me.Token.AccessToken, ".")
	ownBorne := func(token string) reply { return own.send(t, "GET", "/auth/session", bearer(token)) }
	ownBorne(me.Token.AccessToken).is(t, http.StatusOK, "")
	own.sameReplies(t, "invalid_token", []string{
		"x", "", out.Token.AccessToken, lookup, lookup + ".", lookup + "." + strings.Repeat("A", 43), "cps_" + strings.Repeat("A", 22) + "." + secret,
		me.Token.AccessToken + "A", strings.ToUpper(me.Token.AccessToken), good, expired[0],
	}, ownBorne)
	own.sameReplies(t, "unauthenticated", []string{"Basic eDp5", "Digest x", "BearerX y", "x"}, func(value string) reply {
		return own.send(t, "GET", "/auth/session", authorization(value))
	})
}

// sameAnswers sees that each of some texts is refused with a code, and all in
// the same bytes.
func (p *program) sameReplies(t *testing.T, code string, texts []string, ask func(string) reply) {
	t.Helper()
	var first string
	for _, text := range texts {
		a := ask(text)
		a.is(t, http.StatusUnauthorized, code)
		a.setsNothing(t)
		if strings.Contains(a.Body, "detail") {
			t.Errorf("%.60q: production tells a detail: %s", text, a.Body)
		}
		if got := p.normal(a); first == "" {
			first = got
		} else if got != first {
			t.Errorf("%.60q:\n%s\nthe first was\n%s", text, got, first)
		}
	}
}

// durationsOfRefusals reports how long refusals take, and judges nothing:
// other programs run on the machine too.
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
	for name, ask := range map[string]func() reply{
		"session unknown":                 func() reply { return p.send(t, "GET", "/api/me", bearer("cps_AAAAAAAAAAAAAAAAAAAAAA."+secret)) },
		"session with another's secret":   func() reply { return p.send(t, "GET", "/api/me", bearer(lookup+"."+strings.Repeat("A", 43))) },
		"session revoked":                 func() reply { return p.send(t, "GET", "/api/me", out.credential) },
		"login with a bad signature":      func() reply { return p.send(t, "POST", "/auth/login", login(forged)) },
		"login with a token of gibberish": func() reply { return p.send(t, "POST", "/auth/login", login("x.y.z")) },
	} {
		began := time.Now()
		for range rounds {
			ask().is(t, http.StatusUnauthorized, "invalid_token")
		}
		t.Logf("%s: %v", name, (time.Since(began) / rounds).Round(time.Microsecond))
	}
}

// membersOfAnswers sees that answers have the members that they are said to
// have, and no others: nothing of a row gets out because it is there.
func membersOfResponses(t *testing.T, s *scene) {
	const (
		user    = "created_at,email,email_verified,id,identifier,last_login_at,phone,phone_verified"
		session = "auth_method,created_at,expires_at,format,id,idle_expires_at,provider,strategy"
		caller  = "auth_method,provider,session_id,subject,user_id"
		listed  = "address,auth_method,created_at,current,expires_at,id,last_seen_at,provider,user_agent"
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
		if strategy == ownSession {
			p.send(t, "GET", "/auth/sessions", me.credential).hasMembers(t, map[string]string{"": "sessions", "sessions": listed})
		}
	}
}

// hasMembers compares the names of an answer's members, and of those of the
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

// cookiesOfRefusedLogins sees that a login that is refused takes nothing from
// its caller either.
func cookiesOfRejectedLogins(t *testing.T, s *scene) {
	p := s.program(ownSession)
	i, person, other := s.issuer(), uniqueEmail(t, "ada"), uniqueEmail(t, "eve")
	me := p.signIn(t, i, person)
	good := i.Login(other).Payload()
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
		payload := maps.Clone(good)
		c.change(payload)
		for _, presented := range [][]with{nil, {me.credential}, {me.credential, cookie("x")}} {
			p.refused(t, providertest.SubjectOf(other), payload, c.status, c.code, presented...)
		}
		if who := p.me(t, me.credential); textOf(who.UserID) != me.User.ID {
			t.Errorf("%s: the caller is %s", name, textOf(who.UserID))
		}
	}
	p.login(t, good).is(t, http.StatusCreated, "")
}
