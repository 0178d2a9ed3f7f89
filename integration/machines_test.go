package integration_test

import (
	"net/http"
	"testing"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// TestMachines_NeverUsers calls with the tokens of a grant client_credentials. They
// are recognized with session "provider_token", and are no user anywhere.
//
// Cases: T24. Frameworks: nethttp, gin, fiber.
func TestMachines_NeverUsers(t *testing.T) {
	t.Parallel()
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		scene := newScenes(t, framework).on(servable()[0])
		trial := newKindTrial(t, scene, accessBlocks[1].block(), `machines {
    claims = { "/realm_access/roles" = "service" }
  }`)
		person := kindPerson(t, "ada")
		user := trial.issuer.OIDCToken(person, kindNamed("Keycloak access").edits(api)...)
		created(t, trial.own.login(t, posted(user)))
		created(t, trial.providerToken.login(t, posted(user)))
		trial.providerToken.me(t, bearer(user))
		for name, edits := range map[string][]providertest.Edit{
			"Auth0":    claims("sub", "svc@clients", "azp", "svc", "client_id", providertest.Audience, "gty", "client-credentials")(""),
			"RFC 9068": claims("sub", providertest.Audience, "client_id", providertest.Audience)(""),
			"Entra":    claims("sub", "object-id", "azp", providertest.Audience, "idtyp", "app")(""),
			"by role":  claims("sub", "svc", "azp", providertest.Audience, "realm_access", map[string]any{"roles": []string{"service"}})(""),
		} {
			raw := trial.issuer.OIDCToken(person, append(claims("aud", api)(""), edits...)...)
			subject := map[string]string{"Auth0": "svc@clients", "RFC 9068": providertest.Audience, "Entra": "object-id", "by role": "svc"}[name]
			for _, p := range []*program{trial.own, trial.providerToken} {
				p.refused(t, subject, posted(raw), http.StatusForbidden, "machine_caller")
			}
			p := trial.providerToken
			p.send(t, "GET", "/api/me", bearer(raw)).is(t, http.StatusForbidden, "insufficient_scope")
			p.send(t, "GET", "/api/public", bearer(raw)).is(t, http.StatusForbidden, "insufficient_scope")
			p.send(t, "GET", "/auth/session", bearer(raw)).is(t, http.StatusForbidden, "machine_caller")
			p.send(t, "POST", "/auth/sessions/revoke", bearer(raw), posting(`{"all":true}`)).is(t, http.StatusForbidden, "machine_caller")
			p.send(t, "POST", "/auth/logout", bearer(raw)).is(t, http.StatusNoContent, "")
			if n := p.registered(t, subject); n != 0 {
				t.Errorf("%s: %d identities, want none", name, n)
			}
		}
		// As an ID token of a block without access tokens, it is no user either.
		idOnly := scene.start(t, ownSession, corp(trial.issuer))
		created(t, idOnly.login(t, postedID(trial.issuer.OIDCToken(person))))
		for _, gty := range []any{nil, "client-credentials"} {
			edits := claims("sub", providertest.Audience+"@clients", "azp", providertest.Audience, "gty", gty)("")
			status, code := http.StatusForbidden, "machine_caller"
			if gty != nil {
				status, code = http.StatusUnauthorized, "invalid_token"
			}
			idOnly.refused(t, providertest.Audience+"@clients", postedID(trial.issuer.OIDCToken(person, edits...)), status, code)
		}
	})
}
