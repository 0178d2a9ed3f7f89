package integration_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// refreshAttacks present refresh tokens of own sessions in format "jwt" and, where a
// case concerns both, of the provider.
var refreshAttacks = map[string]attack{
	"R01": {run: refreshRotates, stored: true},
	"R02": {run: refreshReusedLater, stored: true},
	"R03": {run: refreshRepeated, stored: true},
	"R05": {run: refreshReusedAfterSuccessor, stored: true},
	"R06": {run: refreshRace, stored: true},
	"R07": {run: refreshRaceAfterGrace, stored: true},
	"R09": {run: func(t *testing.T, s *scene) { tokensOfWrongType(t, s); ownTokensOfWrongType(t, s) }},
	"R10": {run: func(t *testing.T, s *scene) { refreshOfDisabledUser(t, s); ownRefreshOfEndedSession(t, s) }, stored: true},
	"R11": {run: refreshAfterExpiry, stored: true},
	"R12": {run: refreshAfterIdleExpiry, stored: true},
	"R13": {run: refreshWithoutResponse, stored: true},
	"R14": {run: func(t *testing.T, s *scene) { crossSiteRefresh(t, s); ownCrossSiteRefresh(t, s) }},
	"R15": {run: func(t *testing.T, s *scene) { refreshByGET(t, s); ownRefreshByGET(t, s) }},
	"R16": {run: func(t *testing.T, s *scene) { refreshTokensInCookies(t, s); refreshCookieElsewhere(t, s) }},
}

const refreshName = "cotterpin_refresh"

// family is an own session in format "jwt".
type family struct {
	*program
	signedIn
}

// transports are those of the family's tokens.
var transports = []string{"cookie", "bearer"}

// family signs in a user of this attack.
func (s *scene) family(t *testing.T, p *program, transport string) family {
	t.Helper()
	payload := s.issuer().Login(uniqueEmail(t, "ada")).Payload()
	payload["transport"] = transport
	got := p.signedIn(t, repeat(func() reply { return p.login(t, payload) }, reply.keysSlow))
	if !strings.HasPrefix(got.Token.RefreshToken, "cpr_") {
		t.Fatalf("%s: no refresh token: %+v", transport, got)
	}
	return family{p, got}
}

// presenting sends a refresh token in the transport of the family.
func (f family) presenting(token string) with {
	if f.Token.AccessToken != "" {
		return posting(encode(map[string]string{"refresh_token": token}))
	}
	return line("Cookie", refreshName+"="+token)
}

func (f family) exchange(t *testing.T, token string, changes ...with) reply {
	t.Helper()
	return f.send(t, "POST", "/auth/refresh", append([]with{f.presenting(token)}, changes...)...)
}

// exchanged expects an exchange to succeed. It returns the next tokens.
func (f family) exchanged(t *testing.T, token string) signedIn {
	t.Helper()
	a := f.exchange(t, token)
	a.is(t, http.StatusOK, "")
	next := f.program.signedIn(t, a)
	if next.Session.ID != f.Session.ID || next.Created {
		t.Errorf("refreshed %+v to %+v", f.Session, next.Session)
	}
	f.me(t, next.credential)
	return next
}

// refuses expects an exchange to be rejected, and to clear no cookie.
func (f family) refuses(t *testing.T, token string, changes ...with) {
	t.Helper()
	a := f.exchange(t, token, changes...)
	a.is(t, http.StatusUnauthorized, "invalid_token")
	a.setsNothing(t)
}

// onEachTransport runs a case with a family of each transport.
func onEachTransport(t *testing.T, s *scene, run func(t *testing.T, f family)) {
	t.Helper()
	p := s.program(ownJWT)
	for _, transport := range transports {
		run(t, s.family(t, p, transport))
	}
}

func refreshRotates(t *testing.T, s *scene) {
	onEachTransport(t, s, func(t *testing.T, f family) {
		first := f.Token.RefreshToken
		second := f.exchanged(t, first)
		third := f.exchanged(t, second.Token.RefreshToken)
		if first == second.Token.RefreshToken || second.Token.RefreshToken == third.Token.RefreshToken {
			t.Error("the refresh token stays")
		}
	})
}

func refreshReusedLater(t *testing.T, s *scene) {
	onEachTransport(t, s, func(t *testing.T, f family) {
		second := f.exchanged(t, f.Token.RefreshToken)
		f.passGrace(t)
		f.refuses(t, f.Token.RefreshToken)
		f.refuses(t, second.Token.RefreshToken)
		f.send(t, "GET", "/auth/session", second.credential).is(t, http.StatusUnauthorized, "invalid_token")
	})
}

// passGrace sets the time of the last exchange back.
func (f family) passGrace(t *testing.T) {
	t.Helper()
	f.alter(t, "UPDATE auth_sessions SET refreshed_ms = refreshed_ms - 10000 WHERE id = '"+f.Session.ID+"'")
}

