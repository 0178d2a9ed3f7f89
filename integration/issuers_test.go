package integration_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// corpFile returns a file with some oidc blocks and no other provider.
func corpFile(session, database string, blocks ...string) string {
	return fmt.Sprintf(`
auth {
  mode     = "development"
  base_url = %q
}

%s

%s

%s`, corpBaseURL, strings.Join(blocks, "\n\n"), session, database)
}

const corpBaseURL = "http://localhost:8080"

// corpBlock returns a block for an issuer, with further arguments.
func corpBlock(name, issuer, audience string, arguments ...string) string {
	return fmt.Sprintf(`provider "oidc" %q {
  issuer   = %q
  audience = [%q]
  trust    = ["email", "phone"]
  %s
}`, name, issuer, audience, strings.Join(arguments, "\n  "))
}

// startCorp starts a program with a separate database, whose only provider is
// an OpenID Connect issuer.
func startCorp(t *testing.T, framework string, issuer *providertest.Issuer, session string, arguments ...string) *program {
	t.Helper()
	return startBlocks(t, framework, session, corpBlock("corp", issuer.URL(), providertest.Audience, arguments...))
}

// startBlocks is startCorp with any oidc blocks.
func startBlocks(t *testing.T, framework, session string, blocks ...string) *program {
	t.Helper()
	database := sqliteFile(t)
	p := start(t, framework, corpFile(session, database.block, blocks...))
	p.database = database
	return p
}

// refusesBlocks demands that the program does not start, with an error at the
// line of the file that contains a string.
func refusesBlocks(t *testing.T, framework, at string, wants []string, blocks ...string) {
	t.Helper()
	content := corpFile(ownSession, `database "sqlite" {}`, blocks...)
	before, _, found := strings.Cut(content, at)
	if !found {
		t.Fatalf("%q is not in the file", at)
	}
	file := filepath.Join(t.TempDir(), "auth.hcl")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stderr := runBriefly(t, framework, "-addr", "127.0.0.1:0", "-config", file)
	for _, want := range append(wants, fmt.Sprintf("line %d", 1+strings.Count(before, "\n"))) {
		if code != 1 || !strings.Contains(stderr, want) {
			t.Errorf("exit code %d, want 1 and %q in\n%s", code, want, stderr)
		}
	}
}

// linesOf ends the program and returns the lines of its log with that reason.
func (p *program) linesOf(t *testing.T, reason string) (lines []map[string]any) {
	t.Helper()
	p.end(t)
	for line := range strings.Lines(p.log) {
		var members map[string]any
		if json.Unmarshal([]byte(line), &members) == nil && members["reason"] == reason {
			lines = append(lines, members)
		}
	}
	return lines
}

// Cases: T22. Frameworks: nethttp, gin, fiber.
func TestTokenFault_ValuesLogged(t *testing.T) {
	t.Parallel()
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		issuer := providertest.NewIssuer(t)
		long := strings.Repeat("a", 300)
		for reason, c := range map[string]struct {
			edit            providertest.Edit
			expected, found string
		}{
			"wrong_issuer":      {providertest.Claim("iss", issuer.URL()+"/"), issuer.URL(), issuer.URL() + "/"},
			"wrong_audience":    {providertest.Claim("aud", long), providertest.Audience, long[:200]},
			"wrong_header_type": {providertest.Header("typ", "a\r\nlevel=ERROR"), "JWT", `a\r\nlevel=ERROR`},
		} {
			p := startCorp(t, framework, issuer, tokenBearer)
			valid := issuer.OIDCToken(ada)
			p.login(t, postedID(valid)).is(t, http.StatusCreated, "")
			p.send(t, "GET", "/api/me", bearer(valid)).is(t, http.StatusOK, "")
			wrong := issuer.OIDCToken(ada, c.edit)
			for _, a := range []reply{p.login(t, postedID(wrong)), p.send(t, "GET", "/api/me", bearer(wrong))} {
				a.is(t, http.StatusUnauthorized, "invalid_token")
				if strings.Contains(a.Body, "expected") || strings.Contains(a.Body, c.found) {
					t.Errorf("%s: the response contains the values: %s", reason, a.Body)
				}
			}
			lines := p.linesOf(t, reason)
			if len(lines) != 2 {
				t.Errorf("%s: %d lines of the log, want 2", reason, len(lines))
			}
			for _, line := range lines {
				if line["expected"] != c.expected || line["found"] != c.found {
					t.Errorf("%s: the log has expected %q, found %q, want %q and %q", reason, line["expected"], line["found"], c.expected, c.found)
				}
			}
		}
	})
}

