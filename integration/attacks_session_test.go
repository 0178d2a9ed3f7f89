package integration_test

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// sessionAttacks are the attacks on own sessions, and on what the tables store
// of them.
var sessionAttacks = map[string]attack{
	"S01":   {run: sessionFixation},
	"S02":   {run: loginInAttackersSession},
	"S03":   {run: sessionLimit, stored: true},
	"S05":   {run: storedHashAsToken, stored: true},
	"S08":   {run: wrongSecrets, stored: true},
	"S09":   {run: repeatedLogout, stored: true},
	"S10":   {run: logoutEverywhere, stored: true},
	"S11":   {run: sessionsOfAnotherUser, stored: true},
	"S17":   {run: prolongedCookie},
	"S26":   {run: changedUserAgent},
	"S27":   {run: listedSessions, stored: true},
	"R17":   {run: refreshTokensAtRest, stored: true},
	"D01":   {run: sqlInValues, stored: true},
	"D14":   {run: identityWithoutSubject, stored: true},
	"F-D01": {run: unreachableDatabase},
	"F-L01": {run: floodOfBadTokens},
	"F-L02": {run: manyLoginsOfOneUser, stored: true},
}

// chosenToken is a session token of the right format that was never issued.
const chosenToken = "cps_AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

func sessionFixation(t *testing.T, s *scene) {
	p, person := s.program(ownSession), uniqueEmail(t, "victim")
	p.rejects(t, cookie(chosenToken))
	for _, chosen := range []string{chosenToken, "x", ""} {
		a := p.login(t, s.issuer().Login(person).Payload(), cookie(chosen))
		p.me(t, p.signedIn(t, a).credential)
		p.rejects(t, cookie(chosenToken))
		if a.Cookies[0].Value == chosen {
			t.Errorf("%q is a session now", chosen)
		}
	}
}

func loginInAttackersSession(t *testing.T, s *scene) {
	p, mallory, victim := s.program(ownSession), uniqueEmail(t, "mallory"), uniqueEmail(t, "victim")
	planted := p.signIn(t, s.issuer(), mallory)
	p.me(t, planted.credential)
	me := p.signIn(t, s.issuer(), victim, planted.credential)
	p.rejects(t, planted.credential)
	if who := p.me(t, me.credential); textOf(who.UserID) != me.User.ID || me.User.ID == planted.User.ID {
		t.Errorf("the victim is %+v", who)
	}
}

func sessionLimit(t *testing.T, s *scene) {
	const limit = 3
	p, person := s.start(t, fmt.Sprintf("session \"own\" {\n  max_per_user = %d\n}", limit)), uniqueEmail(t, "ada")
	other := p.signIn(t, s.issuer(), uniqueEmail(t, "eve"))
	var sessions []signedIn
	for range limit + 2 {
		sessions = append(sessions, p.signIn(t, s.issuer(), person))
		for i, one := range sessions {
			if i < len(sessions)-limit {
				p.rejects(t, one.credential)
			} else {
				p.me(t, one.credential)
			}
		}
	}
	p.me(t, other.credential)
}

// storedSession returns what a thief of the tables has of a session.
func (p *program) storedSession(t *testing.T, id string) (lookup, hash []byte) {
	t.Helper()
	db, err := p.database.look()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var found sql.NullString
	rows, err := db.QueryContext(t.Context(), "SELECT id, lookup, secret_hash FROM auth_sessions")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&found, &lookup, &hash); err != nil {
			t.Fatal(err)
		}
		if found.String == id {
			return lookup, hash
		}
	}
	t.Fatalf("there is no session %s: %v", id, rows.Err())
	return nil, nil
}

// secretOf returns the parts of a session token: its lookup key and its secret.
func secretOf(t *testing.T, token string) (lookup, secret []byte) {
	t.Helper()
	one, two, ok := strings.Cut(strings.TrimPrefix(token, "cps_"), ".")
	if !ok {
		t.Fatal("a session token has two parts")
	}
	return decoded(one), decoded(two)
}

func storedHashAsToken(t *testing.T, s *scene) {
	p := s.start(t, ownSession)
	me := p.signInByToken(t, s.issuer(), uniqueEmail(t, "ada"))
	lookup, hash := p.storedSession(t, me.Session.ID)
	known, secret := secretOf(t, me.Token.AccessToken)
	if digest := sha256.Sum256(secret); string(known) != string(lookup) || string(digest[:]) != string(hash) {
		t.Fatal("the stored hash is not that of the token")
	}
	p.me(t, bearer(me.Token.AccessToken))
	prefix := "cps_" + encoded(lookup) + "."
	for _, stolen := range []string{
		prefix + encoded(hash), prefix + hex.EncodeToString(hash), prefix + encoded(lookup), encoded(lookup) + "." + encoded(hash), encoded(hash),
		hex.EncodeToString(lookup) + "." + hex.EncodeToString(hash), me.Session.ID, prefix, prefix + encoded(make([]byte, 32)),
	} {
		p.rejects(t, bearer(stolen))
		p.rejects(t, cookie(stolen))
	}
	dump := p.database.dump(t)
	for _, spelling := range []string{encoded(secret), hex.EncodeToString(secret), string(secret)} {
		if strings.Contains(dump, spelling) {
			t.Error("the tables contain a secret")
		}
	}
	p.me(t, bearer(me.Token.AccessToken))
}

