package integration_test

import (
	"crypto/elliptic"
	"crypto/sha256"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// tokenStories are the attacks with tokens that also depend on time, use or
// issuer.
var tokenStories = map[string]attack{
	"J09": {run: keyURLsInHeader},
	"J11": {run: inventedKeyIDs},
	"J15": {run: malleatedTokens, stored: true},
	"J28": {run: idTokensAsAccessTokens},
	"J30": {run: expiries},
	"J32": {run: issueTimes},
	"J33": {run: audiences},
	"J35": {run: keysOfAnotherIssuer},
	"J40": {run: flippedBits},
	"J41": {run: withdrawnKeys},
	"J42": {run: repeatedLogins, stored: true},
	"J44": {run: tokensOfTwoSignIns},
	"J46": {run: examplesOfStandards},
	"J47": {run: sessionTokensAndProviderTokens},
	"J49": {run: cacheOfAnotherProvider},
	"J50": {run: manyTokensAtOnce},
}

// before inserts a block before the provider block.
func before(block string) edit {
	const provider = `provider "cotter" {`
	return edit{provider, block + provider}
}

// corp adds a second provider, an OpenID Connect issuer.
func corp(issuer *providertest.Issuer, arguments ...string) edit {
	return before(fmt.Sprintf(`
provider "oidc" "corp" {
  issuer   = %q
  audience = [%q]
  trust    = ["email", "phone"]
  %s
}

`, issuer.URL(), providertest.Audience, strings.Join(arguments, "\n  ")))
}

// postedID returns the payload with an ID token only.
func postedID(token string) map[string]any {
	return map[string]any{"oauth_token": map[string]any{"id_token": token}}
}

// collector counts the connections to it.
type collector struct {
	*httptest.Server
	connections atomic.Int64
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{Server: httptest.NewUnstartedServer(http.NotFoundHandler())}
	c.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			c.connections.Add(1)
		}
	}
	c.Start()
	t.Cleanup(c.Close)
	return c
}

func keyURLsInHeader(t *testing.T, s *scene) {
	theirs := newCollector(t)
	s.refusesTokens(t, s.program(ownSession), s.program(tokenBearer), func(m minter) (bad []string) {
		mine := providertest.NewKey("mine")
		for _, name := range []string{"jku", "x5u"} {
			address := providertest.Header(name, theirs.URL+"/jwks")
			bad = append(bad, m.access(address), m.access(providertest.SignedBy(mine), address), m.access(providertest.ForgedBy(mine), address))
		}
		return bad
	})
	if got := theirs.connections.Load(); got != 0 {
		t.Errorf("the address in the token was connected to %d times", got)
	}
}

// allowedFetches returns the most requests for keys that an issuer receives: a
// burst of three, and one per ten seconds.
func allowedFetches(since time.Time) int { return 3 + int(time.Since(since)/(10*time.Second)) }

func inventedKeyIDs(t *testing.T, s *scene) {
	began := time.Now()
	issuer := providertest.NewIssuer(t)
	p := startOn(t, s.backend.create(t), s.framework, issuer, tokenBearer)
	person := uniqueEmail(t, "victim")
	p.login(t, posted(issuer.AccessToken(person))).is(t, http.StatusCreated, "")
	for _, kid := range []any{
		"../../dev/null", "' OR 1=1--", "k\x00", "\U0001f511", "{{.}}", "k\r\n", issuer.URL(),
		strings.Repeat("k", 2000),
		strings.Repeat("k", 20_000),
		issuer.Key().ID + " ",
		strings.ToUpper(issuer.Key().ID),
		"", nil, true, 7,
		[]string{issuer.Key().ID},
		map[string]any{"kid": issuer.Key().ID},
	} {
		bad := issuer.AccessToken(person, providertest.Header("kid", kid), issuedAt(-fetchPeriod))
		p.rejectsLogin(t, person, posted(bad))
		if fitsAHeader(bad) {
			p.rejects(t, bearer(bad))
		}
	}
	if got, most := issuer.Requests(providertest.CotterKeysPath), allowedFetches(began); got > most {
		t.Errorf("the issuer received %d requests, want at most %d", got, most)
	}
}

