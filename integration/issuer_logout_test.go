package integration_test

import (
	"io"
	"net/http"
	"net/url"
	"testing"
)

// sendLogout lets oidc-provider post a logout token to a program; without sid if that
// is empty.
func (s issuerServer) sendLogout(t *testing.T, p *program, clientID, sub, sid string) {
	t.Helper()
	query := url.Values{"client": {clientID}, "uri": {p.origin + "/auth/backchannel/issuer"}, "sub": {sub}}
	if sid != "" {
		query.Set("sid", sid)
	}
	response, err := http.Post(s.issuer+"/send-logout?"+query.Encode(), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusNoContent {
		t.Fatalf("the logout token was not accepted: %s %s (%v)", response.Status, body, err)
	}
}

// The logout tokens of oidc-provider are accepted, with and without sid.
func TestIssuer_BackchannelLogout(t *testing.T) {
	t.Parallel()
	const client = "ES256"
	server := startOIDCProvider(t, []string{client})
	p := server.startProgram(t, ownSession, client, client)
	tokens := server.signIn(t, client, nil)
	session := p.signedIn(t, p.login(t, loginPayload("issuer", tokens)))
	_, claims := decodeToken(t, tokens["id_token"])
	sub, _ := claims["sub"].(string)
	sid, _ := claims["sid"].(string)
	if sub == "" || sid == "" {
		t.Fatalf("the ID token has sub %q and sid %q", sub, sid)
	}
	server.sendLogout(t, p, client, sub, "another")
	p.me(t, session.credential)
	server.sendLogout(t, p, client, sub, sid)
	p.rejects(t, session.credential)
	p.login(t, loginPayload("issuer", tokens)).is(t, http.StatusUnauthorized, "invalid_token")

	second := p.signedIn(t, p.login(t, loginPayload("issuer", server.signIn(t, client, nil))))
	server.sendLogout(t, p, client, sub, "")
	p.rejects(t, second.credential)
}