// Cases: T22. Frameworks: nethttp, gin, fiber.
func TestDiscoveryFault_ValuesLogged(t *testing.T) {
	t.Parallel()
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		issuer := providertest.NewIssuer(t)
		startCorp(t, framework, issuer, ownSession).login(t, postedID(issuer.OIDCToken(ada))).is(t, http.StatusCreated, "")
		issuer.SetDiscovery("issuer", issuer.URL()+"/")
		p := startCorp(t, framework, issuer, ownSession)
		p.login(t, postedID(issuer.OIDCToken(ada))).is(t, http.StatusServiceUnavailable, "temporarily_unavailable")
		p.end(t)
		if want := fmt.Sprintf(`expected \"%[1]s\", found \"%[1]s/\"`, issuer.URL()); !strings.Contains(p.log, want) {
			t.Errorf("the log does not contain %s:\n%s", want, p.log)
		}
	})
}

// Cases: K01. Frameworks: nethttp, gin, fiber.
func TestIssuer_OneSubjectClaim(t *testing.T) {
	t.Parallel()
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		issuer := providertest.NewIssuer(t)
		const subject = `claims { subject = "/preferred_username" }`
		block := func(name, audience string, arguments ...string) string {
			return corpBlock(name, issuer.URL(), audience, arguments...)
		}
		p := startBlocks(t, framework, ownSession, block("web", "web", subject), block("app", "app", subject))
		for _, audience := range []string{"web", "app"} {
			token := issuer.OIDCToken(ada, providertest.Claim("aud", audience), providertest.Claim("preferred_username", "ada"))
			if me := p.signedIn(t, p.login(t, postedID(token))); me.Created != (audience == "web") {
				t.Errorf("%s: created is %t", audience, me.Created)
			}
		}
		refusesBlocks(t, framework, `provider "oidc" "app"`, []string{"/preferred_username", `"web"`}, block("web", "web"), block("app", "app", subject))
		refusesBlocks(t, framework, `provider "oidc" "app"`, []string{"/preferred_username", `"web"`}, block("web", "web", subject), block("app", "app"))
		refusesBlocks(t, framework, `provider "oidc" "self"`, []string{"base_url"}, corpBlock("self", corpBaseURL, "web"))
		refusesBlocks(t, framework, `provider "oidc" "self"`, []string{"base_url"}, corpBlock("self", corpBaseURL+"/", "web"))
	})
}

// Cases: T17. Frameworks: nethttp, gin, fiber.
func TestStringBooleans_Verified(t *testing.T) {
	t.Parallel()
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		issuer := providertest.NewIssuer(t)
		for arguments, want := range map[string]map[any]bool{
			"":                       {true: true, "true": false},
			"string_booleans = true": {true: true, "true": true, "false": false, "TRUE": false},
		} {
			p := startCorp(t, framework, issuer, ownSession, arguments)
			for claim, verified := range want {
				me := p.signedIn(t, p.login(t, postedID(issuer.OIDCToken(ada, providertest.Claim("email_verified", claim)))))
				if me.User.Email != ada || me.User.EmailVerified != verified {
					t.Errorf("%q, email_verified %#v: got %+v, want verified %t", arguments, claim, me.User, verified)
				}
			}
		}
	})
}