// malleated returns a token with the other signature that verifies (FIPS 186-5,
// section 6.4.2): (r, n-s) in place of (r, s).
func malleated(token string) string {
	at := strings.LastIndexByte(token, '.') + 1
	signature := decoded(token[at:])
	s := new(big.Int).Sub(elliptic.P256().Params().N, new(big.Int).SetBytes(signature[32:]))
	return token[:at] + encoded(append(slices.Clone(signature[:32]), s.FillBytes(make([]byte, 32))...))
}

func malleatedTokens(t *testing.T, s *scene) {
	for _, session := range []string{ownSession, tokenBearer} {
		p := s.program(session)
		login := s.issuer().Login(uniqueEmail(t, "mallory"))
		me := p.signedIn(t, p.login(t, posted(login.AccessToken)))
		twin := malleated(login.AccessToken)
		p.login(t, posted(twin)).is(t, http.StatusOK, "")
		p.send(t, "POST", "/auth/sessions/revoke", me.credential, posting(`{"all":true}`)).is(t, http.StatusNoContent, "")
		for _, token := range []string{login.AccessToken, twin} {
			p.rejectsLogin(t, login.Identifier, posted(token))
			p.rejects(t, bearer(token))
		}
	}
}

func idTokensAsAccessTokens(t *testing.T, s *scene) {
	p, person := s.program(tokenBearer), uniqueEmail(t, "ada")
	p.signIn(t, s.issuer(), person)
	p.me(t, bearer(s.issuer().AccessToken(person)))
	p.rejects(t, bearer(s.issuer().IDToken(person)))
	p.rejects(t, bearer(s.issuer().OIDCToken(person)))
	p.refused(t, providertest.SubjectOf(person), postedID(s.issuer().IDToken(person)), http.StatusBadRequest, "invalid_request")
	p.rejectsLogin(t, person, posted(s.issuer().IDToken(person)))
}

func expiries(t *testing.T, s *scene) {
	own, providerToken, m := s.program(ownSession), s.program(tokenBearer), minter{s.issuer(), uniqueEmail(t, "ada")}
	own.login(t, posted(m.access()))
	providerToken.login(t, posted(m.access()))
	until := func(d time.Duration, edits ...providertest.Edit) string {
		return m.access(append(edits, providertest.Claim("exp", time.Now().Add(d).Unix()))...)
	}
	// The clock skew is 30 seconds. Tests with a fixed clock check the exact
	// second.
	for _, d := range []time.Duration{time.Minute, 0, -5 * time.Second} {
		own.login(t, posted(until(d))).is(t, http.StatusOK, "")
		providerToken.me(t, bearer(until(d)))
	}
	for _, d := range []time.Duration{-35 * time.Second, -time.Hour} {
		for _, p := range []*program{own, providerToken} {
			p.refused(t, providertest.SubjectOf(m.person), posted(until(d)), http.StatusUnauthorized, "token_expired")
		}
		providerToken.send(t, "GET", "/api/me", bearer(until(d))).is(t, http.StatusUnauthorized, "token_expired")
		// No other fault of an expired token is reported as expiry.
		forged := until(d, providertest.ForgedBy(providertest.NewKey(m.issuer.Key().ID)))
		providerToken.rejects(t, bearer(forged))
		providerToken.rejects(t, bearer(until(d, providertest.Claim("aud", "another"))))
	}
}

