package integration_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// The tests of this file sign in at servers of other projects, which CASES.md and
// README.md list, and log in at the demo application with the tokens.

// Cases: T13. Frameworks: nethttp. Databases: sqlite.
func TestIssuer_Zitadel(t *testing.T) {
	t.Parallel()
	server := startZitadel(t)
	server.testLogins(t, "web", "RS256", "")
	server.testUserInfo(t, "web", "RS256", "test-user@zitadel.ch")
}

func TestIssuer_MockOIDC(t *testing.T) {
	t.Parallel()
	server := startMockOIDC(t)
	server.testLogins(t, "web", "RS256", "jane.doe@example.com")
}

func TestIssuer_Dex(t *testing.T) {
	t.Parallel()
	if !isLongForm() {
		t.Skip(leftOut) // it takes a minute to build
	}
	dex := buildIssuer(t, "dex")
	for _, algorithm := range []string{"RS256", "ES256"} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			server := startDex(t, dex, algorithm)
			server.testLogins(t, "web", algorithm, "ada@example.com")
			server.testRotation(t, algorithm)
		})
	}
}

// testRotation logs in with tokens of three keys, and then with all of them
// again, since the issuer publishes its former keys.
func (s issuerServer) testRotation(t *testing.T, algorithm string) {
	t.Helper()
	p := s.startProgram(t, ownSession, "web", algorithm)
	used := map[any]map[string]any{} // the tokens by key
	for range 3 {
		tokens := s.signIn(t, "web", nil)
		p.signedIn(t, p.login(t, loginPayload("issuer", tokens)))
		header, _ := decodeToken(t, tokens["id_token"])
		used[header["kid"]] = tokens
		s.rotate(t)
	}
	if len(used) != 3 {
		t.Errorf("the issuer signed with %d keys, want 3", len(used))
	}
	for kid, tokens := range used {
		if a := p.login(t, loginPayload("issuer", tokens)); a.Status != http.StatusOK {
			t.Errorf("a token of key %v: %d %s", kid, a.Status, a.Body)
		}
	}
}

// rotate makes dex sign with another key.
func (s issuerServer) rotate(t *testing.T) {
	t.Helper()
	response, err := http.Post(strings.TrimSuffix(s.issuer, "/dex")+"/rotate", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("dex did not rotate its keys: %s", response.Status)
	}
}

// Cases: T04, T05, T10, T12, T13. Frameworks: nethttp. Databases: sqlite.
func TestIssuer_OIDCProvider(t *testing.T) {
	t.Parallel()
	algorithms := []string{"RS256", "RS512", "PS256", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"}
	server := startOIDCProvider(t, algorithms)
	for _, algorithm := range algorithms {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			server.testLogins(t, algorithm, algorithm, "")
			server.testAccessTokens(t, algorithm)
		})
	}
	t.Run("UserInfo", func(t *testing.T) {
		t.Parallel()
		server.testUserInfo(t, "RS256", "RS256", "ada@example.com")
	})
	t.Run("Groups", func(t *testing.T) {
		t.Parallel()
		server.testGroups(t, "RS256")
	})
}

// testUserInfo checks that a user whose email address is only in UserInfo has
// it with the argument userinfo, and no other user's.
func (s issuerServer) testUserInfo(t *testing.T, clientID, algorithm, email string) {
	t.Helper()
	tokens := s.signIn(t, clientID, nil)
	without := s.startProgram(t, ownSession, clientID, algorithm)
	if got := without.signedIn(t, without.login(t, loginPayload("issuer", tokens))); got.User.Email != "" {
		t.Errorf("without UserInfo the email address is %q", got.User.Email)
	}
	p := s.startProgram(t, ownSession, clientID, algorithm, "userinfo = true")
	idTokenOnly := map[string]any{"id_token": tokens["id_token"]}
	for _, posted := range []map[string]any{tokens, idTokenOnly} { // the second login keeps what the first stored
		got := p.signedIn(t, p.login(t, loginPayload("issuer", posted)))
		if got.User.Email != email || !got.User.EmailVerified {
			t.Errorf("the email address is %q (verified: %t), want %q", got.User.Email, got.User.EmailVerified, email)
		}
	}
	before := p.database.rows(t)
	wrong := map[string]any{"id_token": tokens["id_token"], "access_token": "another"}
	p.login(t, loginPayload("issuer", wrong)).is(t, http.StatusUnauthorized, "invalid_token")
	if got := p.database.rows(t); got != before {
		t.Errorf("a refused login wrote: %+v, then %+v", before, got)
	}
}

