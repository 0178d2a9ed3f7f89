package providertest

import (
	"crypto/rand"
	"crypto/sha256"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

// Audience is the aud of the tokens: the API key at Cotter, the client id at an
// OpenID provider.
const Audience = "6f0a5a3e-0c52-4f52-9a3e-7d8f0a1b2c3d"

// CotterIssuer is the iss of the Cotter tokens.
const CotterIssuer = "https://www.cotter.app"

// Issuer signs tokens, and serves on a loopback address Cotter's keys and
// refresh, and the discovery document, keys, authorization and token endpoint of an
// OpenID provider. It is safe for concurrent use.
type Issuer struct {
	// Now is the clock of the tokens. Set it before the first use.
	Now func() time.Time

	server *httptest.Server
	closed chan struct{}

	mu        sync.Mutex
	keys      []*Key // published; the last one signs
	jwks      Mode
	refresh   Mode
	response  map[string]any // to a refresh; nil: new tokens
	discovery map[string]any
	userInfo  http.Handler
	requests  map[string]int
	refreshes map[string]string // active refresh token → identifier
	endpoint  tokenEndpoint
}

// NewIssuer starts an issuer with one ES256 key. It runs until the test ends.
func NewIssuer(t testing.TB) *Issuer {
	t.Helper()
	i := &Issuer{
		Now:       time.Now,
		closed:    make(chan struct{}),
		keys:      []*Key{NewKey(newKeyID())},
		jwks:      OK,
		refresh:   OK,
		userInfo:  http.NotFoundHandler(),
		requests:  map[string]int{},
		refreshes: map[string]string{},
		endpoint:  tokenEndpoint{email: "ada@example.com", mode: OK, grants: map[string]grant{}},
	}
	i.server = httptest.NewServer(i.handler())
	i.discovery = map[string]any{
		"issuer":                                i.URL(),
		"jwks_uri":                              i.URL() + OIDCKeysPath,
		"authorization_endpoint":                i.URL() + AuthorizationPath,
		"token_endpoint":                        i.URL() + TokenPath,
		"userinfo_endpoint":                     i.URL() + userInfoPath,
		"response_types_supported":              []string{"code"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256", "ES256"},
	}
	t.Cleanup(func() {
		close(i.closed)
		i.server.Close()
	})
	return i
}

// newKeyID returns a kid of Cotter's form.
func newKeyID() string { return "SPACE_JWT_PUBLIC:" + uuid.NewString() }

// URL returns the issuer's origin, which is also its issuer as an OpenID
// provider.
func (i *Issuer) URL() string { return i.server.URL }

// CotterURL returns the base_url of a Cotter provider block.
func (i *Issuer) CotterURL() string { return i.URL() + "/api/v0" }

// Key returns the key that signs.
func (i *Issuer) Key() *Key {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.keys[len(i.keys)-1]
}

// Publish adds a key to the published ones, and signs with it from now on.
func (i *Issuer) Publish(k *Key) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = append(i.keys, k)
}

// Rotate publishes a new key and signs with it from now on. The old keys stay
// published until [Issuer.DropOldKeys].
func (i *Issuer) Rotate() { i.Publish(NewKey(newKeyID())) }

// DropOldKeys leaves only the key that signs published.
func (i *Issuer) DropOldKeys() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = slices.Clone(i.keys[len(i.keys)-1:])
}

// SetJWKS sets how keys are served from now on.
func (i *Issuer) SetJWKS(m Mode) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.jwks = m
}

// SetRefresh sets how refreshes are served from now on.
func (i *Issuer) SetRefresh(m Mode) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.refresh = m
}

// SetRefreshResponse sets the response to a refresh from now on, in place of new
// tokens of the same user. The refresh token is still revoked.
func (i *Issuer) SetRefreshResponse(body map[string]any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.response = body
}

// SetDiscovery sets a member of the discovery document; nil removes it.
func (i *Issuer) SetDiscovery(name string, value any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	discovery := maps.Clone(i.discovery)
	set(discovery, name, value)
	i.discovery = discovery
}

// SetUserInfo sets the handler of the UserInfo endpoint. Default: status 404.
func (i *Issuer) SetUserInfo(h http.Handler) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.userInfo = h
}