func issueTimes(t *testing.T, s *scene) {
	own, providerToken, m := s.program(ownSession), s.program(tokenBearer), minter{s.issuer(), uniqueEmail(t, "ada")}
	issued := func(ago time.Duration) string {
		return m.access(providertest.Claim("iat", time.Now().Add(-ago).Unix()))
	}
	s.refusesTokens(t, own, providerToken, func(minter) []string {
		return append(eachClaim("iat", nil, "null", `"1"`, "1e300", "-1", "true")(m), issued(-2*time.Minute))
	})
	own.login(t, posted(m.access()))
	providerToken.login(t, posted(m.access()))
	tooOld := issued(16 * time.Minute) // for a login
	own.refused(t, providertest.SubjectOf(m.person), posted(tooOld), http.StatusUnauthorized, "token_expired")
	providerToken.refused(t, providertest.SubjectOf(m.person), posted(tooOld), http.StatusUnauthorized, "token_expired")
	providerToken.me(t, bearer(tooOld))
}

func audiences(t *testing.T, s *scene) {
	p, person := s.program(ownSession, corp(s.issuer())), uniqueEmail(t, "ada")
	aud := func(value any, edits ...providertest.Edit) map[string]any {
		return postedID(s.issuer().OIDCToken(person, append(edits, providertest.Claim("aud", value))...))
	}
	ours := providertest.Audience
	p.login(t, aud(ours)).is(t, http.StatusCreated, "")
	p.login(t, aud([]string{ours})).is(t, http.StatusOK, "")
	p.login(t, aud([]string{ours, "another"})).is(t, http.StatusOK, "")
	p.login(t, aud([]string{ours, "another"}, providertest.Claim("azp", ours))).is(t, http.StatusOK, "")
	for _, bad := range []map[string]any{
		aud(nil), aud(""), aud([]string{}), aud("another"), aud([]string{"another"}),
		aud(ours[:10]), aud(strings.ToUpper(ours)), aud([]any{1, ours}),
		aud(ours, providertest.Claim("azp", "another")), aud([]string{ours, "another"}, providertest.Claim("azp", "another")),
		aud(map[string]string{"aud": ours}), aud(true),
	} {
		p.rejectsLogin(t, person, bad)
	}
	s.refusesTokens(t, s.program(ownSession), s.program(tokenBearer), tokensForOthers)
}

// tokensForOthers are Cotter's tokens with another audience.
func tokensForOthers(m minter) []string {
	ours := providertest.Audience
	return eachClaim("aud", nil, "null", `""`, "[]", `"`+ours[:35]+`"`, `"`+strings.ToUpper(ours)+`"`, `"`+ours+` "`, `["`+ours+`"]`,
		`[1,"`+ours+`"]`, `["`+ours+`","another"]`, `{"aud":"`+ours+`"}`, "true")(m)
}

func keysOfAnotherIssuer(t *testing.T, s *scene) {
	a, b := s.issuer(), providertest.NewIssuer(t)
	b.Now = a.Now
	own, providerToken := s.start(t, ownSession, corp(b)), s.start(t, tokenBearer, corp(b))
	person := uniqueEmail(t, "ada")
	same := providertest.NewKey(a.Key().ID) // of b, under an id of a
	b.Publish(same)
	for _, p := range []*program{own, providerToken} {
		p.login(t, posted(a.AccessToken(person))).is(t, http.StatusCreated, "")
		p.login(t, postedID(b.OIDCToken(person))).is(t, http.StatusCreated, "")
		for _, bad := range []map[string]any{
			postedID(b.OIDCToken(person, providertest.SignedBy(a.Key()))),
			posted(a.AccessToken(person, providertest.SignedBy(same))),
			postedID(b.OIDCToken(person, providertest.Claim("iss", providertest.CotterIssuer))),
			posted(a.AccessToken(person, providertest.Claim("iss", b.URL()))),
		} {
			p.rejectsLogin(t, person, bad)
		}
	}
	providerToken.me(t, bearer(a.AccessToken(person)))
	providerToken.me(t, bearer(b.OIDCToken(person)))
	providerToken.rejects(t, bearer(b.OIDCToken(person, providertest.SignedBy(a.Key()))))
	providerToken.rejects(t, bearer(a.AccessToken(person, providertest.SignedBy(same))))
}