// Cases: T13. Frameworks: nethttp, gin, fiber.
func TestUserInfo_AtLogin(t *testing.T) {
	t.Parallel()
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		issuer := providertest.NewIssuer(t)
		p := startCorp(t, framework, issuer, ownSession, "userinfo = true")
		respond := func(status int, claims map[string]any) {
			issuer.SetUserInfo(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(status)
				_ = json.NewEncoder(w).Encode(claims)
			}))
		}
		payload := func(person, access string) map[string]any {
			tokens := map[string]any{"id_token": issuer.OIDCToken(person, providertest.Claim("email", nil), providertest.Claim("email_verified", nil))}
			if access != "" {
				tokens["access_token"] = access
			}
			return map[string]any{"oauth_token": tokens}
		}
		const access = "opaque-access-token-of-ada"
		sub := providertest.SubjectOf(ada)
		respond(http.StatusOK, map[string]any{"sub": sub, "email": ada, "email_verified": true})
		signIn := func(access string) signedIn { return p.signedIn(t, p.login(t, payload(ada, access))) }
		if me := signIn(access); !me.Created || me.User.Email != ada || !me.User.EmailVerified {
			t.Errorf("got %+v, want the verified email of the UserInfo endpoint", me.User)
		}
		before := issuer.UserInfoRequests()
		if me := signIn(""); me.Created || me.User.Email != ada || !me.User.EmailVerified {
			t.Errorf("without access token: got %+v, want the stored email", me.User)
		}
		if me := p.signedIn(t, p.login(t, postedID(issuer.OIDCToken(ada)))); me.User.Email != ada {
			t.Errorf("got %+v, want the email of the token", me.User)
		}
		if got := issuer.UserInfoRequests(); got != before {
			t.Errorf("%d requests for UserInfo without need", got-before)
		}

		refused := func(status int, code string) {
			t.Helper()
			p.refused(t, providertest.SubjectOf("eve@example.com"), payload("eve@example.com", access), status, code)
			p.login(t, payload(ada, access)).is(t, status, code)
		}
		respond(http.StatusOK, map[string]any{"sub": "another", "email": "other@example.com", "email_verified": true})
		refused(http.StatusUnauthorized, "invalid_token")
		respond(http.StatusOK, map[string]any{"email": "other@example.com", "email_verified": true})
		refused(http.StatusUnauthorized, "invalid_token")
		respond(http.StatusInternalServerError, nil)
		refused(http.StatusServiceUnavailable, "temporarily_unavailable")
		respond(http.StatusUnauthorized, nil)
		refused(http.StatusUnauthorized, "invalid_token")
		if me := signIn(""); me.User.Email != ada || !me.User.EmailVerified {
			t.Errorf("after refused logins: got %+v, want the stored email", me.User)
		}
		respond(http.StatusOK, map[string]any{"sub": sub})
		if me := signIn(access); me.User.Email != "" || me.User.EmailVerified {
			t.Errorf("got %+v, want no email, as the UserInfo endpoint has none", me.User)
		}
		refusesBlocks(t, framework, "userinfo = true", []string{"jwks_url"}, corpBlock("corp", issuer.URL(), "web", "userinfo = true", `jwks_url = "`+issuer.URL()+`/jwks"`))
	})
}

// Cases: T09. Frameworks: nethttp, gin, fiber.
func TestGoogleIssuer_OneIdentity(t *testing.T) {
	t.Parallel()
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		const google = "https://accounts.google.com"
		issuer := providertest.NewIssuer(t)
		issuer.SetDiscovery("issuer", google)
		for _, session := range []string{ownSession, tokenBearer} {
			p := startBlocks(t, framework, session, corpBlock("google", google, providertest.Audience, fmt.Sprintf("discovery_url = %q", issuer.URL()+providertest.DiscoveryPath)))
			var first signedIn
			for _, iss := range []string{google, "accounts.google.com"} {
				token := issuer.OIDCToken(ada, providertest.Claim("iss", iss))
				payload := postedID(token)
				payload["transport"] = "bearer"
				me := p.signedIn(t, p.login(t, payload))
				if first.User.ID == "" {
					first = me
				}
				if me.User.ID != first.User.ID || me.Created != (iss == google) {
					t.Errorf("iss %s: got user %s, created %t, want %s", iss, me.User.ID, me.Created, first.User.ID)
				}
				credential := bearer(token)
				if session == ownSession {
					credential = bearer(me.Token.AccessToken)
				}
				if a := p.send(t, "GET", "/api/me", credential); a.Status != http.StatusOK || !strings.Contains(a.Body, first.User.ID) {
					t.Errorf("iss %s: got %d %s", iss, a.Status, a.Body)
				}
			}
			wrong := issuer.OIDCToken("eve@example.com", providertest.Claim("iss", "http://accounts.google.com"))
			p.refused(t, providertest.SubjectOf("eve@example.com"), postedID(wrong), http.StatusUnauthorized, "invalid_token")
		}
	})
}