// testGroups checks that the token of a user in 200 groups is accepted at the
// login and as the session.
func (s issuerServer) testGroups(t *testing.T, algorithm string) {
	t.Helper()
	tokens := s.signIn(t, algorithm, url.Values{"claims": {`{"id_token":{"groups":null}}`}})
	if size := len(tokens["id_token"].(string)); size < 10_000 || size > 16_384 {
		t.Errorf("the token has %d bytes", size)
	}
	p := s.startProgram(t, tokenBearer, algorithm, algorithm)
	me := p.signedIn(t, p.login(t, loginPayload("issuer", tokens)))
	p.me(t, me.credential)
	_, claims := decodeToken(t, tokens["id_token"])
	if groups, _ := claims["groups"].([]any); len(groups) != 200 {
		t.Errorf("the token has %d groups", len(groups))
	}
}

// testAccessTokens checks that where access tokens are accepted, the RFC 9068
// access token of a resource, and no other token, is the session.
func (s issuerServer) testAccessTokens(t *testing.T, algorithm string) {
	t.Helper()
	p := s.startProgram(t, tokenBearer, algorithm, algorithm, fmt.Sprintf("access_token {\n    audience = [%q]\n  }", "https://api.example.com"))
	forAPI := url.Values{"resource": {"https://api.example.com"}, "scope": {"openid read"}}
	tokens := s.signIn(t, algorithm, forAPI)
	header, _ := decodeToken(t, tokens["access_token"])
	if header["typ"] != "at+jwt" {
		t.Errorf("the typ of the access token is %v, want at+jwt", header["typ"])
	}
	me := p.signedIn(t, p.login(t, loginPayload("issuer", tokens)))
	if me.Token.AccessToken != tokens["access_token"] {
		t.Error("the session is not the access token")
	}
	p.me(t, me.credential)
	p.rejects(t, bearer(tokens["id_token"].(string)))

	before := p.database.rows(t)
	grace := issuerServer{issuer: s.issuer, user: "grace", password: s.password}.signIn(t, algorithm, forAPI)
	opaque := s.signIn(t, algorithm, nil)
	p.login(t, loginPayload("issuer", map[string]any{"id_token": tokens["id_token"]})).is(t, http.StatusBadRequest, "invalid_request")
	for name, bad := range map[string]map[string]any{
		"an opaque access token":           {"id_token": tokens["id_token"], "access_token": opaque["access_token"]},
		"the access token of another user": {"id_token": tokens["id_token"], "access_token": grace["access_token"]},
		"two access tokens":                {"id_token": tokens["access_token"], "access_token": tokens["access_token"]},
		"two ID tokens":                    {"id_token": tokens["id_token"], "access_token": tokens["id_token"]},
		"exchanged tokens":                 {"id_token": tokens["access_token"], "access_token": tokens["id_token"]},
	} {
		if a := p.login(t, loginPayload("issuer", bad)); a.Status != http.StatusUnauthorized {
			t.Errorf("%s: %d %s, want 401", name, a.Status, a.Body)
		}
	}
	if got := p.database.rows(t); got != before {
		t.Errorf("refused logins wrote: %+v, then %+v", before, got)
	}

	withoutBlock := s.startProgram(t, tokenBearer, algorithm, algorithm)
	withoutBlock.login(t, loginPayload("issuer", tokens)).is(t, http.StatusCreated, "")
	withoutBlock.rejects(t, bearer(tokens["access_token"].(string)))
}

// testLogins logs in with tokens of the server's client in the session
// strategies in which an ID token is enough.
func (s issuerServer) testLogins(t *testing.T, clientID, algorithm, email string) {
	t.Helper()
	for _, session := range []string{ownSession, tokenBearer} {
		p := s.startProgram(t, session, clientID, algorithm, `nonce = "required"`)
		s.testLogin(t, p, clientID, algorithm, email)
	}
}