// flippedBits flips a bit of each byte of a token. Tests without a program flip
// all bits.
func flippedBits(t *testing.T, s *scene) {
	p, m := s.program(tokenBearer), minter{s.issuer(), uniqueEmail(t, "ada")}
	valid := m.access()
	p.login(t, posted(valid)).is(t, http.StatusCreated, "")
	p.me(t, bearer(valid))
	for at := range valid {
		for bit := range 7 {
			changed := []byte(valid)
			changed[at] ^= 1 << bit
			if bad := string(changed); fitsAHeader(bad) {
				p.rejects(t, bearer(bad))
				break
			}
		}
	}
	p.me(t, bearer(valid))
}

func withdrawnKeys(t *testing.T, s *scene) {
	issuer := providertest.NewIssuer(t)
	p, person := startOn(t, s.backend.create(t), s.framework, issuer, tokenBearer), uniqueEmail(t, "ada")
	old := issuer.AccessToken(person)
	p.login(t, posted(old)).is(t, http.StatusCreated, "")
	p.me(t, bearer(old))
	issuer.Rotate()
	p.me(t, bearer(issuer.AccessToken(person)))
	p.me(t, bearer(old)) // the old key is still published
	issuer.Rotate()
	issuer.DropOldKeys()
	p.me(t, bearer(issuer.AccessToken(person))) // the keys are fetched again
	p.rejects(t, bearer(old))
	p.rejectsLogin(t, person, posted(old))
}

// repeatedLogins posts one token several times: it signs in the same user
// within login_max_age, but not after the sessions of the user were revoked.
func repeatedLogins(t *testing.T, s *scene) {
	for _, session := range []string{ownSession, tokenBearer} {
		p, m := s.program(session), minter{s.issuer(), uniqueEmail(t, "ada")}
		token := m.access()
		first := p.signedIn(t, p.login(t, posted(token)))
		second := p.signedIn(t, p.login(t, posted(token)))
		if first.User.ID != second.User.ID || session == ownSession && first.Session.ID == second.Session.ID {
			t.Errorf("%+v, then %+v", first, second)
		}
		old := m.access(providertest.Claim("iat", time.Now().Add(-16*time.Minute).Unix()))
		p.refused(t, providertest.SubjectOf(m.person), posted(old), http.StatusUnauthorized, "token_expired")
		p.send(t, "POST", "/auth/sessions/revoke", second.credential, posting(`{"all":true}`)).is(t, http.StatusNoContent, "")
		p.rejectsLogin(t, m.person, posted(token))
	}
}

func tokensOfTwoSignIns(t *testing.T, s *scene) {
	p := s.program(ownSession, corp(s.issuer()))
	person, other := uniqueEmail(t, "ada"), uniqueEmail(t, "eve")
	both := func(access, id string) map[string]any {
		return map[string]any{"oauth_token": map[string]any{"access_token": access, "id_token": id}}
	}
	i := s.issuer()
	p.login(t, both(i.AccessToken(person), i.IDToken(person))).is(t, http.StatusCreated, "")
	p.rejectsLogin(t, person, both(i.AccessToken(person), i.IDToken(other)))
	p.rejectsLogin(t, other, both(i.AccessToken(other), i.IDToken(person)))

	const access = "an-access-token"
	right := providertest.Claim("at_hash", halfHash(access))
	p.login(t, both(access, i.OIDCToken(person, right))).is(t, http.StatusCreated, "")
	p.rejectsLogin(t, person, both("another-access-token", i.OIDCToken(person, right)))
	for _, wrong := range []any{"", "x", 7, halfHash("")} {
		p.rejectsLogin(t, person, both(access, i.OIDCToken(person, providertest.Claim("at_hash", wrong))))
	}
}

// halfHash is the at_hash of an access token (OpenID Connect Core 1.0, section
// 3.1.3.6).
func halfHash(access string) string {
	digest := sha256.Sum256([]byte(access))
	return encoded(digest[:sha256.Size/2])
}

func examplesOfStandards(t *testing.T, s *scene) {
	s.refusesTokens(t, s.program(ownSession), s.program(tokenBearer), func(minter) []string {
		return []string{
			// RFC 7515, appendix A.3: a valid signature of an unknown issuer.
			"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
			// RFC 7519, section 6.1: an unsecured token.
			"eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.",
		}
	})
}