func wrongSecrets(t *testing.T, s *scene) {
	p := s.start(t, ownSession)
	me := p.signInByToken(t, s.issuer(), uniqueEmail(t, "ada"))
	lookup, secret := secretOf(t, me.Token.AccessToken)
	var took [2]time.Duration
	times := many() / 5
	for n := range times {
		wrong, unknown := slices.Clone(secret), slices.Clone(lookup)
		wrong[n%len(wrong)] ^= 1 << (n % 8)
		unknown[n%len(unknown)] ^= 1 << (n % 8)
		for i, token := range []string{
			"cps_" + encoded(lookup) + "." + encoded(wrong),
			"cps_" + encoded(unknown) + "." + encoded(secret),
		} {
			began := time.Now()
			p.rejects(t, bearer(token))
			took[i] += time.Since(began)
		}
	}
	t.Logf("a wrong secret takes %v, an unknown session %v", took[0]/time.Duration(times), took[1]/time.Duration(times))
	p.me(t, bearer(me.Token.AccessToken))
}

func repeatedLogout(t *testing.T, s *scene) {
	p, person := s.program(ownSession), uniqueEmail(t, "ada")
	me, other := p.signIn(t, s.issuer(), person), p.signIn(t, s.issuer(), person)
	p.me(t, me.credential)
	for range 2 {
		p.send(t, "POST", "/auth/logout", me.credential).is(t, http.StatusNoContent, "")
		p.rejects(t, me.credential)
	}
	p.me(t, other.credential)
}

func logoutEverywhere(t *testing.T, s *scene) {
	p, person := s.program(ownSession), uniqueEmail(t, "ada")
	other := p.signIn(t, s.issuer(), uniqueEmail(t, "eve"))
	mine := []signedIn{p.signIn(t, s.issuer(), person), p.signIn(t, s.issuer(), person), p.signInByToken(t, s.issuer(), person)}
	p.send(t, "POST", "/auth/sessions/revoke", mine[1].credential, posting(`{"all":true}`)).is(t, http.StatusNoContent, "")
	for _, one := range mine {
		p.rejects(t, one.credential)
	}
	p.me(t, other.credential)
}

func sessionsOfAnotherUser(t *testing.T, s *scene) {
	p := s.program(ownSession)
	victim, mallory := p.signIn(t, s.issuer(), uniqueEmail(t, "victim")), p.signIn(t, s.issuer(), uniqueEmail(t, "mallory"))
	revoke := func(id string) reply {
		return p.send(t, "POST", "/auth/sessions/revoke", mallory.credential, posting(encode(map[string]string{"id": id})))
	}
	unknown := strings.Repeat("A", len(victim.Session.ID))
	for _, id := range []string{
		victim.Session.ID, unknown, strings.ToLower(victim.Session.ID), victim.Session.ID + " ", victim.User.ID, "' OR 1=1 --", "%",
	} {
		revoke(id).is(t, http.StatusNotFound, "not_found")
	}
	theirs, nobodys := revoke(victim.Session.ID).withoutRequestID(t), revoke(unknown).withoutRequestID(t)
	if !maps.Equal(theirs, nobodys) {
		t.Errorf("another user's: %v, unknown: %v", theirs, nobodys)
	}
	p.me(t, victim.credential)
	own := p.signIn(t, s.issuer(), uniqueEmail(t, "mallory"))
	revoke(own.Session.ID).is(t, http.StatusNoContent, "")
	p.rejects(t, own.credential)
}

// withoutRequestID returns the members of a problem that do not differ between
// requests.
func (a reply) withoutRequestID(t *testing.T) map[string]any {
	t.Helper()
	var members map[string]any
	a.decode(t, &members)
	delete(members, "request_id")
	return members
}

func prolongedCookie(t *testing.T, s *scene) {
	p, person := s.start(t, "session \"own\" {\n  ttl = \"2s\"\n  idle_ttl = \"2s\"\n}"), uniqueEmail(t, "ada")
	a := p.login(t, s.issuer().Login(person).Payload())
	p.signedIn(t, a)
	if got := a.Cookies[0].MaxAge; got <= 0 || got > 2 {
		t.Errorf("the cookie lasts %d s", got)
	}
	longer := line("Cookie", cookieName+"="+a.Cookies[0].Value+"; Max-Age=99999999; Expires=Fri, 31 Dec 2100 23:59:59 GMT")
	awaitReply(t, func() reply { return p.send(t, "GET", "/api/me", longer) }, http.StatusUnauthorized, "invalid_token")
}