// directory serves the discovery documents of tenants, each with the keys of its
// issuer, and returns their issuer with the placeholder.
func directory(t *testing.T, issuers map[string]*providertest.Issuer) (issuer string) {
	t.Helper()
	mux := http.NewServeMux()
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	mux.HandleFunc("GET /{tenant}/v2.0/.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		tenant := r.PathValue("tenant")
		_ = json.NewEncoder(w).Encode(map[string]any{
			"issuer":   s.URL + "/" + tenant + "/v2.0",
			"jwks_uri": issuers[tenant].URL() + providertest.OIDCKeysPath,
		})
	})
	return s.URL + "/{tenantid}/v2.0"
}

// Cases: T18. Frameworks: nethttp, gin, fiber.
func TestTenants_OneIdentityEach(t *testing.T) {
	t.Parallel()
	const first, second, third = "9188040d-6c67-4c5b-b112-36a304b66dad", "72f988bf-86f1-41af-91ab-2d7cd011db47", "00000000-0000-4000-8000-000000000000"
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		issuers := map[string]*providertest.Issuer{}
		for _, tenant := range []string{first, second, third} {
			issuers[tenant] = providertest.NewIssuer(t)
		}
		issuer := directory(t, issuers)
		token := func(signer, iss, tid string) string {
			return issuers[signer].OIDCToken(ada,
				providertest.Claim("iss", strings.ReplaceAll(issuer, "{tenantid}", iss)), providertest.Claim("tid", tid))
		}
		p := startBlocks(t, framework, ownSession, corpBlock("entra", issuer, providertest.Audience, fmt.Sprintf("tenants = [%q, %q]", first, second)))
		users := map[string]bool{}
		for _, tenant := range []string{first, second} {
			me := p.signedIn(t, p.login(t, postedID(token(tenant, tenant, tenant))))
			if !me.Created || users[me.User.ID] {
				t.Errorf("tenant %s: created is %t, want a separate user", tenant, me.Created)
			}
			users[me.User.ID] = true
			if again := p.signedIn(t, p.login(t, postedID(token(tenant, tenant, tenant)))); again.User.ID != me.User.ID {
				t.Errorf("tenant %s: another user at the second login", tenant)
			}
		}
		for name, wrong := range map[string]string{
			"tenant that is not listed": token(third, third, third),
			"another tid":               token(first, first, second),
			"another tenant's keys":     token(first, second, second),
			"placeholder":               token(first, "{tenantid}", "{tenantid}"),
		} {
			if a := p.login(t, postedID(wrong)); a.Status != http.StatusUnauthorized {
				t.Errorf("%s: got %d %s, want 401", name, a.Status, a.Body)
			}
		}
		if got := p.registered(t, providertest.SubjectOf(ada)); got != 2 {
			t.Errorf("%d identities, want one for each tenant", got)
		}

		const entra = "https://login.microsoftonline.com/"
		for _, shared := range []string{"common", "organizations", "consumers"} {
			refusesBlocks(t, framework, "issuer   =", []string{shared, "tenants", "{tenantid}"}, corpBlock("entra", entra+shared+"/v2.0", "web"))
		}
		refusesBlocks(t, framework, "issuer   =", []string{"tenants"}, corpBlock("entra", entra+"{tenantid}/v2.0", "web"))
		refusesBlocks(t, framework, "tenants =", []string{"{tenantid}"}, corpBlock("entra", entra+first+"/v2.0", "web", fmt.Sprintf("tenants = [%q]", first)))
	})
}