func sessionTokensAndProviderTokens(t *testing.T, s *scene) {
	own, providerToken, person := s.program(ownSession), s.program(tokenBearer), uniqueEmail(t, "ada")
	providerToken.signIn(t, s.issuer(), person)
	me := own.signInByToken(t, s.issuer(), person)
	own.me(t, me.credential)
	for _, p := range []*program{own, providerToken} {
		p.rejectsLogin(t, person, posted(me.Token.AccessToken))
	}
	providerToken.rejects(t, bearer(me.Token.AccessToken))
	for _, token := range []string{s.issuer().AccessToken(person), s.issuer().IDToken(person)} {
		own.rejects(t, bearer(token))
		own.rejects(t, cookie(token))
	}
}

func cacheOfAnotherProvider(t *testing.T, s *scene) {
	const theirs = "c0ffee00-0c52-4f52-9a3e-7d8f0a1b2c3d"
	issuer, person := s.issuer(), uniqueEmail(t, "ada")
	beta := before(fmt.Sprintf(`
provider "cotter" "beta" {
  api_key_id = %q
  base_url   = %q
  issuer     = %q
}

`, theirs, issuer.CotterURL(), providertest.CotterIssuer))
	both, alone := s.start(t, tokenBearer, beta), s.program(tokenBearer)
	forTheirs := issuer.AccessToken(person, providertest.Claim("aud", theirs))
	named := func(provider, token string) map[string]any {
		payload := posted(token)
		payload["provider"] = provider
		return payload
	}
	both.login(t, named("beta", forTheirs)).is(t, http.StatusCreated, "")
	alone.login(t, posted(issuer.AccessToken(person))).is(t, http.StatusCreated, "")
	for range 3 { // the result is cached
		who := both.me(t, bearer(forTheirs))
		if got := textOf(who.Provider); got != "beta" {
			t.Errorf("the provider is %q", got)
		}
		both.rejectsLogin(t, person, named("cotter", forTheirs))
		both.rejectsLogin(t, person, named("beta", issuer.AccessToken(person)))
		alone.rejects(t, bearer(forTheirs))
	}
	// A cached result expires with the token. On a busy machine a brief token may
	// have expired before its first use.
	var brief string
	awaitReply(t, func() reply {
		brief = issuer.AccessToken(person, providertest.Claim("exp", time.Now().Add(-27*time.Second).Unix()))
		return both.send(t, "GET", "/api/me", bearer(brief))
	}, http.StatusOK, "")
	awaitReply(t, func() reply { return both.send(t, "GET", "/api/me", bearer(brief)) }, http.StatusUnauthorized, "token_expired")
}

// awaitReply sends requests until the response has the status, and checks its
// code.
func awaitReply(t *testing.T, send func() reply, status int, code string) {
	t.Helper()
	repeat(send, func(a reply) bool { return a.Status != status }).is(t, status, code)
}

func manyTokensAtOnce(t *testing.T, s *scene) {
	issuer := providertest.NewIssuer(t)
	p := start(t, s.framework, configuration(issuer, tokenWithoutUser))
	people := 1000
	if raceDetector {
		people = 200
	}
	const atOnce, times = 50, 3 // the result is cached
	turns := make(chan int)
	var group sync.WaitGroup
	for range atOnce {
		group.Go(func() {
			for turn := range turns {
				person := fmt.Sprintf("person-%d@example.com", turn)
				token := bearer(issuer.AccessToken(person))
				for range times {
					a, err := p.try("GET", "/api/me", token)
					if subject := `"subject":"` + providertest.SubjectOf(person) + `"`; err != nil || !strings.Contains(a.Body, subject) {
						t.Errorf("%s receives %d %s, %v", person, a.Status, a.Body, err)
					}
				}
			}
		})
	}
	for turn := range people {
		turns <- turn
	}
	close(turns)
	group.Wait()
}
