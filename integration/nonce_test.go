package integration_test

import (
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"net/http"
	"testing"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// TestLogin_Nonce posts logins with the nonce that the ID token has, and without.
func TestLogin_Nonce(t *testing.T) {
	t.Parallel()
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		scene := newScenes(t, framework).on(servable()[0])
		issuer, person := scene.issuer(), kindPerson(t, "ada")
		sum := sha256.Sum256([]byte("n-1"))
		digest := base64.RawURLEncoding.EncodeToString(sum[:])
		login := func(signed string, members map[string]any) map[string]any {
			payload := postedID(issuer.OIDCToken(person, providertest.Claim("nonce", signed)))
			maps.Copy(payload, members)
			return payload
		}
		for name, c := range map[string]struct {
			arguments []string
			signed    string
		}{
			"plain":  {[]string{`nonce = "required"`}, "n-1"},
			"sha256": {[]string{`nonce = "required"`, `nonce_form = "sha256"`}, digest},
		} {
			p := scene.start(t, ownSession, corp(issuer, c.arguments...))
			p.login(t, login(c.signed, map[string]any{"nonce": "n-1"})).is(t, http.StatusCreated, "")
			for _, bad := range []map[string]any{nil, {"nonce": nil}, {"nonce": ""}, {"nonce": "n-2"}, {"nonce": "N-1"}} {
				p.refused(t, providertest.SubjectOf(person), login(c.signed, bad), http.StatusUnauthorized, "invalid_token")
			}
			for _, malformed := range []map[string]any{{"nonce": 1}, {"Nonce": "n-1"}} {
				p.refused(t, providertest.SubjectOf(person), login(c.signed, malformed), http.StatusBadRequest, "invalid_request")
			}
			if name == "sha256" {
				p.refused(t, providertest.SubjectOf(person), login(digest, map[string]any{"nonce": digest}), http.StatusUnauthorized, "invalid_token")
			}
			cotter := issuer.Login(uniqueEmail(t, "cotter-"+name)).Payload()
			cotter["nonce"] = "ignored"
			p.login(t, cotter).is(t, http.StatusCreated, "")
		}
		p := scene.start(t, ownSession, corp(issuer))
		p.login(t, login("n-1", nil)).is(t, http.StatusCreated, "")
		p.login(t, login("n-1", map[string]any{"nonce": "n-1"})).is(t, http.StatusOK, "")
		p.refused(t, providertest.SubjectOf(person), login("n-1", map[string]any{"nonce": "n-2"}), http.StatusUnauthorized, "invalid_token")
	})
}