func refreshRepeated(t *testing.T, s *scene) {
	onEachTransport(t, s, func(t *testing.T, f family) {
		second := f.exchanged(t, f.Token.RefreshToken)
		again := f.exchanged(t, f.Token.RefreshToken)
		if again.Token.RefreshToken != second.Token.RefreshToken {
			t.Error("a repeated exchange returns another successor")
		}
		f.exchanged(t, again.Token.RefreshToken)
	})
}

func refreshReusedAfterSuccessor(t *testing.T, s *scene) {
	onEachTransport(t, s, func(t *testing.T, f family) {
		third := f.exchanged(t, f.exchanged(t, f.Token.RefreshToken).Token.RefreshToken)
		f.refuses(t, f.Token.RefreshToken)
		f.refuses(t, third.Token.RefreshToken)
	})
}

func refreshRace(t *testing.T, s *scene) {
	onEachTransport(t, s, func(t *testing.T, f family) {
		const racers = 50
		replies := make([]reply, racers)
		atOnce(racers, func(i int) { replies[i] = f.exchange(t, f.Token.RefreshToken) })
		successors := map[string]bool{}
		for _, a := range replies {
			a.is(t, http.StatusOK, "")
			successors[f.program.signedIn(t, a).Token.RefreshToken] = true
		}
		if len(successors) != 1 {
			t.Errorf("%d successors, want 1", len(successors))
		}
		for successor := range successors {
			f.exchanged(t, successor)
		}
		if got := f.count(t, "revoked_ms IS NULL AND refresh_generation = 2"); got != 1 {
			t.Errorf("%d active sessions with two exchanges, want 1", got)
		}
	})
}

