package integration_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/cotterpin/cotterpin/core/cli"
	"github.com/cotterpin/cotterpin/core/provider/cotter"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
	"github.com/cotterpin/cotterpin/ent/mysql"
	"github.com/cotterpin/cotterpin/ent/postgres"
	"github.com/cotterpin/cotterpin/ent/sqlite"
)

// signedSession is a session in format "jwt" whose server keys are encrypted.
const signedSession = `session "own" {
  format     = "jwt"
  transport  = ["bearer"]
  key_secret = "-_0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaA"
}`

// TestServerKeys_OtherLibrary verifies an own token with the published keys and
// another JOSE library.
func TestServerKeys_OtherLibrary(t *testing.T) {
	t.Parallel()
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		issuer := providertest.NewIssuer(t)
		p := start(t, framework, configuration(issuer, signedSession))
		session := p.signIn(t, issuer, ada)
		keys := p.publishedKeys(t)
		if len(keys.Keys) != 1 {
			t.Fatalf("%d keys are published, want 1", len(keys.Keys))
		}

		token, err := jose.ParseSigned(session.Token.AccessToken, []jose.SignatureAlgorithm{jose.ES256})
		if err != nil {
			t.Fatal(err)
		}
		header := token.Signatures[0].Protected
		selected := keys.Key(header.KeyID)
		if len(selected) != 1 || header.ExtraHeaders[jose.HeaderType] != "at+jwt" {
			t.Fatalf("the header is %+v, and selects %d keys", header, len(selected))
		}
		payload, err := token.Verify(selected[0])
		if err != nil {
			t.Fatal(err)
		}
		var claims struct {
			Iss, Sub, Sid, Jti string
			ClientID           string `json:"client_id"`
			Aud                []string
			Iat, Exp           int64
		}
		if err := json.Unmarshal(payload, &claims); err != nil {
			t.Fatal(err)
		}
		const origin = "http://localhost:8080"
		if claims.Iss != origin || !slices.Equal(claims.Aud, []string{origin}) || claims.Sub != session.User.ID ||
			claims.Sid != session.Session.ID || claims.Jti == "" || claims.ClientID != "cotter" || claims.Exp-claims.Iat != 300 {
			t.Errorf("the claims are %s", payload)
		}

		parts := strings.Split(session.Token.AccessToken, ".")
		parts[1] = base64.RawURLEncoding.EncodeToString(bytes.Replace(payload, []byte(claims.Sub), []byte(claims.Sid), 1))
		forged, err := jose.ParseSigned(strings.Join(parts, "."), []jose.SignatureAlgorithm{jose.ES256})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := forged.Verify(selected[0]); err == nil {
			t.Error("the library accepts changed claims")
		}
	})
}

// publishedKeys reads the document of the public keys, which has no private
// member.
func (c *client) publishedKeys(t *testing.T) jose.JSONWebKeySet {
	t.Helper()
	a, err := c.try("GET", "/auth/jwks.json") // unlike other responses of the kit, it may be cached
	if err != nil {
		t.Fatal(err)
	}
	if got := a.Header.Get("Cache-Control"); a.Status != http.StatusOK || got != "public, max-age=300" {
		t.Errorf("got %d with Cache-Control %q, want 5 minutes", a.Status, got)
	}
	var raw struct{ Keys []map[string]string }
	a.decode(t, &raw)
	for _, key := range raw.Keys {
		if len(key) != 7 || key["d"] != "" || key["kty"] != "EC" || key["crv"] != "P-256" || key["alg"] != "ES256" || key["use"] != "sig" {
			t.Errorf("published key %v", key)
		}
	}
	var keys jose.JSONWebKeySet
	a.decode(t, &keys)
	for _, key := range keys.Keys {
		if !key.Valid() || !key.IsPublic() {
			t.Errorf("key %q is not a valid public key", key.KeyID)
		}
	}
	return keys
}

// TestServerKeys_TwoNodes lets two nodes make the first key at the same time, and
// replaces it by the command while both run. A node reads the new key when it
// first receives a token of it.
func TestServerKeys_TwoNodes(t *testing.T) {
	t.Parallel()
	onEach(t, servable(), func(t *testing.T, b backend) {
		t.Helper()
		database := b.create(t)
		issuer := providertest.NewIssuer(t)
		issuer.Now = past(time.Now)
		node := func(framework string) *program { return startOn(t, database, framework, issuer, signedSession) }
		nodes := []*program{node("nethttp"), node("gin")}
		sessions := make([]signedIn, len(nodes))
		atOnce(len(nodes), func(i int) { sessions[i] = nodes[i].signIn(t, issuer, ada) })
		accepted := func(s signedIn) {
			t.Helper()
			for _, n := range nodes {
				n.me(t, s.credential)
			}
		}
		accepted(sessions[0])
		accepted(sessions[1])
		file := filepath.Join(nodes[0].directory, "auth.hcl")
		first := listed(t, "keys", "list", "--file", file)
		if got := statesOf(first); got != "refresh active, sign active" {
			t.Fatalf("two nodes that started at the same time stored %s", got)
		}

		if got := statesOf(listed(t, "keys", "rotate", "--file", file)); got != "refresh active, refresh next, sign active, sign next" {
			t.Errorf("after a rotation: %s", got)
		}
		accepted(nodes[0].signIn(t, issuer, ada))

		revoked := listed(t, "keys", "rotate", "--revoke", "--file", file)
		if got := statesOf(revoked); got != "refresh active, refresh next, refresh next, sign revoked, sign revoked, sign active" {
			t.Errorf("after a rotation with --revoke: %s", got)
		}
		later := node("fiber").signIn(t, issuer, ada)
		accepted(later)
		for _, n := range nodes {
			for _, s := range sessions {
				n.send(t, "GET", "/api/me", s.credential).is(t, http.StatusUnauthorized, "invalid_token")
			}
			if keys := n.publishedKeys(t); len(keys.Keys) != 1 || keys.Keys[0].KeyID != revoked[len(revoked)-1].ID {
				t.Errorf("%d keys are published, want the new one", len(keys.Keys))
			}
		}
		accepted(nodes[1].signedIn(t, nodes[1].refresh(t, func(*request) {}, sessions[0].Token.RefreshToken)))
	})
}

// listedKey is a server key as the command prints it.
type listedKey struct{ ID, Purpose, State string }

// listed runs a command in this process, on a separate connection, and returns the
// keys that it prints.
func listed(t *testing.T, arguments ...string) []listedKey {
	t.Helper()
	var stdout, stderr bytes.Buffer
	command := cli.New(cotter.Type, sqlite.Type, postgres.Type, mysql.Type)
	command.SetArgs(append(arguments, "--json"))
	command.SetOut(&stdout)
	command.SetErr(&stderr)
	if err := command.ExecuteContext(t.Context()); err != nil {
		t.Fatalf("%v: %v\n%s%s", arguments, err, &stdout, &stderr)
	}
	var result struct{ Keys []listedKey }
	if err := json.Unmarshal(stdout.Bytes(), &result); err != nil {
		t.Fatalf("%v: %v in %s", arguments, err, &stdout)
	}
	return result.Keys
}

func statesOf(keys []listedKey) string {
	var states []string
	for _, k := range keys {
		states = append(states, k.Purpose+" "+k.State)
	}
	return strings.Join(states, ", ")
}