func changedUserAgent(t *testing.T, s *scene) {
	p := s.program(ownSession)
	me := p.signIn(t, s.issuer(), uniqueEmail(t, "ada"))
	elsewhere := func(r *request) {
		r.lines = slices.DeleteFunc(r.lines, func(line string) bool { return strings.HasPrefix(line, "User-Agent") })
		r.lines = append(r.lines, "User-Agent: another")
	}
	p.me(t, me.credential, elsewhere)
	listed := p.send(t, "GET", "/auth/sessions", me.credential, elsewhere)
	listed.is(t, http.StatusOK, "")
	if !strings.Contains(listed.Body, `"user_agent":"integration"`) {
		t.Errorf("the session began with another user agent: %s", listed.Body)
	}
}

func listedSessions(t *testing.T, s *scene) {
	p, person := s.program(ownSession), uniqueEmail(t, "ada")
	p.signIn(t, s.issuer(), uniqueEmail(t, "eve"))
	one, two := p.signInByToken(t, s.issuer(), person), p.signInByToken(t, s.issuer(), person)
	a := p.send(t, "GET", "/auth/sessions", one.credential)
	var listed struct {
		Sessions []map[string]any `json:"sessions"`
	}
	a.decode(t, &listed)
	if len(listed.Sessions) != 2 {
		t.Fatalf("there are %d sessions: %s", len(listed.Sessions), a.Body)
	}
	allowed := []string{"id", "current", "created_at", "last_seen_at", "expires_at", "user_agent", "address", "provider", "auth_method"}
	for _, session := range listed.Sessions {
		for name := range session {
			if !slices.Contains(allowed, name) {
				t.Errorf("%s is in the list", name)
			}
		}
	}
	for _, me := range []signedIn{one, two} {
		lookup, hash := p.storedSession(t, me.Session.ID)
		_, secret := secretOf(t, me.Token.AccessToken)
		for _, raw := range [][]byte{lookup, hash, secret} {
			for _, spelling := range []string{encoded(raw), hex.EncodeToString(raw)} {
				if strings.Contains(strings.ToLower(a.Body), strings.ToLower(spelling)) {
					t.Errorf("the list contains %s", spelling)
				}
			}
		}
	}
}

func refreshOfDisabledUser(t *testing.T, s *scene) {
	p, person := s.start(t, uncachedToken), uniqueEmail(t, "ada")
	me := p.signIn(t, s.issuer(), person)
	refresh := func() reply {
		return p.send(t, "POST", "/auth/refresh", posting(encode(map[string]string{"refresh_token": s.issuer().Login(person).RefreshToken})))
	}
	p.signedInAgain(t, refresh())
	p.alter(t, "UPDATE auth_users SET disabled_ms = 1")
	refresh().is(t, http.StatusForbidden, "account_disabled")
	p.alter(t, "UPDATE auth_users SET disabled_ms = NULL")
	p.signedInAgain(t, refresh())
	p.alter(t, "DELETE FROM auth_users")
	refresh().is(t, http.StatusForbidden, "not_registered")
	p.send(t, "GET", "/api/me", me.credential).is(t, http.StatusForbidden, "not_registered")
}

func refreshTokensAtRest(t *testing.T, s *scene) {
	for _, session := range []string{ownSession, tokenBearer, tokenCookie} {
		p, login := s.start(t, session), s.issuer().Login(uniqueEmail(t, "ada"))
		a := p.login(t, login.Payload())
		me := p.signedIn(t, a)
		returned := a.Body + p.send(t, "GET", "/auth/session", me.credential).Body + p.send(t, "GET", "/api/me", me.credential).Body + p.database.dump(t)
		for part := range strings.SplitSeq(login.RefreshToken, ":") {
			if len(part) > 16 && strings.Contains(returned, part) || me.Token.RefreshToken != "" {
				t.Errorf("a refresh token is returned or stored: %s", returned)
			}
		}
	}
}

