package providertest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
)

// The paths of the authorization code flow, and the secret of the client [Audience].
const (
	AuthorizationPath = "/authorize"
	TokenPath         = "/token"
	ClientSecret      = "4TBQZJrhjFr8V4q1mXoL/+ 3u"
)

// grant is a code or a refresh token.
type grant struct {
	email     string
	nonce     string
	challenge string // "" of a refresh token
	redirect  string
}

// tokenEndpoint is the state of the authorization code flow.
type tokenEndpoint struct {
	email    string     // signs in at the authorization endpoint
	response url.Values // of the authorization endpoint, in place of a code; nil: a code
	mode     Mode
	grants   map[string]grant
	edits    []Edit
	members  map[string]any // of the responses of the token endpoint; nil removes one
	auth     string         // how the latest client authenticated
}

// SetUser sets who signs in at the authorization endpoint from now on. Default:
// "ada@example.com". There is no page: the endpoint redirects at once.
func (i *Issuer) SetUser(email string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.endpoint.email = email
}

// SetAuthorization sets the parameters of the responses of the authorization endpoint
// from now on, in place of a new code, such as error=access_denied. The state is
// added. nil: a new code.
func (i *Issuer) SetAuthorization(response url.Values) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.endpoint.response = response
}

// SetToken sets how the token endpoint responds from now on.
func (i *Issuer) SetToken(m Mode) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.endpoint.mode = m
}

// SetTokenResponse sets members of the responses of the token endpoint from now on,
// nil removing one, and edits their ID tokens.
func (i *Issuer) SetTokenResponse(members map[string]any, edits ...Edit) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.endpoint.members, i.endpoint.edits = members, edits
}

// OIDCRefreshToken returns a refresh token of the user for the token endpoint.
func (i *Issuer) OIDCRefreshToken(email string) string {
	token := rand.Text()
	i.mu.Lock()
	defer i.mu.Unlock()
	i.endpoint.grants[token] = grant{email: email}
	return token
}

// ClientAuth returns how the latest client of the token endpoint authenticated:
// "client_secret_basic", "client_secret_post" or "none".
func (i *Issuer) ClientAuth() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.endpoint.auth
}

// serveAuthorization checks the request as RFC 9700, section 2.1.1, wants it.
func (i *Issuer) serveAuthorization(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	target, err := url.Parse(query.Get("redirect_uri"))
	if err != nil || query.Get("client_id") != Audience || query.Get("response_type") != "code" ||
		query.Get("code_challenge_method") != "S256" || query.Get("state") == "" {
		writeJSON(w, http.StatusBadRequest, map[string]any{"error": "invalid_request"})
		return
	}
	i.mu.Lock()
	response := maps.Clone(i.endpoint.response)
	if response == nil {
		code := rand.Text()
		i.endpoint.grants[code] = grant{i.endpoint.email, query.Get("nonce"), query.Get("code_challenge"), target.String()}
		response = url.Values{"code": {code}}
	}
	i.mu.Unlock()
	response.Set("state", query.Get("state"))
	target.RawQuery = response.Encode()
	w.Header().Set("Location", target.String())
	w.WriteHeader(http.StatusFound)
}

// serveToken exchanges codes and refresh tokens, each once.
func (i *Issuer) serveToken(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	mode := i.endpoint.mode
	i.mu.Unlock()
	if mode != OK {
		i.misbehave(w, r, mode)
		return
	}
	if !i.authenticates(r) {
		writeJSON(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
		return
	}
	found, ok := i.redeem(r)
	if !ok {
		writeJSON(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
		return
	}
	writeJSON(w, http.StatusOK, i.granted(found))
}

// authenticates reports whether the request is that of the client [Audience], which
// may be public.
func (i *Issuer) authenticates(r *http.Request) bool {
	id, secret, method := r.PostFormValue("client_id"), r.PostFormValue("client_secret"), "none"
	if secret != "" {
		method = "client_secret_post"
	}
	if user, password, basic := r.BasicAuth(); basic {
		id, _ = url.QueryUnescape(user)
		secret, _ = url.QueryUnescape(password)
		method = "client_secret_basic"
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.endpoint.auth = method
	return id == Audience && (method == "none" || secret == ClientSecret)
}

func (i *Issuer) redeem(r *http.Request) (grant, bool) {
	name := "code"
	if r.PostFormValue("grant_type") == "refresh_token" {
		name = "refresh_token"
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	found, ok := i.endpoint.grants[r.PostFormValue(name)]
	delete(i.endpoint.grants, r.PostFormValue(name))
	if name == "refresh_token" {
		return found, ok && found.challenge == ""
	}
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	return found, ok && found.challenge == base64.RawURLEncoding.EncodeToString(sum[:]) && found.redirect == r.PostFormValue("redirect_uri")
}

// granted returns the response of the token endpoint. The ID token of a refresh has
// no nonce.
func (i *Issuer) granted(g grant) map[string]any {
	refresh := i.OIDCRefreshToken(g.email)
	i.mu.Lock()
	members, edits := i.endpoint.members, i.endpoint.edits
	i.mu.Unlock()
	if g.nonce != "" {
		edits = append([]Edit{Claim("nonce", g.nonce)}, edits...)
	}
	response := map[string]any{
		"access_token":  "opaque-" + rand.Text(),
		"token_type":    "Bearer",
		"expires_in":    3600,
		"refresh_token": refresh,
		"id_token":      i.OIDCToken(g.email, edits...),
	}
	for name, value := range members {
		set(response, name, value)
	}
	return response
}