// startProgram starts the demo application of net/http with the server as the
// provider "issuer", which has more arguments, and for another audience as the
// provider "other".
func (s issuerServer) startProgram(t *testing.T, session, clientID, algorithm string, more ...string) *program {
	t.Helper()
	block := func(name, audience string, more ...string) string {
		return fmt.Sprintf(`
provider "oidc" %q {
  issuer     = %q
  audience   = [%q]
  algorithms = [%q]
  trust      = ["email"]
  %s
}
`, name, s.issuer, audience, algorithm, strings.Join(more, "\n  "))
	}
	database := sqliteFile(t)
	const auth = `
auth {
  mode     = "development"
  base_url = "http://localhost:8080"
}
`
	p := start(t, "nethttp", auth+block("issuer", clientID, more...)+block("other", "another-client")+session+"\n"+database.block)
	p.database = database
	return p
}

func (s issuerServer) testLogin(t *testing.T, p *program, clientID, algorithm, email string) {
	t.Helper()
	tokens := s.signIn(t, clientID, nil)
	first := p.login(t, loginPayload("issuer", tokens))
	first.is(t, http.StatusCreated, "")
	again := p.login(t, loginPayload("issuer", s.signIn(t, clientID, nil)))
	again.is(t, http.StatusOK, "")
	registered, returned := p.signedIn(t, first), p.signedIn(t, again)
	if registered.User.ID != returned.User.ID {
		t.Errorf("the user is %s, and at the next login %s", registered.User.ID, returned.User.ID)
	}
	if registered.User.Email != email || registered.User.EmailVerified != (email != "") {
		t.Errorf("the email address is %q (verified: %t), want %q", registered.User.Email, registered.User.EmailVerified, email)
	}
	header, claims := decodeToken(t, tokens["id_token"])
	if header["alg"] != algorithm {
		t.Errorf("the issuer signed by %v, want %s", header["alg"], algorithm)
	}
	if who := p.me(t, registered.credential); textOf(who.Provider) != "issuer" || textOf(who.Subject) != claims["sub"] {
		t.Errorf("the caller is %+v, want the subject %v", who, claims["sub"])
	}
	testRefusedNeighbors(t, p, tokens)
}

// testRefusedNeighbors posts tokens that differ in one way from those of a login
// that succeeded.
func testRefusedNeighbors(t *testing.T, p *program, tokens map[string]any) {
	t.Helper()
	before := p.database.rows(t)
	p.login(t, loginPayload("other", tokens)).is(t, http.StatusUnauthorized, "invalid_token")
	anotherNonce := maps.Clone(tokens)
	anotherNonce["nonce"] = "another"
	p.login(t, loginPayload("issuer", anotherNonce)).is(t, http.StatusUnauthorized, "invalid_token")
	for _, change := range []func(header, claims map[string]any){
		func(_, claims map[string]any) { claims["sub"] = "mallory" },
		func(header, _ map[string]any) { header["alg"] = "none" },
		func(header, _ map[string]any) { header["kid"] = "another" },
	} {
		altered := maps.Clone(tokens)
		altered["id_token"] = alterToken(t, tokens["id_token"], change)
		p.login(t, loginPayload("issuer", altered)).is(t, http.StatusUnauthorized, "invalid_token")
	}
	if got := p.database.rows(t); got != before {
		t.Errorf("refused logins wrote: %+v, then %+v", before, got)
	}
	p.login(t, loginPayload("issuer", tokens)).is(t, http.StatusOK, "")
}

// loginPayload returns what a front end posts of the response of a token
// endpoint.
func loginPayload(provider string, tokens map[string]any) map[string]any {
	return map[string]any{
		"provider":    provider,
		"nonce":       tokens["nonce"],
		"oauth_token": map[string]any{"access_token": tokens["access_token"], "id_token": tokens["id_token"]},
	}
}

// decodeToken returns the parts of a JWT without its signature.
func decodeToken(t *testing.T, token any) (header, claims map[string]any) {
	t.Helper()
	parts := strings.Split(token.(string), ".")
	for i, into := range []*map[string]any{&header, &claims} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err == nil {
			err = json.Unmarshal(text, into)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return header, claims
}

// alterToken returns a token with other contents and the same signature.
func alterToken(t *testing.T, token any, change func(header, claims map[string]any)) string {
	t.Helper()
	header, claims := decodeToken(t, token)
	change(header, claims)
	encoded := func(part map[string]any) string { return base64.RawURLEncoding.EncodeToString([]byte(encode(part))) }
	return encoded(header) + "." + encoded(claims) + token.(string)[strings.LastIndexByte(token.(string), '.'):]
}