func sqlInValues(t *testing.T, s *scene) {
	p, bystander := s.start(t, ownSession), uniqueEmail(t, "bystander")
	p.signIn(t, s.issuer(), bystander)
	for n, malicious := range []string{
		`'; DROP TABLE auth_users; --`, `" OR ""="`, `' OR '1'='1`, `\'; --`, `%' OR 1=1 #`, "$1", "?", ":name", "@p1", `{{.}}`,
		"\\x27", `*/;--`, "NULL", `\`, `$$;SELECT pg_sleep(9);$$`,
	} {
		edits := []providertest.Edit{providertest.Claim("identifier", malicious), providertest.Claim("sub", malicious), providertest.Claim("authentication_method", "OTP")}
		payload := posted(s.issuer().AccessToken(bystander, edits...))
		a := p.login(t, payload, line("User-Agent", malicious))
		a.is(t, http.StatusCreated, "")
		me := p.signedIn(t, a)
		if who := p.me(t, me.credential); textOf(who.Subject) != malicious {
			t.Errorf("%q is %q", malicious, textOf(who.Subject))
		}
		p.login(t, payload).is(t, http.StatusOK, "")
		p.send(t, "POST", "/auth/sessions/revoke", me.credential, posting(encode(map[string]string{"id": malicious}))).is(t, http.StatusNotFound, "not_found")
		p.login(t, hinting(payload, map[string]any{"provider": malicious})).is(t, http.StatusBadRequest, "invalid_request")
		p.login(t, hinting(payload, map[string]any{"transport": malicious})).is(t, http.StatusBadRequest, "invalid_request")
		p.rejects(t, cookie(strings.Map(func(c rune) rune {
			if c <= ' ' || c == ';' || c == '"' || c == ',' || c == '\\' {
				return '_'
			}
			return c
		}, malicious)))
		if got, want := p.database.rows(t), n+2; got.users != want || got.identities != want {
			t.Fatalf("after %q: %+v, want %d users", malicious, got, want)
		}
	}
	p.signIn(t, s.issuer(), bystander)
}

func identityWithoutSubject(t *testing.T, s *scene) {
	p := s.start(t, ownSession)
	p.signIn(t, s.issuer(), uniqueEmail(t, "ada"))
	p.alter(t, "UPDATE auth_identities SET subject = 'another'")
	db, err := p.database.alter()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, column := range []string{"issuer", "subject", "user_id"} {
		if _, err := db.ExecContext(t.Context(), "UPDATE auth_identities SET "+column+" = NULL"); err == nil {
			t.Errorf("%s may be NULL", column)
		}
	}
}

func manyLoginsOfOneUser(t *testing.T, s *scene) {
	p, person := s.start(t, ownSession), uniqueEmail(t, "ada")
	const limit = 20 // the default
	first := p.signIn(t, s.issuer(), person)
	token := s.issuer().AccessToken(person)
	for range many() / 10 {
		p.login(t, posted(token)).is(t, http.StatusOK, "")
	}
	p.rejects(t, first.credential)
	last := p.signIn(t, s.issuer(), person)
	var listed struct {
		Sessions []struct{} `json:"sessions"`
	}
	p.send(t, "GET", "/auth/sessions", last.credential).decode(t, &listed)
	if got := p.database.rows(t); len(listed.Sessions) != limit || got.users != 1 || got.identities != 1 {
		t.Errorf("%d sessions are active, rows %+v", len(listed.Sessions), got)
	}
}

// unreachableDatabase starts programs whose database cannot be reached. They do
// not start.
func unreachableDatabase(t *testing.T, s *scene) {
	address := closedPort(t)
	const password = "a-password-of-somebody"
	for driver, url := range map[string]string{
		"postgres": "postgres://app:" + password + "@" + address + "/app",
		"mysql":    "app:" + password + "@tcp(" + address + ")/app",
		"sqlite":   "",
	} {
		directory := t.TempDir()
		block := fmt.Sprintf("database %q {\n  path = %q\n}\n", driver, filepath.Join(directory, "none", "auth.db"))
		if url != "" {
			secret := filepath.Join(directory, "url")
			writeFile(t, secret, url)
			block = fmt.Sprintf("database %q {\n  url = file(%q)\n}\n", driver, secret)
		}
		file := filepath.Join(directory, "auth.hcl")
		writeFile(t, file, configurationOn(block, s.issuer(), ownSession))
		code, stderr := runBriefly(t, s.framework, "-addr", "127.0.0.1:0", "-config", file)
		if code != 1 || strings.Contains(stderr, "listening") || strings.Contains(stderr, password) || !strings.Contains(stderr, driver) {
			t.Errorf("%s: exit code %d\n%s", driver, code, stderr)
		}
	}
}

// closedPort returns an address that refuses connections until the test ends. Its
// port is bound, so that no other test gets it.
func closedPort(t *testing.T) (address string) {
	t.Helper()
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	syscall.CloseOnExec(socket)
	t.Cleanup(func() { _ = syscall.Close(socket) })
	if err := syscall.Bind(socket, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	bound, err := syscall.Getsockname(socket)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", bound.(*syscall.SockaddrInet4).Port)
}

func writeFile(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