// UserInfoRequests returns the number of requests for the UserInfo endpoint.
func (i *Issuer) UserInfoRequests() int { return i.Requests(userInfoPath) }

// Requests returns the number of requests for a path, such as [CotterKeysPath].
func (i *Issuer) Requests(path string) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.requests[path]
}

// total returns the number of requests.
func (i *Issuer) total() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	total := 0
	for _, n := range i.requests {
		total += n
	}
	return total
}

// AccessToken returns a Cotter access token in the newer form, which has the
// identifier. Its authentication method is OTP.
func (i *Issuer) AccessToken(identifier string, edits ...Edit) string {
	claims := i.cotterClaims(identifier)
	claims["type"] = "client_access_token"
	claims["scope"] = "access"
	claims["authentication_method"] = "OTP"
	return i.sign(claims, edits)
}

// IDToken returns a Cotter ID token.
func (i *Issuer) IDToken(identifier string, edits ...Edit) string {
	claims := i.cotterClaims(identifier)
	claims["type"] = "client_id_token"
	claims["auth_time"] = "-62135596800"
	return i.sign(claims, edits)
}

func (i *Issuer) cotterClaims(identifier string) map[string]any {
	claims := i.claims(identifier)
	claims["iss"] = CotterIssuer
	claims["client_user_id"] = claims["sub"]
	claims["identifier"] = identifier
	return claims
}

// OIDCToken returns an ID token of an OpenID provider for the user with that
// email address, which the provider has verified.
func (i *Issuer) OIDCToken(email string, edits ...Edit) string {
	claims := i.claims(email)
	claims["iss"] = i.URL()
	claims["auth_time"] = claims["iat"]
	claims["email"] = email
	claims["email_verified"] = true
	return i.sign(claims, edits)
}

// LogoutToken returns a logout token (OpenID Connect Back-Channel Logout 1.0,
// section 2.4) for the user with that email address and the session with that sid;
// "" omits either.
func (i *Issuer) LogoutToken(email, sid string, edits ...Edit) string {
	claims := i.claims(email)
	claims["iss"] = i.URL()
	claims["events"] = map[string]any{logoutEvent: map[string]any{}}
	if email == "" {
		delete(claims, "sub")
	}
	if sid != "" {
		claims["sid"] = sid
	}
	return i.sign(claims, append([]Edit{Header("typ", "logout+jwt")}, edits...))
}

func (i *Issuer) claims(identifier string) map[string]any {
	now := i.Now().Unix()
	return map[string]any{
		"sub": SubjectOf(identifier),
		"aud": Audience,
		"iat": now,
		"exp": now + 3600,
		"jti": uuid.NewString(),
	}
}

// sign makes the edits and then the token.
func (i *Issuer) sign(claims map[string]any, edits []Edit) string {
	t := &Token{Header: map[string]any{"typ": "JWT"}, Claims: claims}
	SignedBy(i.Key())(t)
	for _, edit := range edits {
		edit(t)
	}
	return t.String()
}

// SubjectOf returns the sub of the user with that identifier: the same UUID for
// the same identifier, always.
func SubjectOf(identifier string) string {
	digest := sha256.Sum256([]byte(identifier))
	return uuid.NewHash(sha256.New(), uuid.Nil, digest[:], 8).String()
}

// newRefreshToken returns a refresh token of Cotter's form.
func newRefreshToken() string { return "27805:" + (rand.Text() + rand.Text())[:50] }

// handler serves the issuer's paths and counts the requests.
func (i *Issuer) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+CotterKeysPath, i.serveKeys)
	mux.HandleFunc("GET "+OIDCKeysPath, i.serveKeys)
	mux.HandleFunc("GET "+DiscoveryPath, i.serveDiscovery)
	mux.HandleFunc("POST "+RefreshPath, i.serveRefresh)
	mux.HandleFunc("GET "+userInfoPath, i.serveUserInfo)
	mux.HandleFunc("GET "+AuthorizationPath, i.serveAuthorization)
	mux.HandleFunc("POST "+TokenPath, i.serveToken)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.mu.Lock()
		i.requests[r.URL.Path]++
		i.mu.Unlock()
		mux.ServeHTTP(w, r)
	})
}
