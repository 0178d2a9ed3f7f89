package integration_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
)

// The tests of this file sign in at servers of other projects, which CASES.md and
// README.md list, and log in at the demo application with the tokens.

func TestIssuer_Zitadel(t *testing.T) {
	t.Parallel()
	server := startZitadel(t)
	server.testLogins(t, "web", "RS256", "")
}

func TestIssuer_MockOIDC(t *testing.T) {
	t.Parallel()
	server := startMockOIDC(t)
	server.testLogins(t, "web", "RS256", "jane.doe@example.com")
}

func TestIssuer_Dex(t *testing.T) {
	t.Parallel()
	if !isLongForm() {
		t.Skip(leftOut)
	}
	for _, algorithm := range []string{"RS256", "ES256"} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			server := startDex(t, algorithm, "6h")
			server.testLogins(t, "web", algorithm, "ada@example.com")
		})
	}
}

func TestIssuer_OIDCProvider(t *testing.T) {
	t.Parallel()
	algorithms := []string{"RS256", "ES256", "PS256", "EdDSA"}
	server := startOIDCProvider(t, algorithms)
	for _, algorithm := range algorithms {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			server.testLogins(t, algorithm, algorithm, "")
		})
	}
}

// testLogins logs in with tokens of the server's client in the session
// strategies in which an ID token is enough.
func (s issuerServer) testLogins(t *testing.T, clientID, algorithm, email string) {
	t.Helper()
	for _, session := range []string{ownSession, tokenBearer} {
		p := s.startProgram(t, session, clientID, algorithm)
		s.testLogin(t, p, clientID, algorithm, email)
	}
}

// startProgram starts the demo application of net/http with the server as the
// provider "issuer", and for another audience as the provider "other".
func (s issuerServer) startProgram(t *testing.T, session, clientID, algorithm string) *program {
	t.Helper()
	block := func(name, audience string) string {
		return fmt.Sprintf(`
provider "oidc" %q {
  issuer     = %q
  audience   = [%q]
  algorithms = [%q]
  trust      = ["email"]
}
`, name, s.issuer, audience, algorithm)
	}
	database := sqliteFile(t)
	const auth = `
auth {
  mode     = "development"
  base_url = "http://localhost:8080"
}
`
	p := start(t, "nethttp", auth+block("issuer", clientID)+block("other", "another-client")+session+"\n"+database.block)
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
