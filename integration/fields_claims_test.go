package integration_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// TestFields_RequiredClaims posts ID tokens to programs that require claims by
// name and by JSON Pointer.
//
// Cases: T14, T15, T16. Frameworks: nethttp, gin, fiber.
func TestFields_RequiredClaims(t *testing.T) {
	t.Parallel()
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		scenes := newScenes(t, framework)
		onEach(t, servable()[:1], func(t *testing.T, b backend) {
			t.Helper()
			s := scenes.on(b)
			issuer := providertest.NewIssuer(t)
			p := s.start(t, tokenBearer, corp(issuer, `required_claims = {
    "/realm_access/roles"       = "editor"
    "https://app.example/roles" = "staff"
    "/identities/1/provider"    = "saml"
    scope                       = "read:x"
    groups                      = "admin"
    ver                         = "1"
    staff                       = "true"
  }`))
			valid := map[string]any{
				"realm_access":              map[string]any{"roles": []string{"offline_access", "editor"}},
				"https://app.example/roles": []string{"staff"},
				"identities":                []any{map[string]any{"provider": "google"}, map[string]any{"provider": "saml"}},
				"scope":                     "openid read:x",
				"groups":                    []string{"admin", "b"},
				"ver":                       1,
				"staff":                     true,
			}
			person := uniqueEmail(t, "ada")
			token := func(name string, value any) string {
				edits := []providertest.Edit{providertest.Claim(name, value)}
				for claim, right := range valid {
					if claim != name {
						edits = append(edits, providertest.Claim(claim, right))
					}
				}
				return issuer.OIDCToken(person, edits...)
			}
			for name, bad := range map[string]any{
				"realm_access":              map[string]any{"roles": []string{"offline_access"}, "editor": true},
				"https://app.example/roles": "staffer",
				"identities":                []any{map[string]any{"provider": "saml"}, map[string]any{"provider": "google"}},
				"scope":                     "openid read:xy",
				"groups":                    []any{[]string{"admin"}},
				"ver":                       1.5,
				"staff":                     false,
			} {
				p.rejectsLogin(t, providertest.SubjectOf(person), postedID(token(name, bad)))
				p.rejects(t, bearer(token(name, bad)))
				p.rejects(t, bearer(token(name, nil)))
			}
			p.login(t, postedID(token("scope", []string{"read:x"}))).is(t, http.StatusCreated, "")
			p.me(t, bearer(token("scope", valid["scope"])))
		})
	})
}

// TestFields_StepUpLogin logs a signed-in user in again.
//
// Cases: T25. Frameworks: nethttp, gin, fiber. Databases: sqlite, postgres, mariadb.
func TestFields_StepUpLogin(t *testing.T) {
	t.Parallel()
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		scenes := newScenes(t, framework)
		onEach(t, servable(), func(t *testing.T, b backend) {
			t.Helper()
			s := scenes.on(b)
			p, person := s.program(ownSession), uniqueEmail(t, "ada")
			weak := p.signIn(t, s.issuer(), person)
			p.me(t, weak.credential)
			other := p.signIn(t, s.issuer(), person)

			payload := s.issuer().Login(person).Payload()
			payload["oauth_token"].(map[string]any)["access_token"] = s.issuer().AccessToken(person, providertest.Claim("authentication_method", "WEBAUTHN"))
			strong := p.signedIn(t, p.login(t, payload, weak.credential))
			if strong.Session.ID != weak.Session.ID || strong.Created {
				t.Errorf("the session is %+v, after %+v", strong.Session, weak.Session)
			}
			p.rejects(t, weak.credential)
			if me := p.me(t, strong.credential); textOf(me.SessionID) != weak.Session.ID || textOf(me.AuthMethod) != "WEBAUTHN" {
				t.Errorf("the caller is %+v", me)
			}
			p.me(t, other.credential)
			if listed := p.sessions(t, strong.credential); len(listed) != 2 {
				t.Errorf("the sessions are %+v, want 2", listed)
			}

			p.send(t, "POST", "/auth/logout", strong.credential).is(t, http.StatusNoContent, "")
			next := p.signIn(t, s.issuer(), person, strong.credential)
			if next.Session.ID == weak.Session.ID {
				t.Error("a session that was ended is active again")
			}
			p.rejects(t, strong.credential)
		})
	})
}

// TestFields_CachedToken posts a token that an SDK has cached for longer than
// login_max_age.
//
// Cases: T21. Frameworks: nethttp, gin, fiber.
func TestFields_CachedToken(t *testing.T) {
	t.Parallel()
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		scenes := newScenes(t, framework)
		onEach(t, servable()[:1], func(t *testing.T, b backend) {
			t.Helper()
			s, issuer := scenes.on(b), providertest.NewIssuer(t)
			person := uniqueEmail(t, "ada")
			issued := issuer.Now().Add(-40 * time.Minute).Unix()
			cached := issuer.OIDCToken(person, providertest.Claim("iat", issued), providertest.Claim("exp", issued+3600))

			strict := s.start(t, tokenBearer, corp(issuer))
			strict.login(t, postedID(issuer.OIDCToken(person))).is(t, http.StatusCreated, "")
			strict.me(t, bearer(cached))
			strict.login(t, postedID(cached)).is(t, http.StatusUnauthorized, "token_expired")
			strict.end(t)
			if !strings.Contains(strict.log, "older_than_login_max_age") {
				t.Errorf("the log does not name the argument: %s", strict.log)
			}

			patient := s.start(t, tokenBearer, corp(issuer, `login_max_age = "1h"`))
			patient.login(t, postedID(cached)).is(t, http.StatusCreated, "")
		})
	})
}