// count returns how many rows of the family have a condition.
func (f family) count(t *testing.T, condition string) (rows int) {
	t.Helper()
	db, err := f.database.look()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	query := "SELECT COUNT(*) FROM auth_sessions WHERE id = '" + f.Session.ID + "' AND " + condition
	if err := db.QueryRowContext(t.Context(), query).Scan(&rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

func refreshRaceAfterGrace(t *testing.T, s *scene) {
	onEachTransport(t, s, func(t *testing.T, f family) {
		second := f.exchanged(t, f.Token.RefreshToken)
		f.passGrace(t)
		atOnce(2, func(int) { f.refuses(t, f.Token.RefreshToken) })
		f.refuses(t, second.Token.RefreshToken)
		if got := f.count(t, "revoked_ms IS NULL"); got != 0 {
			t.Error("the session is active")
		}
	})
}

func ownTokensOfWrongType(t *testing.T, s *scene) {
	onEachTransport(t, s, func(t *testing.T, f family) {
		f.me(t, f.credential)
		f.rejects(t, bearer(f.Token.RefreshToken))
		f.rejects(t, cookie(f.Token.RefreshToken))
		if f.Token.AccessToken != "" {
			f.refuses(t, f.Token.AccessToken)
			f.rejects(t, cookie(f.Token.AccessToken))
		}
		for _, other := range []with{line("Cookie", refreshName+"="+f.Token.RefreshToken), posting(encode(map[string]string{"refresh_token": f.Token.RefreshToken}))} {
			own, presented := request{}, request{}
			f.presenting(f.Token.RefreshToken)(&own)
			other(&presented)
			if own.body != presented.body {
				f.send(t, "POST", "/auth/refresh", other).is(t, http.StatusUnauthorized, "invalid_token")
			}
		}
		f.exchanged(t, f.Token.RefreshToken)
	})
}

func ownRefreshOfEndedSession(t *testing.T, s *scene) {
	p := s.start(t, ownJWT)
	for name, end := range map[string]func(f family, next signedIn){
		"logout": func(f family, next signedIn) {
			f.send(t, "POST", "/auth/logout", f.presenting(next.Token.RefreshToken)).is(t, http.StatusNoContent, "")
		},
		"logout with the access token": func(f family, next signedIn) {
			f.send(t, "POST", "/auth/logout", next.credential).is(t, http.StatusNoContent, "")
		},
		"revoke": func(f family, next signedIn) {
			f.send(t, "POST", "/auth/sessions/revoke", next.credential, posting(encode(map[string]string{"id": f.Session.ID}))).is(t, http.StatusNoContent, "")
		},
		"disable": func(f family, _ signedIn) { f.alter(t, "UPDATE auth_users SET disabled_ms = 1") },
		"delete":  func(f family, _ signedIn) { f.alter(t, "DELETE FROM auth_users") },
	} {
		for _, transport := range transports {
			f := s.family(t, p, transport)
			next := f.exchanged(t, f.Token.RefreshToken)
			end(f, next)
			f.refuses(t, next.Token.RefreshToken)
			if t.Failed() {
				t.Fatalf("%s, %s", name, transport)
			}
			if name == "disable" {
				f.alter(t, "UPDATE auth_users SET disabled_ms = NULL")
			}
		}
	}
}

func refreshAfterExpiry(t *testing.T, s *scene) {
	onEachTransport(t, s, func(t *testing.T, f family) { f.expires(t, "expires_ms") })
}

func refreshAfterIdleExpiry(t *testing.T, s *scene) {
	onEachTransport(t, s, func(t *testing.T, f family) { f.expires(t, "idle_expires_ms") })
}

// expires ends a session that was refreshed by one of its expiries.
func (f family) expires(t *testing.T, column string) {
	t.Helper()
	second := f.exchanged(t, f.Token.RefreshToken)
	row := " WHERE id = '" + f.Session.ID + "'"
	f.alter(t, "UPDATE auth_sessions SET "+column+" = last_seen_ms + 1"+row)
	f.refuses(t, second.Token.RefreshToken)
	f.alter(t, "UPDATE auth_sessions SET "+column+" = last_seen_ms + 3600000"+row)
	f.refuses(t, second.Token.RefreshToken) // a session that has expired stays so
}

// refreshWithoutResponse hangs up before the response, and tries again.
func refreshWithoutResponse(t *testing.T, s *scene) {
	onEachTransport(t, s, func(t *testing.T, f family) {
		f.abandon(t, f.presenting(f.Token.RefreshToken))
		second := f.exchanged(t, f.Token.RefreshToken)
		f.abandon(t, f.presenting(second.Token.RefreshToken))
		third := f.exchanged(t, second.Token.RefreshToken)
		f.exchanged(t, third.Token.RefreshToken)
	})
}

// abandon sends a refresh and closes the connection at the first byte of the
// response.
func (f family) abandon(t *testing.T, presented with) {
	t.Helper()
	connection, err := net.Dial("tcp", f.host())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(connection, f.request("POST", "/auth/refresh", presented)); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(connection).ReadByte(); err != nil {
		t.Fatal(err)
	}
}

func ownCrossSiteRefresh(t *testing.T, s *scene) {
	onEachTransport(t, s, func(t *testing.T, f family) {
		for _, elsewhere := range []with{line("Sec-Fetch-Site", "cross-site"), line("Origin", "https://evil.example"), line("Origin", "null")} {
			a := f.exchange(t, f.Token.RefreshToken, elsewhere)
			a.is(t, http.StatusForbidden, "cross_origin")
			a.setsNothing(t)
		}
		if got := f.count(t, "refresh_generation = 0"); got != 1 {
			t.Error("a page of another site exchanged the token")
		}
		f.exchanged(t, f.Token.RefreshToken)
	})
}

func ownRefreshByGET(t *testing.T, s *scene) {
	onEachTransport(t, s, func(t *testing.T, f family) {
		for _, method := range []string{"GET", "HEAD", "OPTIONS", "PUT", "DELETE"} {
			a := f.send(t, method, "/auth/refresh", f.presenting(f.Token.RefreshToken))
			if a.Status != http.StatusMethodNotAllowed || a.Header.Get("Allow") != "POST" {
				t.Errorf("%s: %d, Allow %q", method, a.Status, a.Header["Allow"])
			}
			a.setsNothing(t)
		}
		f.exchanged(t, f.Token.RefreshToken)
	})
}

// refreshCookieElsewhere sends the refresh cookie to other routes, also twice.
func refreshCookieElsewhere(t *testing.T, s *scene) {
	f := s.family(t, s.program(ownJWT), "cookie")
	own := line("Cookie", refreshName+"="+f.Token.RefreshToken)
	for _, sent := range [][]with{{own}, {own, own}} {
		f.send(t, "GET", "/api/me", sent...).is(t, http.StatusUnauthorized, "unauthenticated")
		f.send(t, "GET", "/auth/session", sent...).is(t, http.StatusUnauthorized, "unauthenticated")
		f.me(t, append(sent, f.credential)...)
	}
	f.send(t, "POST", "/auth/refresh", own, own).is(t, http.StatusBadRequest, "invalid_request")
	payload := s.issuer().Login(uniqueEmail(t, "eve")).Payload()
	eve := f.program.signedIn(t, f.login(t, payload, own))
	if eve.Session.ID == f.Session.ID {
		t.Error("a login continues the session of a refresh cookie")
	}
	f.exchanged(t, f.Token.RefreshToken)
	f.send(t, "POST", "/auth/logout", own, own).is(t, http.StatusNoContent, "")
	if got := f.count(t, "revoked_ms IS NOT NULL"); got != 1 {
		t.Error("a logout with two refresh cookies ends nothing")
	}
}
