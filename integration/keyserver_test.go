package integration_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// keyServer responds to requests for keys as a test specifies.
type keyServer struct {
	*httptest.Server
	requests atomic.Int64

	mu    sync.Mutex
	serve http.HandlerFunc
}

func newKeyServer(t *testing.T, serve http.HandlerFunc) *keyServer {
	t.Helper()
	k := unstartedKeyServer(t, serve)
	k.Start()
	return k
}

func unstartedKeyServer(t *testing.T, serve http.HandlerFunc) *keyServer {
	t.Helper()
	k := &keyServer{serve: serve}
	k.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k.requests.Add(1)
		k.mu.Lock()
		serve := k.serve
		k.mu.Unlock()
		serve(w, r)
	}))
	t.Cleanup(k.Close)
	return k
}

// respond sets the response to requests from now on.
func (k *keyServer) respond(serve http.HandlerFunc) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.serve = serve
}

// publish responds with a key set.
func publish(entries ...any) http.HandlerFunc {
	return text(encode(map[string]any{"keys": entries}))
}

// text responds with 200 and a body.
func text(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }
}

// keyScene is a program whose provider keys come from another server than its
// tokens.
type keyScene struct {
	*program
	issuer *providertest.Issuer
	keys   *keyServer
}

// withKeys starts a program whose keys are the response of serve.
func (s *scene) withKeys(t *testing.T, session string, serve func(*providertest.Issuer) http.HandlerFunc, edits ...edit) keyScene {
	t.Helper()
	issuer := providertest.NewIssuer(t)
	return s.withKeysOf(t, issuer, newKeyServer(t, serve(issuer)), session, edits...)
}

func (s *scene) withKeysOf(t *testing.T, issuer *providertest.Issuer, keys *keyServer, session string, edits ...edit) keyScene {
	t.Helper()
	p := s.dedicated(t, issuer, session, append(edits, edit{issuer.CotterURL(), keys.URL + "/api/v0"})...)
	return keyScene{p, issuer, keys}
}

// dedicated starts a program with its own issuer.
func (s *scene) dedicated(t *testing.T, issuer *providertest.Issuer, session string, edits ...edit) *program {
	t.Helper()
	database := s.backend.create(t)
	p := start(t, s.framework, edited(t, configurationOn(database.block, issuer, session), edits))
	p.database = database
	return p
}

// published responds with the signing key, and other entries.
func published(others ...any) func(*providertest.Issuer) http.HandlerFunc {
	return func(i *providertest.Issuer) http.HandlerFunc { return publish(append(others, i.Key().JWK())...) }
}

// accepts checks that a login succeeds.
func (k keyScene) accepts(t *testing.T, edits ...providertest.Edit) {
	t.Helper()
	payload := posted(k.issuer.AccessToken(ada, edits...))
	k.signedIn(t, repeat(func() reply { return k.login(t, payload) }, reply.keysSlow))
}

// refuses checks that logins with tokens with the edits are refused, which are
// older than the keys of the program.
func (k keyScene) refuses(t *testing.T, edits ...providertest.Edit) {
	t.Helper()
	edits = append(edits, issuedAt(-fetchPeriod))
	k.rejectsLogin(t, ada, posted(k.issuer.AccessToken(ada, edits...)))
}

// cannotCheck checks that tokens with the edits are neither accepted nor
// rejected.
func (k keyScene) cannotCheck(t *testing.T, edits ...providertest.Edit) {
	t.Helper()
	cannotCheck(t, k.login(t, posted(k.issuer.AccessToken(ada, edits...))))
}
